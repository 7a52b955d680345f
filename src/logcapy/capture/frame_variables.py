"""The variables of the application's last frames, as texts. Runs no code of the application.

An object's own ``__repr__`` is never called: it may query a database, take a lock, or have no end.
"""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import PosixPath, WindowsPath
from types import BuiltinFunctionType, FrameType, FunctionType, ModuleType
from typing import Any, Final

from .fingerprint import last_application_frames

_MOST_FRAMES: Final = 5
_MOST_VARIABLES: Final = 30
_MOST_ITEMS: Final = 10
_DEEPEST: Final = 3
_LONGEST_TEXT: Final = 200
_LONGEST_VALUE: Final = 1000
_WIDEST_NUMBER: Final = 256
_SAFE: Final = frozenset(
    (
        *(bool, float, complex, type(None), decimal.Decimal, uuid.UUID, PosixPath, WindowsPath),
        *(datetime.datetime, datetime.date, datetime.time, datetime.timedelta),
    )
)
_BRACKETS: Final[Mapping[type, tuple[str, str]]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}
_NOT_TOLD: Final = (ModuleType, FunctionType, BuiltinFunctionType, type)


def frame_variables(exception: BaseException) -> dict[str, dict[str, str]]:
    """``{"function at file:line": {"name": "value"}}`` of the last five frames of the application, innermost last.

    The function comes first, as a key that ends in the name of a secret, ``get_token``, would be masked whole.
    """
    told: dict[str, dict[str, str]] = {}
    for frame, line in last_application_frames(exception, _MOST_FRAMES):
        variables = _variables(frame)
        if variables:
            told[f"{frame.f_code.co_name} at {frame.f_code.co_filename}:{line}"] = variables
    return told


def _variables(frame: FrameType) -> dict[str, str]:
    variables: dict[str, str] = {}
    for name, value in list(frame.f_locals.items()):
        if not name.startswith("__") and not isinstance(value, _NOT_TOLD):
            variables[name] = _told(value)
            if len(variables) >= _MOST_VARIABLES:
                break
    return variables


def _told(value: Any) -> str:
    try:
        return _cut(_text(value, 0), _LONGEST_VALUE)
    except Exception as error:  # noqa: BLE001 - another thread may be changing the container
        return f"<{type(error).__name__}>"


def _text(value: Any, depth: int) -> str:
    kind = type(value)
    if kind is str or kind is bytes:
        return repr(value) if len(value) <= _LONGEST_TEXT else repr(value[:_LONGEST_TEXT]) + "..."
    if kind is int:
        return repr(value) if value.bit_length() <= _WIDEST_NUMBER else f"<int of {value.bit_length()} bits>"
    if kind in _SAFE:
        return _cut(repr(value), _LONGEST_TEXT)
    if kind is dict:
        return "{...}" if depth >= _DEEPEST else "{" + ", ".join(_pairs(value, depth)) + "}"
    if kind in _BRACKETS:
        opening, closing = _BRACKETS[kind]
        return opening + ("..." if depth >= _DEEPEST else ", ".join(_items(value, depth))) + closing
    return f"<{kind.__module__}.{kind.__qualname__}>"


def _pairs(value: dict[Any, Any], depth: int) -> Iterator[str]:
    for key, item in islice(value.items(), _MOST_ITEMS):
        yield f"{_text(key, depth + 1)}: {_text(item, depth + 1)}"
    if len(value) > _MOST_ITEMS:
        yield f"... {len(value) - _MOST_ITEMS} more"


def _items(value: Any, depth: int) -> Iterator[str]:
    for item in islice(value, _MOST_ITEMS):
        yield _text(item, depth + 1)
    if len(value) > _MOST_ITEMS:
        yield f"... {len(value) - _MOST_ITEMS} more"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest] + "..."
