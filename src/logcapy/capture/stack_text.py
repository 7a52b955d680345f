"""The text that Python prints for an exception, with what it says of each frame made once.

Python looks on disk for each frame whether the file has changed, finds the line, and from 3.11 on compiles it to see
what to underline: 20 µs a frame, more than half of what telling of an exception takes. What it says of a place in the
code is the same each time, so it is kept. All else (the chain, groups, notes, the last line) is asked of Python anew.

A file that changes while the process runs is shown as it was when an exception first passed there, which is the code
that runs.
"""

from __future__ import annotations

import sys
import traceback
from types import CodeType, TracebackType
from typing import Any, Final

#: As many places as are kept, and how long what is said of one may be: 1 MB at most.
_MOST_PLACES: Final = 1024
_LONGEST: Final = 1000
#: Python shows so many frames of the same line one after another, and counts the others.
_MOST_ALIKE: Final = 3

#: By code, instruction and line: the text and the line, with the code object, so that no other gets its id.
_places: dict[tuple[int, int, int], tuple[str, tuple[str, int, str], CodeType]] = {}


class _Told(traceback.StackSummary):
    """A stack whose text is there already, in the place of what it is made of."""

    def format(self, **_: Any) -> list[str]:
        return [*self]


def described(exception: BaseException, entry: TracebackType | None) -> traceback.TracebackException:
    """What Python would print; as ``traceback.TracebackException`` has it, which it is equal to in every text.

    Args:
        exception: Of which the causes, contexts and leaves are told too.
        entry: Where its traceback begins.
    """
    if hasattr(sys, "tracebacklimit"):
        return traceback.TracebackException(type(exception), exception, entry)
    told = traceback.TracebackException(type(exception), exception, entry, limit=0)
    waiting: list[tuple[Any, Any, TracebackType | None]] = [(told, exception, entry)]
    while waiting:
        one, of, entry = waiting.pop()
        one.stack = _stack(entry)
        inner = [(one.__cause__, of.__cause__), (one.__context__, of.__context__)]
        inner += zip(getattr(one, "exceptions", None) or (), getattr(of, "exceptions", ()), strict=False)
        waiting += [(text, member, member.__traceback__) for text, member in inner if text is not None]
    return told


def _stack(first: TracebackType | None) -> traceback.StackSummary:
    texts: list[str] = []
    last, alike = None, 0
    entry = first
    while entry is not None:
        code = entry.tb_frame.f_code
        text, line, _ = _places.get((id(code), entry.tb_lasti, entry.tb_lineno)) or _new_place(entry)
        alike = alike + 1 if line == last else 0
        if alike == _MOST_ALIKE:
            return traceback.extract_tb(first)
        last = line
        texts.append(text)
        entry = entry.tb_next
    return _Told(["".join(texts)] if texts else [])  # type: ignore[list-item]  # see there


def _new_place(entry: TracebackType) -> tuple[str, tuple[str, int, str], CodeType]:
    code = entry.tb_frame.f_code
    text = "".join(traceback.format_tb(entry, limit=1))
    place = text, (code.co_filename, entry.tb_lineno, code.co_name), code
    if len(text) <= _LONGEST:
        if len(_places) >= _MOST_PLACES:
            _places.clear()
        _places[id(code), entry.tb_lasti, entry.tb_lineno] = place
    return place
