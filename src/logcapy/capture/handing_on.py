"""How an exception travels with its record to the processor that tells of it.

Not in ``LogRecord.exception``: of that the SDK makes the text at once, in the application's call and without a bound,
also for a record that will only refer to another, and a ``__str__`` that raises raises there. So the exception lies
on the record beside its fields, and only while the record is being emitted: nothing that waits in a queue holds a
frame. Where LogCapy's processor is not the only one, the others read the record too, and it is told before.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from opentelemetry._logs import Logger, LoggerProvider, LogRecord
from opentelemetry.trace import get_current_span

from logcapy import _sdk
from logcapy.attributes import EXCEPTION_STACKTRACE, EXCEPTION_TYPE, HANDED_ON_MARK

from .describing import exception_attributes
from .sightings import Sighting, note_sighting, restore_trace


class HandedOn(NamedTuple):
    """What a record tells of: an exception, or what is remembered of one that is not at hand."""

    exception: BaseException | None
    sighting: Sighting | None


def emit(
    logger: Logger,
    provider: LoggerProvider,
    record: LogRecord,
    exception: BaseException | None = None,
    sighting: Sighting | None = None,
) -> None:
    """Emit a record that tells of an exception, which a processor of LogCapy's will describe if there is one.

    Args:
        logger: Who emits it.
        provider: Whose logger that is.
        record: What is emitted.
        exception: What it tells of.
        sighting: What is remembered of that, where the exception itself is not at hand.
    """
    if exception is None and sighting is None:
        logger.emit(record)
        return
    if not _describes_exceptions(provider):
        if exception is not None:
            attach_exception(record, exception)
            sighting = note_sighting(exception, get_current_span(record.context))
        if sighting is not None:
            sighting.claim(emit, "")  # somebody has told of it: a span need not
    setattr(record, HANDED_ON_MARK, HandedOn(exception, sighting))
    try:
        logger.emit(record)
    finally:
        let_go(record)


def handed_on(record: LogRecord) -> HandedOn:
    """What a record that is being emitted tells of."""
    handed: HandedOn | None = getattr(record, HANDED_ON_MARK, None)
    return handed if handed is not None else HandedOn(record.exception, None)


def let_go(record: LogRecord) -> None:
    """Take the exception off a record or a copy of it: it would keep its frames alive for as long as that waits."""
    record.exception = None
    vars(record).pop(HANDED_ON_MARK, None)


def attach_exception(log_record: LogRecord, exception: BaseException) -> None:
    """Write the attributes of an exception on a record, and give the record the trace the exception belongs to.

    Attributes that are there already win: the SDK or the user wrote them from the same exception.
    """
    attributes: dict[str, Any] = dict(log_record.attributes or {})
    if not (EXCEPTION_TYPE in attributes and EXCEPTION_STACKTRACE in attributes):
        attributes = {**exception_attributes(exception), **attributes}
    log_record.attributes = attributes
    sighting = note_sighting(exception, get_current_span(log_record.context))
    if sighting is not None:
        restore_trace(log_record, sighting)


def _describes_exceptions(provider: LoggerProvider) -> bool:
    """Whether the only processor of a provider tells of exceptions by itself, or there is none to tell of them to."""
    processors = _sdk.processors_of(provider)  # type: ignore[arg-type]  # None if it is not the SDK's
    if processors is None:
        return False
    return all(getattr(one, "describes_exceptions", False) for one in processors[:1]) and len(processors) < 2
