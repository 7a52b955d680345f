"""A record as the one line that a template asks for."""

from __future__ import annotations

from .as_json import rfc3339
from .escape import inert
from .received import Received
from .severity import severity_name
from .words import quoted, shown, text_of

_EXCEPTION = "exception."


def templated(record: Received, template: str) -> str:
    """The line with its newline. Whatever is in the record, it is inert and stays on this line.

    Args:
        record: What to show.
        template: In the format of ``str.format``; the fields are texts.
    """
    fields = {
        "timestamp": rfc3339(record.time_unix_nano) or "",
        "severity": severity_name(record.severity_number) or inert(record.severity_text),
        "logger": inert(record.scope_name),
        "service": inert(text_of(record.resource.get("service.name", ""))),
        "event": inert(record.event_name),
        "body": "" if record.body is None else inert(text_of(record.body)),
        "attributes": _attributes(record),
        "exception": inert(_exception(record)),
        "trace_id": record.trace_id,
        "span_id": record.span_id,
    }
    return template.format(**fields) + "\n"


def _attributes(record: Received) -> str:
    items = record.attributes.items()
    return " ".join(f"{quoted(key)}={shown(value)}" for key, value in items if not key.startswith(_EXCEPTION))


def _exception(record: Received) -> str:
    """The stack trace, or what else is known of an exception."""
    kind, message, stack = (record.attributes.get(_EXCEPTION + name) for name in ("type", "message", "stacktrace"))
    if stack:
        return text_of(stack).rstrip()
    return ": ".join(text_of(part) for part in (kind, message) if part)
