"""What LogCapy does with spans: the server span for log records, exception events that become records, no secrets.

What an exception of a span is called, and how bad it is, the semantic conventions say:
https://opentelemetry.io/docs/specs/semconv/http/http-exceptions/ and its siblings for rpc, messaging, faas and db, all
in development.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from opentelemetry._logs import LoggerProvider, LogRecord, SeverityNumber, get_logger_provider
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, Context, get_current
from opentelemetry.sdk._logs import LoggerProvider as SdkLoggerProvider
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import SpanKind, StatusCode, get_current_span, set_span_in_context

from logcapy._guard import describe_error, say_once
from logcapy._server_span import remember_server_span
from logcapy.attributes import EXCEPTION_ESCAPED, EXCEPTION_FINGERPRINT, EXCEPTION_MESSAGE, EXCEPTION_TYPE
from logcapy.types import TextRedactor

from .describing import message_of, type_of
from .handing_on import emit
from .local_root import (
    LocalExceptions,
    Pending,
    begins_here,
    event_key,
    known_exceptions,
    local_exceptions,
    local_root_of,
    remember_local_root,
)
from .sightings import Sighting, note_sighting
from .span_events import exception_events, has_events, redact_status, tidy_events

if TYPE_CHECKING:
    from .local_root import RootWatch

EXCEPTION: Final = "exception"

# By the kind of a span and any attribute that it has; old names of attributes beside the stable ones.
_NAMES: Final = (
    (SpanKind.SERVER, ("faas.trigger", "faas.invocation_id"), "faas.invocation.exception"),
    (SpanKind.SERVER, ("rpc.system.name", "rpc.system"), "rpc.server.call.exception"),
    (SpanKind.SERVER, ("http.request.method", "http.method"), "http.server.request.exception"),
    (SpanKind.CONSUMER, ("faas.trigger", "faas.invocation_id"), "faas.invocation.exception"),
    (SpanKind.CONSUMER, (), "messaging.process.exception"),
    (SpanKind.CLIENT, ("db.system.name", "db.system"), "db.client.operation.exception"),
    (SpanKind.CLIENT, ("rpc.system.name", "rpc.system"), "rpc.client.call.exception"),
    (SpanKind.CLIENT, ("http.request.method", "http.method"), "http.client.request.exception"),
)


class LogCapySpanProcessor(SpanProcessor):
    """Add it to a TracerProvider: records know their request, and exceptions of spans become records, without secrets.

    An exception event waits until the local root of its span ends (see ``local_root``). If no record has told of the
    exception by then, one is emitted, with the ids of the event's span.

    Span processors are siblings: what one changes in ``on_end`` another may have sent already. So the work is
    done in ``_on_ending``, which the SDK calls on every processor before it calls ``on_end`` on any. It is an
    experimental hook, and a finished event has no public way to be changed; where either is missing, the events stay
    as they are and stderr says so once.

    Args:
        redact_text: Takes the secrets out of a text; None leaves events as they are.
        logger_provider: Where the records go; None for the global one, as it is when a span ends.
        exception_signal: ``logs`` takes exception events off the spans, ``logs/dup`` leaves them.
        root_watch: Told of each local root that begins and ends.
    """

    def __init__(
        self,
        redact_text: TextRedactor | None = None,
        *,
        logger_provider: LoggerProvider | None = None,
        exception_signal: str = "logs/dup",
        root_watch: RootWatch | None = None,
    ) -> None:
        self.redact_text = redact_text
        self.logger_provider = logger_provider
        self.exception_signal = exception_signal
        self.root_watch = root_watch

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Remember the server span and the local root above this one."""
        parent = get_current_span(parent_context)
        remember_server_span(span, parent)
        remember_local_root(span, parent)
        if self.root_watch is not None and begins_here(span):
            self.root_watch.began(span)

    def _on_ending(self, span: Span) -> None:
        exception = sys.exc_info()[1]
        try:
            sighting = note_sighting(exception, span) if exception is not None else None
            root = local_root_of(span)
            with_events = has_events(span)
            if with_events:
                self._let_wait(span, root, exception, sighting)
            known = known_exceptions(root)
            if known is not None:
                self._emit_due(known, root)
            if with_events:
                tidy_events(span, self.redact_text, keep=not self._takes_events_off())
            if self.redact_text is not None:
                redact_status(span, self.redact_text)
        except Exception as error:  # noqa: BLE001 - a span of another shape must not break the application
            say_once("span_events", f"exception events of spans are left as they are: {describe_error(error)}")

    def _let_wait(self, span: Span, root: Any, exception: BaseException | None, sighting: Sighting | None) -> None:
        now = time.monotonic()
        for event in exception_events(span):
            known = local_exceptions(root)
            attributes = dict(event.attributes or {})
            its_own = None
            if exception is not None and sighting is not None and _is_of(attributes, exception):
                its_own = sighting
                its_own.fingerprint_of(exception)  # while the exception is at hand
            pending = Pending(span, event_key(attributes), attributes, event.timestamp, its_own, now)
            if not known.is_told(pending):
                known.wait(pending)

    def _emit_due(self, known: LocalExceptions, root: Any) -> None:
        suppressed = bool(get_current().get(_SUPPRESS_INSTRUMENTATION_KEY))
        for pending in known.due(all_of_them=not root.is_recording()):
            found = None if suppressed or known.is_told(pending) else name_and_severity(pending, root)
            if found is not None:
                self._emit(pending, *found)

    def _emit(self, pending: Pending, event_name: str, severity: SeverityNumber) -> None:
        span = pending.span
        attributes = {key: value for key, value in pending.attributes.items() if key != EXCEPTION_ESCAPED}
        if pending.sighting is not None and pending.sighting.fingerprint is not None:
            attributes[EXCEPTION_FINGERPRINT] = pending.sighting.fingerprint
        record = LogRecord(
            timestamp=pending.timestamp,
            observed_timestamp=time.time_ns(),
            context=set_span_in_context(span, Context()),
            severity_number=severity,
            severity_text=severity.name,
            body=f"exception in {span.name}",
            attributes=attributes,
            event_name=event_name,
        )
        scope = span.instrumentation_scope
        provider = self.logger_provider or get_logger_provider()
        logger = provider.get_logger(scope.name if scope is not None else __name__)
        emit(logger, provider, record, sighting=pending.sighting)

    def _takes_events_off(self) -> bool:
        """Whether exceptions are log records only; not where nobody takes log records."""
        return self.exception_signal == "logs" and isinstance(
            self.logger_provider or get_logger_provider(), SdkLoggerProvider
        )

    def on_end(self, span: ReadableSpan) -> None:
        """Tell that a local root has ended. At this point another processor may have the span already."""
        if self.root_watch is not None and begins_here(span):
            self.root_watch.ended(span)

    def shutdown(self) -> None:
        """Nothing to end."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Nothing to flush."""
        return True


