"""Whether an exception that was seen before has since been raised anew, as one kept in a module is, or only again.

``raise error`` puts new entries in front of the traceback that the exception has, for whoever raises it: for the
handler that lets it go on, and for the function that raises the same instance once more an hour later. Only the
second is a new occurrence. What tells them apart is in the entries: the place of a ``raise`` statement beside a frame
that it did not call.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from opcode import opmap
from types import CodeType, TracebackType
from typing import Final, NamedTuple

_RAISE: Final = opmap["RAISE_VARARGS"]
#: How many entries of a traceback are looked at; what is new is in front.
_MOST_ENTRIES: Final = 1000


#: The code and the instruction of a ``raise``.
Place = tuple[int, int]


class Raise(NamedTuple):
    """That an exception was raised out of nowhere. Numbers alone, so that no frame is kept alive by it.

    Args:
        entry: The entry of the traceback.
        place: Where; another raise at the same place has the same.
    """

    entry: tuple[int, int, int]
    place: Place


def head_of(exception: BaseException) -> int:
    """What changes as an exception goes on its way; 0 where it has no traceback.

    A traceback that was taken off and begun anew can by chance lie where the one before it lay.
    """
    entry = exception.__traceback__
    return 0 if entry is None else hash(_identity(entry))


def raises_of(exception: BaseException) -> list[Raise]:
    """Where an exception was raised out of nowhere, the first time last; empty without a traceback."""
    entry = exception.__traceback__
    if entry is None:
        return []
    found = [
        Raise(_identity(one), _place(one))
        for one in islice(_entries(entry), _MOST_ENTRIES)
        if one.tb_next is not None
        and one.tb_next.tb_frame is not one.tb_frame
        and _is_raise(one.tb_frame.f_code, one.tb_lasti)
    ]
    while entry.tb_next is not None:
        entry = entry.tb_next
    return [*found, Raise(_identity(entry), _place(entry))]


def _entries(entry: TracebackType | None) -> Iterator[TracebackType]:
    while entry is not None:
        yield entry
        entry = entry.tb_next


def _identity(entry: TracebackType) -> tuple[int, int, int]:
    return id(entry), id(entry.tb_frame), entry.tb_lasti


def _place(entry: TracebackType) -> Place:
    return id(entry.tb_frame.f_code), entry.tb_lasti


def _is_raise(code: CodeType, instruction: int) -> bool:
    operations = code.co_code
    return 0 <= instruction < len(operations) and operations[instruction] == _RAISE
