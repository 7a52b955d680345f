"""What LogCapy does to spans: remembers the server span for log records, takes secrets out of exception events."""

from __future__ import annotations

import sys

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Event, ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import Status, get_current_span

from logcapy._guard import describe_error, say_once
from logcapy._server_span import remember_server_span
from logcapy.types import TextRedactor

from .exceptions import note_sighting

_EXCEPTION_EVENT = "exception"


class LogCapySpanProcessor(SpanProcessor):
    """Add it to a TracerProvider, and log records know their request, and exception events keep no secret.

    Span processors are siblings: what one changes in ``on_end`` another may have sent already. So the events are
    redacted in ``_on_ending``, which the SDK calls on every processor before it calls ``on_end`` on any. It is
    an experimental hook, and a finished event has no public way to be changed; where either is missing, the
    events stay as they are and stderr says so once.

    Args:
        redact_text: Takes the secrets out of a text; None leaves events as they are.
    """

    def __init__(self, redact_text: TextRedactor | None = None) -> None:
        self.redact_text = redact_text

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Remember the server span above this one."""
        remember_server_span(span, get_current_span(parent_context))

    def _on_ending(self, span: Span) -> None:
        exception = sys.exc_info()[1]
        if exception is not None:
            note_sighting(exception, span)
        if self.redact_text is None:
            return
        try:
            self._redact(span, self.redact_text)
        except Exception as error:  # noqa: BLE001 - a span of another shape must not break the application
            say_once("span_events", f"exception events of spans are not redacted: {describe_error(error)}")

    def _redact(self, span: Span, redact_text: TextRedactor) -> None:
        for event in span.events:
            if event.name == _EXCEPTION_EVENT and isinstance(event, Event):
                event._attributes = _redacted(event, redact_text)
        description = span.status.description
        if description:
            redacted = redact_text(description)
            if redacted != description:
                span._status = Status(span.status.status_code, redacted)

    def on_end(self, span: ReadableSpan) -> None:
        """Nothing: at this point another processor may have the span already."""

    def shutdown(self) -> None:
        """Nothing to end."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Nothing to flush."""
        return True


def _redacted(event: Event, redact_text: TextRedactor) -> BoundedAttributes:
    attributes = event.attributes or {}
    redacted = BoundedAttributes(
        attributes={key: redact_text(value) if isinstance(value, str) else value for key, value in attributes.items()}
    )
    redacted.dropped = event.dropped_attributes
    return redacted
