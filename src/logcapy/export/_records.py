"""Records of the SDK's kind from an OTLP request: what was written once can be sent anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context


def records_of(request: bytes) -> Iterator[ReadableLogRecord]:
    """The records of an ``ExportLogsServiceRequest``, in order.

    Raises:
        google.protobuf.message.DecodeError: It is none.
    """
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    for resource_logs in ExportLogsServiceRequest.FromString(request).resource_logs:
        resource = Resource(_attributes(resource_logs.resource.attributes), resource_logs.schema_url)
        for scope_logs in resource_logs.scope_logs:
            scope = scope_logs.scope
            origin = InstrumentationScope(
                scope.name, scope.version or None, scope_logs.schema_url or None, _attributes(scope.attributes)
            )
            for record in scope_logs.log_records:
                yield ReadableLogRecord(_log_record(record), resource, origin)


def _log_record(record: Any) -> LogRecord:
    found = LogRecord(
        timestamp=record.time_unix_nano or None,
        context=_context(record),
        severity_text=record.severity_text or None,
        severity_number=SeverityNumber(record.severity_number) if 0 < record.severity_number <= 24 else None,
        body=_value(record.body),
        attributes=_attributes(record.attributes),
        event_name=record.event_name or None,
    )
    found.context = Context()
    found.observed_timestamp = record.observed_time_unix_nano  # for None the SDK puts the moment
    return found


def _context(record: Any) -> Context:
    trace_id, span_id = (int.from_bytes(one, "big") for one in (record.trace_id, record.span_id))
    span = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(record.flags & 0xFF))
    return set_span_in_context(NonRecordingSpan(span), Context())


def _attributes(pairs: Iterable[Any]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    return getattr(value, kind)
