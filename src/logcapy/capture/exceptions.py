"""What becomes of a record that tells of an exception: the first one tells it in full, the others refer to that one.

Source: https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.trace import Span
from opentelemetry.trace import get_current_span

from logcapy._guard import describe_error, say
from logcapy.attributes import (
    EXCEPTION_FINGERPRINT,
    EXCEPTION_MESSAGE,
    EXCEPTION_REFERENCE,
    EXCEPTION_STACKTRACE,
    EXCEPTION_TYPE,
    EXCEPTION_VARIABLES,
    LOG_RECORD_UID,
    TRUNCATED,
)
from logcapy.types import TextRedactor

from .describing import LONGEST_MESSAGE, exception_attributes, shortened
from .fingerprint import fingerprint_or_none
from .handing_on import handed_on
from .local_root import Told, event_key, local_exceptions, local_root_of
from .sightings import note_sighting, restore_trace
from .span_events import add_event

_TELLING: Final = (EXCEPTION_TYPE, EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_VARIABLES)


class ExceptionProcessor(LogRecordProcessor):
    """Tells of a record's exception in the attributes of the semantic conventions; a ``types.Transform``.

    The first record of an exception has it in full, with ``logcapy.exception.fingerprint`` and a ``log.record.uid``.
    A later one, of the same exception raised again or seen by somebody else, has the fingerprint, and that id as
    ``logcapy.exception.reference``. An exception with no ``__dict__`` cannot be recognised and is told each time.

    A handler that wrote attributes without handing the exception on (the logging instrumentation's writes
    ``args[0]`` as message and a bare class name as type) is set right from the exception that is being handled.

    Args:
        with_variables: Adds ``logcapy.exception.variables``, those of the application's last frames.
        adds_span_events: Adds the span event for an exception told in full to the recording span it is told in.
        redact_text: Takes the secrets out of the texts of that event.
    """

    #: A handler need not describe an exception for this processor.
    describes_exceptions: Final = True

    def __init__(
        self,
        *,
        with_variables: bool = False,
        adds_span_events: bool = False,
        redact_text: TextRedactor | None = None,
    ) -> None:
        self._with_variables = with_variables
        self._adds_span_events = adds_span_events
        self._redact_text = redact_text

    def __call__(self, record: ReadWriteLogRecord) -> None:
        """Edit the record in place."""
        log_record = record.log_record
        exception, sighting = handed_on(log_record)
        if exception is None and sighting is None:
            exception = _exception_behind(log_record)
            if exception is None:
                return
            _remove(_writable(log_record), _TELLING)
        if exception is not None:
            sighting = note_sighting(exception, get_current_span(log_record.context))
        attributes = _writable(log_record)
        if sighting is None:
            assert exception is not None
            self._tell(log_record, attributes, exception, fingerprint_or_none(exception))
            return
        restore_trace(log_record, sighting)
        uid = attributes.get(LOG_RECORD_UID)
        own = uid if isinstance(uid, str) and uid else str(uuid.uuid4())
        first = sighting.claim(self, own)
        mark = sighting.fingerprint_of(exception) if exception is not None else sighting.fingerprint
        if first == own:
            attributes[LOG_RECORD_UID] = own
            self._tell(log_record, attributes, exception, mark)
        else:
            _remove(attributes, (*_TELLING, TRUNCATED))
            attributes[EXCEPTION_REFERENCE] = first
            if mark is not None:
                attributes[EXCEPTION_FINGERPRINT] = mark

    def _tell(
        self,
        log_record: LogRecord,
        attributes: MutableMapping[str, Any],
        exception: BaseException | None,
        mark: str | None,
    ) -> None:
        if exception is not None:
            _describe(attributes, exception)
            if self._with_variables:
                from .frame_variables import frame_variables  # seldom wanted

                variables = frame_variables(exception)
                if variables:
                    attributes.setdefault(EXCEPTION_VARIABLES, variables)
        if mark is not None:
            attributes[EXCEPTION_FINGERPRINT] = mark
        span = get_current_span(log_record.context)
        if isinstance(span, Span) and span.get_span_context().span_id == log_record.span_id:
            self._tell_span(span, attributes, log_record.timestamp or log_record.observed_timestamp)

    def _tell_span(self, span: Span, attributes: Mapping[str, Any], timestamp: int | None) -> None:
        keys = [event_key(attributes)]
        if self._adds_span_events and span.is_recording():
            keys.append(event_key(add_event(span, attributes, self._redact_text, timestamp)))
        local_exceptions(local_root_of(span)).tell(Told(tuple(set(keys)), span.get_span_context().span_id))

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


def is_first_telling(record: ReadWriteLogRecord) -> bool:
    """Whether a record, as ExceptionProcessor left it, refers to no other for its exception; a ``types.Filter``.

    A fatal record is kept all the same: that the process died of the exception is told by no other.
    """
    attributes, severity = record.log_record.attributes, record.log_record.severity_number
    is_fatal = severity is not None and severity.value >= SeverityNumber.FATAL.value
    return not attributes or EXCEPTION_REFERENCE not in attributes or is_fatal


def _writable(log_record: LogRecord) -> MutableMapping[str, Any]:
    attributes = log_record.attributes
    if not isinstance(attributes, MutableMapping):
        attributes = dict(attributes or {})
        log_record.attributes = attributes
    return attributes


def _describe(attributes: MutableMapping[str, Any], exception: BaseException) -> None:
    """Write what is not there yet: what is there, the SDK or the user wrote from the same exception."""
    if EXCEPTION_TYPE not in attributes or EXCEPTION_STACKTRACE not in attributes:
        for key, value in exception_attributes(exception).items():
            attributes.setdefault(key, value)
        return
    stack, message = attributes[EXCEPTION_STACKTRACE], attributes.get(EXCEPTION_MESSAGE)
    if isinstance(stack, str):
        text, cut = shortened(stack)
        if cut:
            attributes[EXCEPTION_STACKTRACE], attributes[TRUNCATED] = text, True
    if isinstance(message, str) and len(message) > LONGEST_MESSAGE:
        attributes[EXCEPTION_MESSAGE], attributes[TRUNCATED] = message[:LONGEST_MESSAGE], True


def _remove(attributes: MutableMapping[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if name in attributes:
            del attributes[name]


def _exception_behind(log_record: LogRecord) -> BaseException | None:
    """The exception being handled, if it is the one that the record's attributes were written from."""
    attributes = log_record.attributes
    if not attributes or EXCEPTION_STACKTRACE not in attributes:
        return None
    handled = sys.exc_info()[1]
    if handled is None or attributes.get(EXCEPTION_TYPE) != type(handled).__name__:
        return None
    return handled
