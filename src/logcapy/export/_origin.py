"""Where records come from, their resource and scope, each encoded once and remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from logcapy.attributes import TRUNCATED

from ._any_value import NoRoom, ValueEncoder
from ._protobuf import field

_MOST_REMEMBERED = 256
#: What a message takes beside its strings and attributes.
_FRAME = 128
#: The field of an empty resource or scope.
_EMPTY = b"\x0a\x00"
_Encode: TypeAlias = "Callable[[Any, ValueEncoder, Iterable[bytes]], bytes]"


class Origin:
    """A resource or scope and its bytes; equal to another where the two objects are.

    Args:
        owner: The resource or scope, kept so that its id stays its own. May be None.
        message: What ResourceLogs or ScopeLogs say of it: the message and the schema URL.
    """

    __slots__ = ("_hash", "message", "owner")

    def __init__(self, owner: Any, message: bytes) -> None:
        self.owner = owner
        self.message = message
        try:
            self._hash = hash(owner)
        except Exception:  # noqa: BLE001 - attributes of a foreign kind; it is then equal to itself alone
            self._hash = id(owner)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Origin):
            return NotImplemented
        try:
            return self.owner is other.owner or bool(self.owner == other.owner)
        except Exception:  # noqa: BLE001 - as in the hash
            return False


class _Memory:
    """Origins by the identity of their owners, bounded. An origin holds its owner, so no other gets that id."""

    def __init__(self, owner_type: type, encode: _Encode) -> None:
        self._owner_type = owner_type
        self._encode = encode
        self._origins: dict[tuple[int, int], Origin] = {}

    def origin(self, owner: Any, limit: int) -> Origin:
        """The origin of a resource or scope, its message no longer than ``limit`` bytes."""
        known = self._origins.get((id(owner), limit))
        if known is not None:
            return known
        origin = Origin(owner, _encode_within(self._encode, owner, limit))
        if type(owner) is self._owner_type:  # the only ones that are known never to change
            if len(self._origins) >= _MOST_REMEMBERED:
                self._origins.clear()
            self._origins[id(owner), limit] = origin
        return origin


def _encode_within(encode: _Encode, owner: Any, limit: int) -> bytes:
    """The message, cut where it is too long, empty where the owner is no resource or scope at all."""
    try:
        try:
            message = encode(owner, ValueEncoder(limit, 2 * limit), ())
            if len(message) <= limit:
                return message
        except NoRoom:
            pass
        values = ValueEncoder(limit // 16, limit - _FRAME, lenient=True)
        return encode(owner, values, (values.key_value(TRUNCATED, True, 4),))
    except Exception:  # noqa: BLE001 - a foreign class may raise anything
        return _EMPTY


def _encode_resource(resource: Any, values: ValueEncoder, marks: Iterable[bytes]) -> bytes:
    """Source: https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/resource/v1/resource.proto."""
    if resource is None:
        return _EMPTY
    schema_url = field(b"\x1a", values.text(resource.schema_url))
    attributes, _ = values.attributes(resource.attributes or {}, b"\x0a", 3)
    marks = [field(b"\x0a", key_value) for key_value in marks]
    return field(b"\x0a", b"".join((*marks, *attributes))) + schema_url


def _encode_scope(scope: Any, values: ValueEncoder, marks: Iterable[bytes]) -> bytes:
    """Source: https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/common/v1/common.proto."""
    if not scope:
        return _EMPTY
    schema_url = field(b"\x1a", values.text(scope.schema_url))
    name = field(b"\x0a", values.text(scope.name)) + field(b"\x12", values.text(scope.version))
    attributes, _ = values.attributes(scope.attributes or {}, b"\x1a", 4)
    marks = [field(b"\x1a", key_value) for key_value in marks]
    return field(b"\x0a", name + b"".join((*marks, *attributes))) + schema_url


resource_origin = _Memory(Resource, _encode_resource).origin
scope_origin = _Memory(InstrumentationScope, _encode_scope).origin
