"""Records as rows of a table, and payloads of rows: a JSON object a line.

A row has its id before it is stored the first time, so that one that is sent again is known.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from logcapy.render.severity import severity_name
from logcapy.types import Payload, Record

from ._bulk_documents import mark_cut
from ._json_events import encode_event, identifiers, moment, pack_events, severity_number
from ._plain_value import PlainValues, to_json

MAX_PAYLOAD_BYTES = 4 * 1024 * 1024
_LONGEST_ROW = 1_000_000
#: The columns, in the order of a row's values.
COLUMNS = (
    *("id", "time", "severity_number", "severity", "service", "logger", "event", "body", "trace_id", "span_id"),
    *("attributes", "resource"),
)
#: PostgreSQL has no NUL in texts, nor in JSON. An even number of backslashes before it are others' escapes.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_BEGIN = b'{"id":"'


def encode_rows(records: Sequence[Record]) -> Iterator[Payload]:
    """Payloads of at most 4 MiB; every record is a row of at most 1 MB in exactly one of them."""
    prefix, numbers = uuid.uuid4().hex, count()

    def encoded(record: Record) -> bytes:
        row = _NUL.sub(rb"\1\\ufffd", encode_event(record, _row, mark_cut, _LONGEST_ROW))
        return b'%s%s-%d",%s\n' % (_BEGIN, prefix.encode(), next(numbers), row[1:])

    return pack_events(records, encoded, max_bytes=MAX_PAYLOAD_BYTES, max_records=len(records), around=(b"", b"", b""))


def split_rows(body: bytes) -> Sequence[tuple[bytes, int]] | None:
    """Two payloads with the rows of one; see ``PayloadExporter.split``."""
    lines = body.splitlines(keepends=True)
    if len(lines) < 2 or not all(line.startswith(_BEGIN) and line.endswith(b"\n") for line in lines):
        return None
    middle = len(lines) // 2
    return [(b"".join(half), len(half)) for half in (lines[:middle], lines[middle:])]


def rows_of(body: bytes) -> list[tuple[Any, ...]]:
    """The values of each row in the order of :data:`COLUMNS`: the time in nanoseconds, JSON as text.

    Raises:
        ValueError: It holds no rows.
    """
    try:
        rows = [json.loads(line) for line in body.splitlines()]
        return [tuple(_stored(row[name]) for name in COLUMNS) for row in rows]
    except (KeyError, TypeError, AttributeError):
        raise ValueError("no rows") from None


def _stored(value: Any) -> Any:
    if isinstance(value, dict):
        return to_json(value).decode()
    if value is None or isinstance(value, str) or (isinstance(value, int) and value.bit_length() < 64):
        return value
    raise TypeError("no value of a row")


def _row(record: Record, values: PlainValues, with_attributes: bool) -> dict[str, Any]:
    log, scope, resource = record.log_record, record.instrumentation_scope, record.resource
    trace_id, span_id = identifiers(record)
    number = severity_number(record)
    origin = values.flat(resource.attributes if resource is not None else None)
    return {
        "time": moment(record) or time.time_ns(),
        "severity_number": number,
        "severity": severity_name(number) or values.text(log.severity_text or ""),
        "service": values.text(origin.get("service.name", "")),
        "logger": values.text(scope.name if scope is not None else ""),
        "event": values.text(log.event_name or ""),
        "body": values.body(log.body),
        "trace_id": f"{trace_id:032x}" if trace_id else None,
        "span_id": f"{span_id:016x}" if span_id else None,
        "attributes": values.flat(log.attributes) if with_attributes else {},
        "resource": origin,
    }
