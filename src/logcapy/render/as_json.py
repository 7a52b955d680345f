"""A record as one line of JSON, for ``jq`` and other programs."""

from __future__ import annotations

import base64
import json
import math
from datetime import datetime, timezone

from .escape import inert_json
from .received import Received, Value


def json_line(record: Received) -> str:
    """One JSON object with its newline; what the record does not have is not in it.

    ``timestamp`` and ``observed_timestamp`` are RFC 3339 in UTC with nanoseconds, ``trace_id`` and ``span_id``
    hexadecimal, bytes base64. NaN and infinities, for which JSON has no number, are the strings ``NaN``,
    ``Infinity`` and ``-Infinity``.
    """
    members: dict[str, object] = {
        "timestamp": rfc3339(record.time_unix_nano),
        "observed_timestamp": rfc3339(record.observed_time_unix_nano),
        "severity_text": record.severity_text or None,
        "severity_number": record.severity_number,
        "body": plain(record.body),
        "attributes": plain(dict(record.attributes)),
        "resource": plain(dict(record.resource)),
        "scope": {"name": record.scope_name, "version": record.scope_version},
        "trace_id": record.trace_id or None,
        "span_id": record.span_id or None,
        "flags": record.flags,
        "event_name": record.event_name or None,
    }
    return dumps({key: value for key, value in members.items() if value is not None}) + "\n"


def dumps(value: object) -> str:
    """Compact JSON of a plain value, without a character that does anything to a terminal."""
    return inert_json(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def plain(value: Value) -> object:
    """A value with nothing in it that JSON has no word for."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    return value


def rfc3339(unix_nano: int) -> str | None:
    """A moment in UTC with nanoseconds; None for 0, which is none."""
    if not unix_nano:
        return None
    seconds, nanoseconds = divmod(unix_nano, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z"
