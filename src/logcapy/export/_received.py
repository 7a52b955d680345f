"""A record of this process as those have it that render records."""

from __future__ import annotations

from logcapy.render.received import Received
from logcapy.types import Record

from ._fields import as_text, fields_of, plain


def received(record: Record) -> Received:
    """The record in plain values. Never raises."""
    fields = fields_of(record)
    version = getattr(record.instrumentation_scope, "version", None)
    return Received(
        time_unix_nano=fields.timestamp,
        severity_number=fields.severity_number,
        severity_text=fields.severity_text,
        body=fields.body,
        attributes=fields.attributes,
        resource=dict(fields.resource),
        scope_name=fields.scope,
        scope_version=as_text(plain(version)) if version else "",
        trace_id=fields.trace_id,
        span_id=fields.span_id,
        flags=int(getattr(record.log_record, "trace_flags", None) or 0),
        event_name=fields.event_name,
    )
