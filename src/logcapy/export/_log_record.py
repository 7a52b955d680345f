"""OTLP's LogRecord message.

A record is encoded by the shortest way that its usual form allows; whatever is not usual raises on that way, and
the record is encoded again with care. The careful way is total, and cuts a record to its limit.
Source: https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/logs/v1/logs.proto
"""

from __future__ import annotations

from struct import Struct
from typing import Any

from opentelemetry._logs import SeverityNumber
from opentelemetry.attributes import BoundedAttributes

from logcapy.types import Record

from ._any_value import FRAMES_ROOM, NoRoom, ValueEncoder, class_name
from ._careful_log_record import encode_with_care
from ._protobuf import ONE_BYTE, field, varint

#: How deep the messages lie, the request being 0: ResourceLogs, ScopeLogs, LogRecord, and then these.
_BODY_DEPTH = _KEY_VALUE_DEPTH = 4

#: More attributes than these are encoded with care, which counts bytes as it goes.
_USUAL_ATTRIBUTES = 4096

_pack_times = Struct("<cQcQ").pack
_pack_double = Struct("<cd").pack
_pack_flags = Struct("<cI").pack

#: The frame of a short string attribute: ``_ATTRIBUTE[length of KeyValue]``, the key, ``_STRING[length]``, the text.
_ATTRIBUTE = tuple(b"\x32" + length for length in ONE_BYTE)
_STRING = tuple(b"\x12" + ONE_BYTE[length + 2] + b"\x0a" + ONE_BYTE[length] for length in range(126))
_BODY = tuple(b"\x2a" + ONE_BYTE[length + 2] + b"\x0a" + ONE_BYTE[length] for length in range(126))
_INT = tuple(b"\x12" + ONE_BYTE[length + 1] + b"\x18" for length in range(11))
_TRUE, _FALSE, _NONE = b"\x12\x02\x10\x01", b"\x12\x02\x10\x00", b"\x12\x00"
_SEVERITY = tuple(b"\x10" + number for number in ONE_BYTE[:25])


class _FieldCache(dict[str, bytes]):
    """String fields by their text: names come again and again. Holds 1,024 texts of 256 characters at most."""

    def __init__(self, tag: bytes) -> None:
        self._tag = tag

    def __missing__(self, text: str) -> bytes:
        if type(text) is not str:
            raise TypeError("no plain string")
        content = field(self._tag, text.encode())
        if len(text) <= 256:
            if len(self) >= 1024:
                self.clear()
            self[text] = content
        return content


_keys = _FieldCache(b"\x0a")
_severity_texts = _FieldCache(b"\x1a")
_event_names = _FieldCache(b"\x62")


def encode_log_record(record: Record, limit: int) -> bytes:
    """The content of a LogRecord message.

    Args:
        record: Any record, whatever its values are.
        limit: The most bytes, 400 or more. A record over it has its longest strings cut, then elements left
            out, and gets the attribute ``logcapy.truncated``.
    """
    try:
        content = _usual(record, limit)
        if len(content) <= limit:
            return content
    except Exception:  # noqa: BLE001, S110 - the usual way is taken back whatever stopped it
        pass
    try:
        return encode_with_care(record, limit)
    except Exception as error:  # noqa: BLE001 - an object that is hardly a record
        return field(b"\x2a", field(b"\x0a", f"<record could not be encoded: {class_name(error)}>".encode()[:400]))


def _usual(record: Record, limit: int) -> bytes:
    log = record.log_record
    parts = [_pack_times(b"\x09", log.timestamp or 0, b"\x59", log.observed_timestamp or 0)]
    severity = log.severity_number
    if type(severity) is SeverityNumber:
        parts.append(_SEVERITY[severity._value_])
    elif severity is not None:
        raise TypeError("no severity number")
    if log.severity_text:
        parts.append(_severity_texts[log.severity_text])
    body = log.body
    if type(body) is str:
        if len(body) > limit:
            raise NoRoom
        content = body.encode()
        size = len(content)
        if size < 126:
            parts += (_BODY[size], content)
        else:
            parts.append(field(b"\x2a", field(b"\x0a", content)))
    else:
        parts.append(field(b"\x2a", _value(body, _BODY_DEPTH, limit)))
    attributes = log.attributes
    if attributes:
        if len(attributes) > _USUAL_ATTRIBUTES:
            raise NoRoom
        if type(attributes) is BoundedAttributes:
            attributes = attributes.copy()
        _append_attributes(parts, attributes, limit)
    dropped = record.dropped_attributes
    if dropped:
        parts.append(b"\x38" + varint(_uint32(dropped)))
    if log.trace_flags:
        parts.append(_pack_flags(b"\x45", log.trace_flags))
    if log.trace_id:
        parts += (b"\x4a\x10", log.trace_id.to_bytes(16, "big"))
    if log.span_id:
        parts += (b"\x52\x08", log.span_id.to_bytes(8, "big"))
    if log.event_name:
        parts.append(_event_names[log.event_name])
    return b"".join(parts)


def _append_attributes(parts: list[bytes], attributes: Any, limit: int) -> None:
    """Attributes in their usual types, each in the parts it is made of: joining once is what makes it fast."""
    keys = _keys
    for key, value in attributes.items():
        key_field = keys[key]
        kind = type(value)
        if kind is str:
            size = len(value)
            if size > limit:
                raise NoRoom
            content = value.encode()
            size = len(content)
            length = size + len(key_field) + 4
            if length < 128:
                parts += (_ATTRIBUTE[length], key_field, _STRING[size], content)
                continue
            content = field(b"\x12", field(b"\x0a", content))
        elif kind is int:
            content = varint(_int64(value))
            content = _INT[len(content)] + content
        elif kind is bool:
            content = _TRUE if value else _FALSE
        elif kind is float:
            content = b"\x12\x09" + _pack_double(b"\x21", value)
        elif value is None:
            content = _NONE
        else:
            content = field(b"\x12", _value(value, _KEY_VALUE_DEPTH + 1, limit))
        length = len(key_field) + len(content)
        parts += (_ATTRIBUTE[length] if length < 128 else b"\x32" + varint(length), key_field, content)


def _value(value: Any, depth: int, limit: int) -> bytes:
    encoder = ValueEncoder(limit, limit + FRAMES_ROOM)
    content = encoder.value(value, depth)
    if encoder.cut:
        raise NoRoom
    return content


def _int64(value: int) -> int:
    if not -(1 << 63) <= value < 1 << 63:
        raise OverflowError
    return value


def _uint32(value: int) -> int:
    if not 0 <= value < 1 << 32:
        raise OverflowError
    return value