def _is_of(attributes: Mapping[str, Any], exception: BaseException) -> bool:
    return attributes.get(EXCEPTION_TYPE) == type_of(exception) and attributes.get(EXCEPTION_MESSAGE) == message_of(
        exception
    )


def name_and_severity(pending: Pending, root: Any) -> tuple[str, SeverityNumber] | None:
    """The event name and severity of the record for an exception event; None where it is no error.

    Frameworks record on spans also what they answer with a status below 500: a page that is not there, a refusal.
    """
    span = pending.span
    escaped = pending.attributes.get(EXCEPTION_ESCAPED) == "True"
    failed = root.status.status_code is StatusCode.ERROR
    if span is root or (escaped and span.kind is SpanKind.INTERNAL):
        if _was_refused(root.attributes or {}):
            return None
        if failed or (span is root and escaped):
            return _name(span) if span is root else EXCEPTION, SeverityNumber.ERROR
        return EXCEPTION, SeverityNumber.WARN
    return _name(span) if span.kind is SpanKind.CLIENT else EXCEPTION, SeverityNumber.WARN


def _was_refused(attributes: Mapping[str, Any]) -> bool:
    status = attributes.get("http.response.status_code", attributes.get("http.status_code"))
    return isinstance(status, int) and 400 <= status < 500


def _name(span: Any) -> str:
    attributes = span.attributes or {}
    for kind, markers, name in _NAMES:
        if span.kind is kind and (not markers or any(marker in attributes for marker in markers)):
            return name
    return EXCEPTION
