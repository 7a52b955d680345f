"""OTLP's LogRecord message.

A record is encoded by the shortest way that its usual form allows; whatever is not usual raises on that way, and
the record is encoded again with care. The careful way is total, and cuts a record to its limit.
Source: https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/logs/v1/logs.proto
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Final

from opentelemetry._logs import SeverityNumber
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.trace import SpanContext

from logcapy.draft import Draft, Shared
from logcapy.types import Record

from ._any_value import FRAMES_ROOM, NoRoom, ValueEncoder, class_name
from ._careful_log_record import encode_with_care
from ._kept_fields import attribute_head, attribute_heads, text_field
from ._protobuf import ONE_BYTE, field, varint

#: How deep the messages lie, the request being 0: ResourceLogs, ScopeLogs, LogRecord, and then these.
_BODY_DEPTH: Final = 4
_KEY_VALUE_DEPTH: Final = 4

#: Shared attributes that are encoded are kept if they are not larger: half a batch could fit in a record otherwise.
_LONGEST_KEPT_FORM: Final = 8192
#: More attributes than these are encoded with care, which counts bytes as it goes.
_USUAL_ATTRIBUTES: Final = 4096

_pack_times: Final = Struct("<cQcQ").pack
_pack_double: Final = Struct("<d").pack
_pack_flags: Final = Struct("<cI").pack

#: The frame of a short body.
_BODY: Final = tuple(b"\x2a" + ONE_BYTE[length + 2] + b"\x0a" + ONE_BYTE[length] for length in range(126))
#: The longest text whose length, and that of the values around it, is a varint of one byte.
_SHORT: Final = 125
_SEVERITY: Final = tuple(b"\x10" + number for number in ONE_BYTE[:25])


#: The fields of spans by the identity of their contexts, which are kept so that no other gets that id.
_span_forms: Final[dict[int, tuple[SpanContext, bytes]]] = {}
_MOST_SPANS: Final = 512

#: The fields of severity texts and event names.
_severity_texts: Final[dict[str, bytes]] = {}
_event_names: Final[dict[str, bytes]] = {}


def encode_log_record(record: Record, limit: int) -> bytes:
    """The content of a LogRecord message.

    Args:
        record: Any record, whatever its values are.
        limit: The most bytes, 400 or more. A record over it has its longest strings cut, then elements left
            out, and gets the attribute ``logcapy.truncated``.
    """
    try:
        content = _draft(record, limit) if isinstance(record, Draft) else _usual(record, limit)
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
        parts.append(text_field(_severity_texts, b"\x1a", log.severity_text))
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
        _append_attributes(parts, attributes if isinstance(attributes, dict) else dict(attributes.items()), limit)
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
        parts.append(text_field(_event_names, b"\x62", log.event_name))
    return b"".join(parts)


def _draft(draft: Draft, limit: int) -> bytes:
    """As :func:`_usual`; what a draft shares with others is encoded once for all of them."""
    time = draft.timestamp.to_bytes(8, "little")
    parts = [b"\x09", time, b"\x59", time, _SEVERITY[draft.severity]]
    if draft.severity_text:
        parts.append(text_field(_severity_texts, b"\x1a", draft.severity_text))
    body = draft.body
    if type(body) is str and len(body) <= _SHORT:
        content = body.encode()
        size = len(content)
        if size <= _SHORT:
            parts.append(_BODY[size])
            parts.append(content)
        else:
            parts.append(field(b"\x2a", field(b"\x0a", content)))
    else:
        parts.append(field(b"\x2a", _value(body, _BODY_DEPTH, limit)))
    for shared in draft.shared:
        form = shared.form
        parts.append(form if form is not None else _shared_form(shared, limit))
    own = draft.own
    if own:
        if len(own) > _USUAL_ATTRIBUTES:
            raise NoRoom
        _append_attributes(parts, own, limit)
    span_context = draft.span_context
    if span_context is not None:
        kept = _span_forms.get(id(span_context))
        parts.append(kept[1] if kept is not None else _span_form(span_context))
    if draft.event_name:
        parts.append(text_field(_event_names, b"\x62", draft.event_name))
    return b"".join(parts)


def _shared_form(shared: Shared, limit: int) -> bytes:
    parts: list[bytes] = []
    if len(shared) > _USUAL_ATTRIBUTES:
        raise NoRoom
    _append_attributes(parts, shared, limit)
    form = b"".join(parts)
    if len(form) <= _LONGEST_KEPT_FORM:
        shared.form = form
    return form


def _span_form(span: SpanContext) -> bytes:
    form = b""
    if span.is_valid:
        flags = _pack_flags(b"\x45", span.trace_flags) if span.trace_flags else b""
        trace_id, span_id = span.trace_id.to_bytes(16, "big"), span.span_id.to_bytes(8, "big")
        form = b"".join((flags, b"\x4a\x10", trace_id, b"\x52\x08", span_id))
    if len(_span_forms) >= _MOST_SPANS:
        _span_forms.clear()
    _span_forms[id(span)] = span, form
    return form


def _append_attributes(parts: list[bytes], attributes: dict[str, Any], limit: int) -> None:
    """Attributes in their usual types, each in the parts it is made of: joining once is what makes it fast."""
    heads = attribute_heads
    for key, value in attributes.items():
        head = heads.get(key)
        if head is None:
            head = attribute_head(key)
        kind = type(value)
        if kind is str:
            text: str = value
            if len(text) > limit:
                raise NoRoom
            content = text.encode()
            size = len(content)
            parts.append(head.strings.get(size) or head.of_string(size))
            parts.append(content)
        elif kind is int:
            number: int = value
            content = varint(number if 0 <= number < 2097152 else _int64(number))
            parts.append(head.ints[len(content)])
            parts.append(content)
        elif kind is bool:
            parts.append(head.true if value else head.false)
        elif kind is float:
            parts.append(head.double)
            parts.append(_pack_double(value))
        elif value is None:
            parts.append(head.nothing)
        else:
            content = field(b"\x12", _value(value, _KEY_VALUE_DEPTH + 1, limit))
            parts += (b"\x32" + varint(len(head.key) + len(content)), head.key, content)


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
