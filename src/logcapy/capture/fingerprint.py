"""A short text that is the same for failures that are the same, so that a back end can put them together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import PurePath
from types import FrameType
from typing import Final

from .describing import type_of
from .families import causes_of, leaves_of
from .frames import last_application_functions

_MOST_FUNCTIONS: Final = 30
_MOST_LINKS: Final = 10
_MOST_LEAVES: Final = 100


def fingerprint(exception: BaseException) -> str:
    """16 hexadecimal digits made of the types of an exception and its causes and the functions they passed.

    Lines, messages, the place of the files and the frames of libraries do not count, nor does how often a
    function has called itself; so it holds across processes, machines, and releases that only move code.
    """
    digest = hashlib.sha256("\n".join(_parts(exception)).encode("utf-8", "backslashreplace"), usedforsecurity=False)
    return digest.hexdigest()[:16]


def fingerprint_or_none(exception: BaseException) -> str | None:
    """The fingerprint; None for a hostile exception that none can be made of."""
    try:
        return fingerprint(exception)
    except Exception:  # noqa: BLE001 - an attribute of it raises; it is told without a fingerprint
        return None


def _parts(exception: BaseException) -> Iterator[str]:
    for link, _ in causes_of(exception, _MOST_LINKS):
        yield f"type {type_of(link)}"
        # A group's leaves come in the order in which they failed.
        yield from sorted({f"leaf {type_of(leaf)}" for leaf in leaves_of(link, _MOST_LEAVES)})
        for frame in last_application_functions(link, _MOST_FUNCTIONS):
            yield _place(frame)


def _place(frame: FrameType) -> str:
    code = frame.f_code
    module = frame.f_globals.get("__name__")
    if not isinstance(module, str) or module == "__main__":
        module = PurePath(code.co_filename.replace("\\", "/")).stem
    # Python 3.10 has no qualified name here.
    return f"{module}.{getattr(code, 'co_qualname', code.co_name)}"
