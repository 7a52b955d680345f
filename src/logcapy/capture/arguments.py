"""What a function was called with, as an attribute: bounded in number, length and depth, whatever the values do."""

from __future__ import annotations

import datetime
import decimal
import inspect
import pathlib
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

_MOST_ITEMS: Final = 20
_MOST_VALUES: Final = 200
_DEEPEST: Final = 4
_LONGEST_TEXT: Final = 1024
_MOST_TEXT: Final = 16 * 1024
_MOST_BITS: Final = 256

_RECEIVERS: Final = frozenset(("self", "cls", "mcs", "mcls"))
_SEQUENCES: Final = (list, tuple, set, frozenset, deque)
#: Their text says more, or more plainly, than their ``repr``.
_TOLD_BY_STR: Final = (
    *(datetime.date, datetime.time, datetime.timedelta),
    *(decimal.Decimal, uuid.UUID, pathlib.PurePath),
)
#: Their ``repr`` asks the database.
_LAZY: Final = frozenset((("django.db.models.query", "QuerySet"), ("sqlalchemy.orm.query", "Query")))


def call_arguments(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], *, has_receiver: bool = False
) -> dict[str, Any]:
    """Parameters' names and what was given for them; never raises.

    Values are told as they are at this moment. Plain ones stay, containers become lists and mappings, all else its
    ``repr``. What does not fit the function's parameters is under ``args`` and ``kwargs``.

    Args:
        function: What was called.
        args: By position.
        kwargs: By name.
        has_receiver: The first argument is a class or an object whatever its parameter is called; one that is
            called ``self`` or ``cls`` is left out anyhow.
    """
    bounds = _Bounds()
    return {
        name: bounds.value(value)
        for name, value in islice(_named(_parameters(function), args, kwargs, has_receiver), _MOST_ITEMS)
    }


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # many builtins have no signature
        return []


def _named(
    parameters: Sequence[inspect.Parameter], args: Sequence[Any], kwargs: Mapping[str, Any], has_receiver: bool
) -> Iterator[tuple[str, Any]]:
    by_position = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    by_name = {one.name for one in parameters if one.kind in (one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD)}
    rest = {one.kind: one.name for one in parameters}
    for index, (parameter, value) in enumerate(zip(by_position, args, strict=False)):
        if index > 0 or not (has_receiver or parameter.name in _RECEIVERS):
            yield parameter.name, value
    yield from ((name, value) for name, value in kwargs.items() if name in by_name)
    more_args = args[len(by_position) :]
    if more_args:
        yield rest.get(inspect.Parameter.VAR_POSITIONAL, "args"), list(more_args)
    more_kwargs = {name: value for name, value in kwargs.items() if name not in by_name}
    if more_kwargs:
        yield rest.get(inspect.Parameter.VAR_KEYWORD, "kwargs"), more_kwargs


class _Bounds:
    """What is left of the room for one call."""

    def __init__(self) -> None:
        self._values = _MOST_VALUES
        self._text = _MOST_TEXT
        self._path: set[int] = set()

    def value(self, value: Any, depth: int = 0) -> Any:
        """A bounded copy; never raises."""
        self._values -= 1
        try:
            return self._bounded(value, depth)
        except Exception as error:  # noqa: BLE001 - a hostile argument must not cost the record
            return f"<{_kind(value)}: its repr failed with {type(error).__name__}>"

    def _bounded(self, value: Any, depth: int) -> Any:
        if value is None or type(value) in (bool, float):
            return value
        if type(value) is int:
            return value if value.bit_length() <= _MOST_BITS else f"<int of {value.bit_length()} bits>"
        if isinstance(value, str):
            return self._cut(str.__str__(value))
        if isinstance(value, (bytes, bytearray)):
            return self._cut(repr(bytes(value[:_LONGEST_TEXT])), len(value) - _LONGEST_TEXT)
        if isinstance(value, (dict, *_SEQUENCES)):
            return self._container(value, depth)
        if any((kind.__module__, kind.__qualname__) in _LAZY for kind in type(value).__mro__):
            return f"<{_kind(value)}>"
        return self._cut(str.__str__(str(value) if isinstance(value, _TOLD_BY_STR) else repr(value)))

    def _cut(self, text: str, left_out: int = 0) -> str:
        room = min(_LONGEST_TEXT, self._text)
        left_out = max(0, left_out) + max(0, len(text) - room)
        text = text[:room]
        self._text -= len(text)
        return f"{text}<{left_out} more>" if left_out else text

    def _container(self, value: Any, depth: int) -> Any:
        if id(value) in self._path:
            return f"<{_kind(value)} that holds itself>"
        if depth >= _DEEPEST or self._values <= 0:
            return f"<{_kind(value)} of {len(value)}>"
        self._path.add(id(value))
        try:
            if isinstance(value, dict):
                return self._mapping(value.items(), len(value), depth + 1)
            if isinstance(value, tuple) and hasattr(value, "_fields"):
                return self._mapping(zip(value._fields, value, strict=False), len(value), depth + 1)
            room = min(_MOST_ITEMS, max(0, self._values))
            items = [self.value(item, depth + 1) for item in islice(value, room)]
            return [*items, f"<{len(value) - len(items)} more>"] if len(value) > len(items) else items
        finally:
            self._path.discard(id(value))

    def _mapping(self, items: Iterable[tuple[Any, Any]], count: int, depth: int) -> dict[str, Any]:
        room = min(_MOST_ITEMS, max(0, self._values))
        told: dict[str, Any] = {}
        for key, value in islice(items, room):
            told[str(self.value(key, depth)) or "''"] = self.value(value, depth)
        if count > room:
            told["..."] = f"<{count - room} more>"
        return told


def _kind(value: Any) -> str:
    return type(value).__qualname__
