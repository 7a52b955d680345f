"""A record in plain values, for destinations that do not speak OTLP. Total: a field that cannot be read is left out."""

from __future__ import annotations

import operator
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry.sdk.resources import Resource

from logcapy.types import Record

from ._plain_value import PlainValues, to_json

_MOST_RESOURCES = 64
#: Of one value: destinations cut to their own limits.
_LONGEST_TEXT = 4 * 1024 * 1024
_ROOM = 4 * _LONGEST_TEXT
_RESOURCES: dict[int, tuple[Resource, dict[str, Any]]] = {}


@dataclass(frozen=True, slots=True)
class Fields:
    """What a record says; every value is plain (see :class:`PlainValues`).

    Args:
        timestamp: Nanoseconds since 1970; when it was observed where it does not say, now where neither is known.
        severity_number: OpenTelemetry's, 0 for unknown.
        severity_text: As it was logged; may be empty.
        body: A text, or what else was logged.
        attributes: By name; an empty name is not among them.
        resource: The resource's attributes; shared by records, never to be changed.
        scope: The name of the instrumentation scope, which is the logger's.
        trace_id: 32 hexadecimal digits, or empty.
        span_id: 16 hexadecimal digits, or empty.
        event_name: Empty for most.
    """

    timestamp: int
    severity_number: int
    severity_text: str
    body: Any
    attributes: dict[str, Any]
    resource: Mapping[str, Any]
    scope: str
    trace_id: str
    span_id: str
    event_name: str


def fields_of(record: Record) -> Fields:
    """The fields of any record, whatever its values are."""
    log = record.log_record
    trace_id, span_id = _whole(_get(log, "trace_id"), 128), _whole(_get(log, "span_id"), 64)
    return Fields(
        timestamp=_whole(_get(log, "timestamp"), 63) or _whole(_get(log, "observed_timestamp"), 63) or time.time_ns(),
        severity_number=_severity(_get(log, "severity_number")),
        severity_text=_name(_get(log, "severity_text")),
        body=plain(_get(log, "body")),
        attributes=_attributes(_get(log, "attributes")),
        resource=_resource(_get(record, "resource")),
        scope=_name(_get(_get(record, "instrumentation_scope"), "name")),
        trace_id=f"{trace_id:032x}" if trace_id else "",
        span_id=f"{span_id:016x}" if span_id else "",
        event_name=_name(_get(log, "event_name")),
    )


def plain(value: Any) -> Any:
    """A value that JSON has a form for."""
    kind = type(value)
    if kind is bool or value is None or (kind is str and value.isascii() and len(value) <= _LONGEST_TEXT):
        return value
    return PlainValues(_LONGEST_TEXT, _ROOM).value(value)


def as_text(value: Any) -> str:
    """A plain value as one text: itself, or its JSON."""
    return value if isinstance(value, str) else to_json(value).decode()


def _get(owner: Any, name: str) -> Any:
    try:
        return getattr(owner, name, None)
    except Exception:  # noqa: BLE001 - an object that is hardly a record
        return None


def _attributes(attributes: Any) -> dict[str, Any]:
    if attributes is None:
        return {}
    try:
        items = list(attributes.items())
        names = [key if type(key) is str else str(plain(key)) for key, _ in items]
    except Exception:  # noqa: BLE001 - it is no mapping; what it is can still be said
        return {"attributes": plain(attributes)}
    return {_name(name): plain(value) for name, (_, value) in zip(names, items, strict=True) if name}


def _resource(resource: Any) -> Mapping[str, Any]:
    """The attributes of a resource, made plain once: they do not change."""
    known = _RESOURCES.get(id(resource))
    if known is not None:
        return known[1]
    try:
        attributes = _attributes(resource.attributes)
    except Exception:  # noqa: BLE001 - a foreign class may raise anything
        return {}
    if type(resource) is Resource:
        if len(_RESOURCES) >= _MOST_RESOURCES:
            _RESOURCES.clear()
        _RESOURCES[id(resource)] = resource, attributes
    return attributes


def _severity(severity: Any) -> int:
    number = _whole(_get(severity, "value") if not isinstance(severity, int) else severity, 5)
    return number if number <= 24 else 0


def _name(value: Any) -> str:
    if value is None or value == "":
        return ""
    found = plain(value)
    return found if isinstance(found, str) else str(found)


def _whole(value: Any, bits: int) -> int:
    """The value where it is a whole number of so many bits, else 0."""
    try:
        number = int.__index__(operator.index(value))
    except Exception:  # noqa: BLE001 - its __index__ may raise anything
        return 0
    return number if 0 < number < 1 << bits else 0
