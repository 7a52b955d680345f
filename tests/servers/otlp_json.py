"""OTLP's JSON as the Collector's file exporter writes it, as flat dictionaries of Python values.

Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]


def logs_of(request: Json) -> Iterator[dict[str, Any]]:
    """The log records of one export request."""
    for resource_logs in request.get("resourceLogs", ()):
        for scope_logs in resource_logs.get("scopeLogs", ()):
            for record in scope_logs.get("logRecords", ()):
                yield {
                    "body": _value(record.get("body", {})),
                    "event_name": record.get("eventName", ""),
                    "severity_number": record.get("severityNumber", 0),
                    "severity_text": record.get("severityText", ""),
                    "time_unix_nano": int(record.get("timeUnixNano", 0)),
                    "observed_time_unix_nano": int(record.get("observedTimeUnixNano", 0)),
                    "trace_id": record.get("traceId", ""),
                    "span_id": record.get("spanId", ""),
                    "flags": record.get("flags", 0),
                    "attributes": _attributes(record),
                    **_surroundings(resource_logs, scope_logs),
                }


def spans_of(request: Json) -> Iterator[dict[str, Any]]:
    """The spans of one export request."""
    for resource_spans in request.get("resourceSpans", ()):
        for scope_spans in resource_spans.get("scopeSpans", ()):
            for span in scope_spans.get("spans", ()):
                yield {
                    "name": span.get("name", ""),
                    "kind": _KINDS[span.get("kind", 0)],
                    "trace_id": span.get("traceId", ""),
                    "span_id": span.get("spanId", ""),
                    "parent_span_id": span.get("parentSpanId", ""),
                    "start_time_unix_nano": int(span.get("startTimeUnixNano", 0)),
                    "end_time_unix_nano": int(span.get("endTimeUnixNano", 0)),
                    "attributes": _attributes(span),
                    "events": [
                        {
                            "name": event.get("name", ""),
                            "time_unix_nano": int(event.get("timeUnixNano", 0)),
                            "attributes": _attributes(event),
                        }
                        for event in span.get("events", ())
                    ],
                    "status_code": _STATUS_CODES[span.get("status", {}).get("code", 0)],
                    "status_message": span.get("status", {}).get("message", ""),
                    **_surroundings(resource_spans, scope_spans),
                }


_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_STATUS_CODES = ("UNSET", "OK", "ERROR")


def _surroundings(of_resource: Json, of_scope: Json) -> dict[str, Any]:
    scope = of_scope.get("scope", {})
    return {
        "resource": _attributes(of_resource.get("resource", {})),
        "scope": scope.get("name", ""),
        "scope_version": scope.get("version", ""),
        "scope_attributes": _attributes(scope),
    }


def _attributes(holder: Json) -> dict[str, Any]:
    return {each.get("key", ""): _value(each.get("value", {})) for each in holder.get("attributes", ())}


def _value(any_value: Json) -> Any:
    for kind, value in any_value.items():
        if kind == "intValue":
            return int(value)
        if kind == "arrayValue":
            return [_value(each) for each in value.get("values", ())]
        if kind == "kvlistValue":
            return {each.get("key", ""): _value(each.get("value", {})) for each in value.get("values", ())}
        if kind == "bytesValue":
            return base64.b64decode(value)
        return float(value) if kind == "doubleValue" else value
    return None
