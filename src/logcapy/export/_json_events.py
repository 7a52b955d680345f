"""Records as JSON events, each under a limit, and payloads of them under theirs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from logcapy.types import Payload, Record

from ._plain_value import PlainValues, to_json

#: Makes the event of a record. Where there are no attributes to be in it, the third argument is false.
MakeEvent = Callable[[Record, PlainValues, bool], dict[str, Any]]

#: By what a limit is divided for one text, and for all: a character may take six bytes.
_ROOMS = ((1, 1), (8, 2), (64, 6), (512, 6))


def encode_event(
    record: Record,
    make: MakeEvent,
    mark: Callable[[dict[str, Any]], None],
    limit: int,
    write: Callable[[dict[str, Any]], bytes] = to_json,
) -> bytes:
    """The event in at most ``limit`` bytes, which are 4,096 or more.

    Args:
        record: Anything may be in it.
        make: Makes the event; each of its ten texts at most is as long as :class:`PlainValues` allows.
        mark: Says in an event that it was cut (``logcapy.truncated``): its long texts first, then its attributes go.
        limit: The most bytes.
        write: Makes bytes of an event, JSON on one line unless told otherwise; at most six of a character.
    """
    for string_limit, room in _ROOMS:
        content = _encoded(record, make, mark, write, PlainValues(limit // string_limit, limit // room), True)
        if len(content) <= limit:
            return content
    return _encoded(record, make, mark, write, PlainValues(limit // 64, limit // 6), False)


def _encoded(
    record: Record,
    make: MakeEvent,
    mark: Callable[[dict[str, Any]], None],
    write: Callable[[dict[str, Any]], bytes],
    values: PlainValues,
    with_attributes: bool,
) -> bytes:
    event = make(record, values, with_attributes)
    if values.cut or not with_attributes:
        mark(event)
    return write(event)


def pack_events(
    records: Sequence[Record],
    encode: Callable[[Record], bytes],
    *,
    max_bytes: int,
    max_records: int,
    around: tuple[bytes, bytes, bytes],
) -> Iterator[Payload]:
    """Payloads of events in order, every record in exactly one.

    Args:
        records: What to encode.
        encode: The event of a record, small enough to be a payload alone.
        max_bytes: The most bytes of a payload.
        max_records: The most records in one.
        around: What stands before the events, between two, and after them.
    """
    before, between, after = around
    kept: list[Record] = []
    parts: list[bytes] = []
    size = 0
    for record in records:
        event = encode(record)
        more = len(event) + len(between)
        if kept and (size + more + len(before) + len(after) > max_bytes or len(kept) >= max_records):
            yield Payload(before + between.join(parts) + after, kept)
            kept, parts, size = [], [], 0
        kept.append(record)
        parts.append(event)
        size += more
    if kept:
        yield Payload(before + between.join(parts) + after, kept)


def array_of(body: bytes) -> list[Any] | None:
    """The events of a payload that is a JSON array; None if it is none."""
    try:
        events = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return events if isinstance(events, list) else None


def halves_of(events: list[Any] | None) -> Sequence[tuple[bytes, int]] | None:
    """Two arrays with the events of one, each with their number; None where there are no two events."""
    if events is None or len(events) < 2:
        return None
    middle = len(events) // 2
    return [(to_json(half), len(half)) for half in (events[:middle], events[middle:])]


def moment(record: Record) -> int | None:
    """When it happened or else was seen, in nanoseconds since the epoch; None where neither is before the year 2262."""
    log = record.log_record
    for value in (log.timestamp, log.observed_timestamp):
        if isinstance(value, int) and 0 < value < 1 << 63:
            return value
    return None


def severity_number(record: Record) -> int:
    """OpenTelemetry's, 1 to 24; 0 where it has none."""
    number = getattr(record.log_record.severity_number, "value", 0)
    return number if isinstance(number, int) and 1 <= number <= 24 else 0


def identifiers(record: Record) -> tuple[int, int]:
    """Trace id and span id, 0 for none."""
    log = record.log_record
    return _identifier(log.trace_id, 128), _identifier(log.span_id, 64)


def _identifier(value: Any, bits: int) -> int:
    return value if isinstance(value, int) and 0 < value < 1 << bits else 0
