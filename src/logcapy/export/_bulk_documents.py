"""A record as a document: in the fields of the Elastic Common Schema, or in OpenTelemetry's own.

Sources: https://www.elastic.co/docs/reference/ecs/ecs-field-reference; the ``otel`` mode of
opentelemetry-collector-contrib exporter/elasticsearchexporter.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from logcapy.attributes import (
    CODE_FILE_PATH,
    CODE_FUNCTION_NAME,
    CODE_LINE_NUMBER,
    EXCEPTION_STACKTRACE,
    TRUNCATED,
)
from logcapy.types import Record

from ._json_events import identifiers, moment, severity_number
from ._plain_value import PlainValues, to_json

#: Attributes, of a record or its resource, that have a field of their own.
_FIELDS: Mapping[str, str] = {
    "service.name": "service.name",
    "service.version": "service.version",
    "service.instance.id": "service.node.name",
    "deployment.environment.name": "service.environment",
    "host.name": "host.name",
    "container.id": "container.id",
    "exception.type": "error.type",
    "exception.message": "error.message",
    EXCEPTION_STACKTRACE: "error.stack_trace",
    CODE_FILE_PATH: "log.origin.file.name",
    CODE_FUNCTION_NAME: "log.origin.function",
    "http.request.method": "http.request.method",
    "url.path": "url.path",
    "client.address": "client.address",
    "user.id": "user.id",
    "user_agent.original": "user_agent.original",
}
_LEVELS = ("", "trace", "debug", "info", "warn", "error", "fatal")
_ECS_VERSION = "8.11.0"
_LONGEST_NAME = 200


def ecs_document(record: Record, values: PlainValues, with_attributes: bool) -> dict[str, Any]:
    """The document of a record in ECS; attributes without a field are texts in ``labels``, so that no two conflict."""
    log = record.log_record
    found = _head(record)
    found["message"] = values.body(log.body)
    scope = record.instrumentation_scope
    number = severity_number(record)
    found |= {
        "ecs.version": _ECS_VERSION,
        "log.level": _LEVELS[(number + 3) // 4] or values.text(log.severity_text or ""),
    }
    found["log.logger"] = values.text(scope.name if scope is not None else "")
    found["event.action"] = values.text(log.event_name or "")
    trace_id, span_id = identifiers(record)
    found["trace.id"] = f"{trace_id:032x}" if trace_id else ""
    found["span.id"] = f"{span_id:016x}" if span_id else ""
    labels: dict[str, str] = {}
    attributes = {**_flat(values, record.resource), **(values.flat(log.attributes) if with_attributes else {})}
    for name, value in attributes.items():
        field = _FIELDS.get(name)
        if field is not None:
            found[field] = as_text(value)
        elif name == CODE_LINE_NUMBER and isinstance(value, int):
            found["log.origin.file.line"] = value
        elif value is not None:
            labels[_name(name)] = as_text(value)
    return {**{field: value for field, value in found.items() if value != ""}, "labels": labels}


def otel_document(record: Record, values: PlainValues, with_attributes: bool) -> dict[str, Any]:
    """The document of a record in OpenTelemetry's names; attributes keep their types."""
    log = record.log_record
    trace_id, span_id = identifiers(record)
    scope = record.instrumentation_scope
    return {
        **_head(record),
        "severity_number": severity_number(record),
        "severity_text": values.text(log.severity_text or ""),
        "body": {"text": values.body(log.body)},
        "event_name": values.text(log.event_name or ""),
        "trace_id": f"{trace_id:032x}" if trace_id else None,
        "span_id": f"{span_id:016x}" if span_id else None,
        "scope": {"name": values.text(scope.name if scope is not None else "")},
        "resource": {"attributes": _flat(values, record.resource)},
        "attributes": values.flat(log.attributes) if with_attributes else {},
    }


def mark_cut(document: dict[str, Any]) -> None:
    """Say in a document, of either kind, that it was cut."""
    if "labels" in document:
        document["labels"][_name(TRUNCATED)] = "true"
    else:
        document["attributes"][TRUNCATED] = "true"


def as_text(value: Any) -> str:
    """A plain value as a text."""
    return value if isinstance(value, str) else to_json(value).decode()


def _head(record: Record) -> dict[str, Any]:
    seconds, nanoseconds = divmod(moment(record) or time.time_ns(), 1_000_000_000)
    stamp = datetime.fromtimestamp(seconds, timezone.utc)
    return {"@timestamp": f"{stamp:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z"}


def _flat(values: PlainValues, resource: Any) -> dict[str, Any]:
    return values.flat(resource.attributes if resource is not None else None)


def _name(name: str) -> str:
    """A name in ``labels``, which has no levels: dots are underscores."""
    return name.replace(".", "_").strip()[:_LONGEST_NAME] or "_"
