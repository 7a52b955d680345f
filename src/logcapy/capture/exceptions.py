"""What a record tells of an exception, and where the exception was seen first.

Source: https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan, Span, SpanContext, set_span_in_context

from logcapy._guard import describe_error, say
from logcapy._server_span import server_span_of
from logcapy.attributes import EXCEPTION_MARK, EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE, TRUNCATED

_MOST_FRAMES = 200
_LONGEST_STACKTRACE = 64 * 1024
_LONGEST_MESSAGE = 16 * 1024


class ExceptionProcessor(LogRecordProcessor):
    """Tells of a record's exception in the attributes of the semantic conventions; a ``types.Transform``.

    Takes the exception that the record carries. A handler that wrote attributes without handing the exception on
    (the logging instrumentation's writes ``args[0]`` as message and a bare class name as type) is set right from
    the exception that is being handled.
    """

    def __call__(self, record: ReadWriteLogRecord) -> None:
        """Edit the record in place."""
        log_record = record.log_record
        exception = log_record.exception
        if exception is None:
            exception = _exception_behind(log_record)
            if exception is None:
                return
            log_record.attributes = {
                key: value
                for key, value in (log_record.attributes or {}).items()
                if key not in (EXCEPTION_TYPE, EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE)
            }
        attach_exception(log_record, exception)

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Edit the record in place, for the processors that were added after this one. Never raises."""
        try:
            self(log_record)
        except Exception as error:  # noqa: BLE001 - it would raise in the application's logging call
            say("exceptions", f"an exception could not be told in full: {describe_error(error)}")

    def shutdown(self) -> None:
        """Nothing to end."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Nothing to flush."""
        return True


def attach_exception(log_record: LogRecord, exception: BaseException) -> None:
    """Write the attributes of an exception on a record, and give the record the trace the exception belongs to.

    Attributes that are there already win: the SDK or the user wrote them from the same exception.
    """
    attributes = log_record.attributes
    if not isinstance(attributes, MutableMapping):
        attributes = dict(attributes or {})
    if not (EXCEPTION_TYPE in attributes and EXCEPTION_STACKTRACE in attributes):
        for key, value in exception_attributes(exception).items():
            attributes.setdefault(key, value)
    log_record.attributes = attributes
    _restore_trace(log_record, exception)


def exception_attributes(exception: BaseException) -> dict[str, Any]:
    """``exception.type`` (qualified), ``.message`` and ``.stacktrace`` with causes, all bounded; never raises."""
    kind = type(exception)
    attributes: dict[str, Any] = {
        EXCEPTION_TYPE: kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    }
    try:
        message = str(exception)
    except Exception as error:  # noqa: BLE001 - a hostile __str__ must not cost the record
        message = f"<str() failed with {type(error).__name__}>"
    stacktrace, cut = _stacktrace(exception)
    attributes[EXCEPTION_MESSAGE] = message[:_LONGEST_MESSAGE]
    attributes[EXCEPTION_STACKTRACE] = stacktrace
    if cut or len(message) > _LONGEST_MESSAGE:
        attributes[TRUNCATED] = True
    return attributes


def _stacktrace(exception: BaseException) -> tuple[str, bool]:
    """The text of the traceback and whether it was cut: of very many frames the last ones tell most."""
    cut = _is_deep(exception)
    try:
        lines = traceback.TracebackException(
            type(exception), exception, exception.__traceback__, limit=-_MOST_FRAMES if cut else None
        ).format()
        text = "".join(lines)
    except Exception as error:  # noqa: BLE001 - a hostile exception must not cost the record
        return f"<the traceback could not be formatted: {type(error).__name__}>", False
    if len(text) > _LONGEST_STACKTRACE:
        half = _LONGEST_STACKTRACE // 2
        return f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}", True
    return text, cut


def _is_deep(exception: BaseException) -> bool:
    frame, count = exception.__traceback__, 0
    while frame is not None and count <= _MOST_FRAMES:
        frame, count = frame.tb_next, count + 1
    return count > _MOST_FRAMES


def _exception_behind(log_record: LogRecord) -> BaseException | None:
    """The exception being handled, if it is the one that the record's attributes were written from."""
    attributes = log_record.attributes
    if not attributes or EXCEPTION_STACKTRACE not in attributes:
        return None
    handled = sys.exc_info()[1]
    if handled is None or attributes.get(EXCEPTION_TYPE) != type(handled).__name__:
        return None
    return handled


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where an exception was seen first: kept on the exception itself, so it keeps no exception alive."""

    span_context: SpanContext
    span: Span | None

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """None in a copy: a span cannot cross a process, and must not keep its exception from doing so."""
        return type(None), ()


def note_sighting(exception: BaseException, span: Span) -> None:
    """Remember on an exception the span it was seen in; the first sighting stays.

    Built-in exceptions refuse weak references but have a ``__dict__``; one that has none is not remembered.
    """
    marks = getattr(exception, "__dict__", None)
    if marks is None or EXCEPTION_MARK in marks:
        return
    origin = server_span_of(span) or span
    span_context = origin.get_span_context()
    if span_context.is_valid:
        marks[EXCEPTION_MARK] = Sighting(span_context, origin)


def _restore_trace(log_record: LogRecord, exception: BaseException) -> None:
    """Give a record without a trace the one its exception was seen in, such as a server's after the span ended."""
    if log_record.trace_id:
        return
    sighting = (getattr(exception, "__dict__", None) or {}).get(EXCEPTION_MARK)
    if not isinstance(sighting, Sighting) or sighting.span_context is INVALID_SPAN_CONTEXT:
        return
    span = sighting.span or NonRecordingSpan(sighting.span_context)
    log_record.context = set_span_in_context(span, log_record.context)
    log_record.trace_id = sighting.span_context.trace_id
    log_record.span_id = sighting.span_context.span_id
    log_record.trace_flags = sighting.span_context.trace_flags
