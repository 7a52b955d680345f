"""What an exception of a span is called, and how bad it is.

Source: https://opentelemetry.io/docs/specs/semconv/http/http-exceptions/ and its siblings for rpc, messaging, faas and
db, all in development.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry._logs import SeverityNumber
from opentelemetry.trace import SpanKind, StatusCode

from logcapy.attributes import EXCEPTION_ESCAPED

from .local_root import Pending

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
