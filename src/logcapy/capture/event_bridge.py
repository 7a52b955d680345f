"""Events that are log records, shown on the span that they happened in.

Source, in development: https://opentelemetry.io/docs/specs/otel/logs/sdk/#event-to-span-event-bridge
"""

from __future__ import annotations

from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.trace import get_current_span

from logcapy._guard import describe_error, say


class EventToSpanEventBridge(LogRecordProcessor):
    """Copies a record that is an event to the span it happened in; the record itself goes on as it is.

    That is: a record with an event name and valid ids, in whose context there is a recording span with the same ids.
    The span event has the record's event name, attributes, and time (the observed one if it has no other).
    """

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Copy one record, if it is such an event. Never raises."""
        try:
            record = log_record.log_record
            if not record.event_name or not record.trace_id or not record.span_id:
                return
            span = get_current_span(record.context)
            ids = span.get_span_context()
            if span.is_recording() and (record.trace_id, record.span_id) == (ids.trace_id, ids.span_id):
                attributes = dict(record.attributes or {})
                span.add_event(record.event_name, attributes, record.timestamp or record.observed_timestamp)
        except Exception as error:  # noqa: BLE001 - it would raise in the application's call
            say("event_bridge", f"an event could not be shown on its span: {describe_error(error)}")

    def shutdown(self) -> None:
        """Nothing to end."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Nothing to flush."""
        return True
