"""What is remembered of an exception that was seen: where first, and which record tells of it in full.

It is kept in the ``__dict__`` of the exception itself, because built-in exceptions refuse weak references; so it keeps
no exception alive and is gone with it. An exception that has no ``__dict__`` is never taken for one that was seen.

Whether one that was seen has since been raised anew, as one kept in a module is, its traceback tells. ``raise error``
puts new entries in front of the traceback that the exception has, for whoever raises it: for the handler that lets it
go on, and for the function that raises the same instance once more an hour later. Only the second is a new occurrence.
What tells them apart is in the entries: the place of a ``raise`` statement beside a frame that it did not call.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from opcode import opmap
from types import CodeType, TracebackType
from typing import Any, Final, NamedTuple

from opentelemetry._logs import LogRecord
from opentelemetry.trace import (
    INVALID_SPAN,
    INVALID_SPAN_CONTEXT,
    NonRecordingSpan,
    Span,
    SpanContext,
    set_span_in_context,
)

from logcapy._server_span import server_span_of
from logcapy.attributes import EXCEPTION_MARK

from .fingerprint import fingerprint_or_none

_RAISE: Final = opmap["RAISE_VARARGS"]
#: How many entries of a traceback are looked at; what is new is in front.
_MOST_ENTRIES: Final = 1000
#: An instance that is raised anew from another place in the same trace is a new failure after this time.
_SAME_FAILURE_SECONDS: Final = 60.0

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


class Sighting:
    """One occurrence of an exception.

    Args:
        raises: Where it was raised.
        places: The places that begin a new occurrence when it is raised there again.
    """

    __slots__ = ("_fingerprint", "_next", "head", "places", "raises", "seen", "span", "span_context", "told")

    def __init__(self, raises: Iterable[Raise] = (), places: Iterable[Place] = ()) -> None:
        #: How far it had come when it was seen last, and when that was, in seconds of the monotonic clock.
        self.head = 0
        self.seen = time.monotonic()
        self.raises = set(raises)
        self.places = set(places)
        #: The server span above the first span that saw it, or that span.
        self.span: Span | None = None
        self.span_context: SpanContext = INVALID_SPAN_CONTEXT
        #: By processor: the ``log.record.uid`` of the record that tells it in full.
        self.told: dict[object, str] = {}
        self._next: dict[str, Sighting] = {}
        self._fingerprint: str | None = None

    def claim(self, teller: object, uid: str) -> str:
        """The id of the record that tells of this in full: ``uid`` if nobody was faster. One step without a lock."""
        return self.told.setdefault(teller, uid)

    def fingerprint_of(self, exception: BaseException) -> str | None:
        """The fingerprint as it was first, as a traceback grows on its way; None if none can be made."""
        if self._fingerprint is None:
            self._fingerprint = fingerprint_or_none(exception)
        return self._fingerprint

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint, if it was asked for before."""
        return self._fingerprint

    def followed_by(self, following: Sighting) -> Sighting:
        """The next occurrence of the same instance; the same one for two threads that ask at once."""
        return self._next.setdefault("next", following)

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """None in a copy: a span cannot cross a process, and must not keep its exception from doing so."""
        return type(None), ()


def note_sighting(exception: BaseException, span: Span) -> Sighting | None:
    """Remember on an exception that it was seen, and in which span it was seen first.

    An instance that is raised more than once is a new occurrence where it is raised at the same place as before,
    in another trace, or long after it was seen last. Otherwise it is on its way: raised again by a handler, or handed
    over by another thread.

    Args:
        exception: What is seen.
        span: The span that it is seen in, which may be none.

    Returns:
        What is remembered of this occurrence; None for an exception that cannot remember.
    """
    marks: dict[str, Any] | None = getattr(exception, "__dict__", None)
    if type(marks) is not dict:
        return None
    sighting = marks.get(EXCEPTION_MARK)
    if not isinstance(sighting, Sighting):
        if EXCEPTION_MARK in marks:  # what is left of it in a copy
            marks.pop(EXCEPTION_MARK, None)
        sighting = marks.setdefault(EXCEPTION_MARK, Sighting())
    span_context = span.get_span_context()
    raises = raises_of(exception)
    if raises:
        since = [one for one in raises if one not in sighting.raises]
        if sighting.raises and _is_new(sighting, exception, since, span_context.trace_id):
            places = (one.place for one in since)
            sighting = marks[EXCEPTION_MARK] = sighting.followed_by(Sighting(raises, places))
        sighting.head = head_of(exception)
        sighting.raises.update(raises)
        sighting.places.add(raises[-1].place)
    sighting.seen = time.monotonic()
    if span_context.is_valid and not sighting.span_context.is_valid:
        sighting.span = server_span_of(span) or span
        sighting.span_context = sighting.span.get_span_context()
    return sighting


def sighting_of(exception: BaseException) -> Sighting | None:
    """What is remembered of this occurrence of an exception, as :func:`note_sighting`, seen in no span."""
    return note_sighting(exception, INVALID_SPAN)


def _is_new(sighting: Sighting, exception: BaseException, since: list[Raise], trace_id: int) -> bool:
    known = sighting.span_context.trace_id
    elsewhere = bool(trace_id and known and trace_id != known)
    if since:
        late = time.monotonic() - sighting.seen > _SAME_FAILURE_SECONDS
        return elsewhere or late or any(one.place in sighting.places for one in since)
    # The same entries, it seems, although it is being handled elsewhere and so must have been raised there.
    return elsewhere and sighting.head == head_of(exception) and sys.exc_info()[1] is exception


def restore_trace(log_record: LogRecord, sighting: Sighting) -> None:
    """Give a record without a trace the one its exception was seen in, such as a server's after the span ended."""
    if log_record.trace_id or not sighting.span_context.is_valid:
        return
    span = sighting.span or NonRecordingSpan(sighting.span_context)
    log_record.context = set_span_in_context(span, log_record.context)
    log_record.trace_id = sighting.span_context.trace_id
    log_record.span_id = sighting.span_context.span_id
    log_record.trace_flags = sighting.span_context.trace_flags
