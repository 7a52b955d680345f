"""OTLP's LogRecord message with care: of any record, as much of it as fits.

What is wrong with a field costs that field at most. A record over its limit has its longest strings cut; where that
is not enough, elements are left out.
"""

from __future__ import annotations

import operator
from struct import Struct
from typing import Any

from logcapy.attributes import TRUNCATED
from logcapy.types import Record

from ._any_value import FRAMES_ROOM, NoRoom, ValueEncoder
from ._protobuf import field, varint

#: How deep the messages lie, the request being 0: ResourceLogs, ScopeLogs, LogRecord, and then these.
_BODY_DEPTH = _KEY_VALUE_DEPTH = 4
#: What the fields of a record that are no values take, the mark included.
_FIXED_ROOM = 128
_MARK = field(b"\x32", field(b"\x0a", TRUNCATED.encode()) + b"\x12\x02\x10\x01")

_pack_flags = Struct("<cI").pack


def encode_with_care(record: Record, limit: int) -> bytes:
    """The content of a LogRecord message; see :func:`logcapy.export._log_record.encode_log_record`."""
    longest = limit
    for string_limit, mark in ((limit, False), *((limit // part, True) for part in (1, 2, 4, 8, 16, 64))):
        if string_limit > longest:
            continue  # it was not for a string of that length that the record did not fit
        values = ValueEncoder(string_limit, limit + FRAMES_ROOM)
        try:
            content = _careful(record, values, mark=mark)
            if len(content) <= limit and mark >= values.cut:
                return content
        except NoRoom:
            longest = min(longest, values.longest_string)
    return _careful(record, ValueEncoder(limit // 64, limit, lenient=True), mark=True)


def _careful(record: Record, values: ValueEncoder, *, mark: bool) -> bytes:
    log = record.log_record
    parts = [
        _fixed64(b"\x09", log.timestamp),
        _fixed64(b"\x59", log.observed_timestamp),
        _severity(log.severity_number),
        _flags(log.trace_flags),
        _identifier(b"\x4a", log.trace_id, 16),
        _identifier(b"\x52", log.span_id, 8),
        field(b"\x1a", values.text(log.severity_text)),
        field(b"\x62", values.text(log.event_name)),
    ]
    if mark:
        parts.append(_MARK)
    values.room -= _FIXED_ROOM
    parts.append(_body(log.body, values))
    fields, left_out = _attributes(log.attributes, values, mark=mark)
    dropped = _integer_in(record.dropped_attributes, 0, (1 << 32) - 1)
    parts.append(b"\x38" + varint(min(dropped + left_out, (1 << 32) - 1)))
    return b"".join((*parts, *fields))


def _body(body: Any, values: ValueEncoder) -> bytes:
    """The body; where room is short it gets half of it, so that some is left for the attributes."""
    if not values.lenient:
        return field(b"\x2a", values.value(body, _BODY_DEPTH))
    half = values.room // 2
    own = ValueEncoder(values.string_limit, half, lenient=True)
    content = own.value(body, _BODY_DEPTH)
    values.room -= half - max(own.room, 0)
    return field(b"\x2a", content)


def _attributes(attributes: Any, values: ValueEncoder, *, mark: bool) -> tuple[list[bytes], int]:
    if not attributes:
        return [], 0
    without = TRUNCATED if mark else None
    try:
        return values.attributes(attributes, b"\x32", _KEY_VALUE_DEPTH, without=without)
    except NoRoom:
        raise
    except Exception:  # noqa: BLE001 - it is no mapping; what it is can still be said
        return values.attributes({"attributes": attributes}, b"\x32", _KEY_VALUE_DEPTH)


def _fixed64(tag: bytes, value: Any) -> bytes:
    return tag + _integer_in(value, 0, (1 << 64) - 1).to_bytes(8, "little")


def _severity(severity: Any) -> bytes:
    """``severity.value`` and nothing for a bare number, as the stock encoder has it."""
    number = _integer_in(getattr(severity, "value", None), -(1 << 31), (1 << 31) - 1)
    return b"\x10" + varint(number)


def _flags(flags: Any) -> bytes:
    try:
        flags = int(flags)
    except Exception:  # noqa: BLE001 - what is no number has no flags in it
        flags = 0
    return _pack_flags(b"\x45", _integer_in(flags, 0, (1 << 32) - 1))


def _identifier(tag: bytes, value: Any, size: int) -> bytes:
    """A trace or span id; what is no id is left out, because receivers refuse one of another length."""
    number = _integer_in(value, 0, (1 << 8 * size) - 1)
    return field(tag, number.to_bytes(size, "big")) if number else b""


def _integer_in(value: Any, least: int, most: int) -> int:
    """The value where it is a whole number between the two, else 0, which OTLP reads as "unknown"."""
    try:
        number = int.__index__(operator.index(value))
    except Exception:  # noqa: BLE001 - its __index__ may raise anything
        return 0
    return number if least <= number <= most else 0
