"""A record as Google Cloud's agents take it from the standard output of a container.

Source: https://cloud.google.com/logging/docs/structured-logging; severities as opentelemetry-operations-python has
them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from logcapy.attributes import CODE_FILE_PATH, CODE_FUNCTION_NAME, CODE_LINE_NUMBER, EXCEPTION_STACKTRACE
from logcapy.render.as_json import rfc3339
from logcapy.types import Record

from ._json_events import identifiers, moment, severity_number
from ._plain_value import PlainValues

#: What the names of special fields begin with.
SPECIAL = "logging.googleapis.com/"
#: By OpenTelemetry's number.
_SEVERITIES = (
    "DEFAULT",
    *("DEBUG",) * 8,
    *("INFO",) * 2,
    *("NOTICE",) * 2,
    *("WARNING",) * 4,
    *("ERROR",) * 4,
    *("CRITICAL",) * 2,
    *("ALERT", "EMERGENCY"),
)
#: Attributes that have a place of their own.
_REQUEST = {
    "http.request.method": "requestMethod",
    "url.full": "requestUrl",
    "http.response.status_code": "status",
    "user_agent.original": "userAgent",
    "client.address": "remoteIp",
}
_LOCATION = {CODE_FILE_PATH: "file", CODE_LINE_NUMBER: "line", CODE_FUNCTION_NAME: "function"}


def gcp_entry(project: str | None) -> Callable[[Record, PlainValues, bool], dict[str, Any]]:
    """What makes the entry of a record; a trace can be found in Cloud Trace where the project is known."""

    def make(record: Record, values: PlainValues, with_attributes: bool) -> dict[str, Any]:
        log = record.log_record
        scope = record.instrumentation_scope
        trace_id, span_id = identifiers(record)
        attributes = values.flat(log.attributes) if with_attributes else {}
        trace = f"{trace_id:032x}" if trace_id else ""
        found = {
            "severity": _SEVERITIES[severity_number(record)],
            "time": rfc3339(moment(record) or time.time_ns()),
            "message": values.body(log.body),
            "stack_trace": attributes.pop(EXCEPTION_STACKTRACE, ""),
            "logger": values.text(scope.name if scope is not None else ""),
            "event": values.text(log.event_name or ""),
            f"{SPECIAL}trace": f"projects/{project}/traces/{trace}" if project and trace else trace,
            f"{SPECIAL}spanId": f"{span_id:016x}" if span_id else "",
            f"{SPECIAL}sourceLocation": {name: str(value) for name, value in _taken(attributes, _LOCATION).items()},
            "httpRequest": _taken(attributes, _REQUEST),
            "attributes": attributes,
            "resource": values.flat(record.resource.attributes if record.resource is not None else None),
        }
        if trace:
            found[f"{SPECIAL}trace_sampled"] = bool(int(log.trace_flags or 0) & 1)
        return {name: value for name, value in found.items() if value not in ("", {}) or name == "attributes"}

    return make


def _taken(attributes: dict[str, Any], places: Mapping[str, str]) -> dict[str, Any]:
    """Those attributes under the names of their places; they are not among the others any more."""
    return {place: attributes.pop(name) for name, place in places.items() if name in attributes}
