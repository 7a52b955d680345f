"""OTLP's AnyValue from any object of Python. Total: what has no form in OTLP becomes a text that says what it was.

What the stock encoder takes comes out as it does there, rule by rule, ``str()`` of a mapping's keys included.
Source: https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/common/v1/common.proto
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from struct import Struct
from typing import Any

from ._protobuf import field, varint

#: How deep messages may lie in one another, the request being 0. Protobuf's C++, Java and upb (so Python's)
#: parsers refuse a request with deeper ones, whole: the stock encoder writes what these cannot read.
DEEPEST_MESSAGE = 100

NESTED_TOO_DEEP = "<nested too deep>"
CYCLE = "<cycle>"

_LONGEST_DESCRIPTION = 65536
_MOST_DECIMAL_BITS = 8192
_pack_double = Struct("<cd").pack
#: Bytes that an element and a key with its value take at most, texts aside.
_ELEMENT_ROOM, _PAIR_ROOM = 20, 32
#: By how much values may be counted for more than they take, while they are being encoded.
FRAMES_ROOM = 4096


class NoRoom(Exception):
    """More bytes than were allowed."""


class _TooDeep(Exception):
    """An element lies deeper than parsers read."""


class ValueEncoder:
    """Encodes the values of one record, within bounds.

    Args:
        string_limit: The most bytes of one string; a longer one is cut, and ``cut`` becomes true.
        room: The most bytes in all. An element is counted for more than it takes until it is encoded.
        lenient: When the room is used up, leave the rest of the elements out and set ``cut``, instead of
            raising :class:`NoRoom`.
    """

    def __init__(self, string_limit: int, room: int, *, lenient: bool = False) -> None:
        self.string_limit = string_limit
        self.room = room
        self.lenient = lenient
        self.cut = False
        self.longest_string = 0
        self._path: set[int] = set()

    def value(self, value: Any, depth: int) -> bytes:
        """The content of an AnyValue message.

        Args:
            value: Anything at all.
            depth: How deep the AnyValue lies in the request.

        Raises:
            NoRoom: See ``lenient``. Nothing else, whatever the value does.
        """
        try:
            return self._typed(value, depth)
        except NoRoom:
            raise
        except Exception:  # noqa: BLE001 - the value's own methods may raise anything
            return field(b"\x0a", self._description(value))

    def key_value(self, key: Any, value: Any, depth: int) -> bytes:
        """The content of a KeyValue message, which lies ``depth`` deep in the request."""
        return field(b"\x0a", self.text(key)) + field(b"\x12", self.value(value, depth + 1))

    def attributes(
        self, attributes: Mapping[Any, Any], tag: bytes, depth: int, *, without: str | None = None
    ) -> tuple[list[bytes], int]:
        """Attributes as a repeated field.

        Args:
            attributes: The mapping; a mapping that changes meanwhile does no harm.
            tag: Of the field.
            depth: How deep its KeyValue messages lie in the request.
            without: The key of an attribute to pass over.

        Returns:
            The fields, and how many attributes were left out for want of room.
        """
        fields: list[bytes] = []
        keys = [key for key in attributes if without is None or key != without]
        for key in keys:
            room = self.room
            if not self._has_room(_PAIR_ROOM):
                break
            fields.append(field(tag, self.key_value(key, attributes.get(key), depth)))
            self.room = room - len(fields[-1])
        return fields, len(keys) - len(fields)

    def text(self, value: Any) -> bytes:
        """A string field's content, nothing for None: UTF-8 of ``value``, or of what can be said of it."""
        if value is None:
            return b""
        if isinstance(value, bytes):
            try:
                value = value.decode()
            except UnicodeDecodeError:
                return self._description(value)
        if not issubclass(type(value), str):
            return self._description(value)
        return self._cut_text(value, self.string_limit)

    def _description(self, value: Any) -> bytes:
        return self._cut_text(describe(value), min(self.string_limit, _LONGEST_DESCRIPTION))

    def _cut_text(self, text: str, limit: int) -> bytes:
        self.longest_string = max(self.longest_string, str.__len__(text))
        if self.lenient:
            limit = min(limit, max(self.room, 0))
        content = _utf8(str.__getitem__(text, slice(limit + 1)))
        if len(content) > limit:
            self.cut = True
            content = content[:limit].decode(errors="ignore").encode()
        self._has_room(len(content))
        return content

    def _typed(self, value: Any, depth: int) -> bytes:
        """In the order of the stock encoder's questions, which a subclass or a look-alike can tell."""
        if value is None:
            return b""
        if value is True or value is False:
            return b"\x10\x01" if value else b"\x10\x00"
        if isinstance(value, str):
            return field(b"\x0a", self.text(value))
        if isinstance(value, int):
            return _integer(value)
        if isinstance(value, float):
            return _pack_double(b"\x21", value)
        if isinstance(value, bytes):
            return self._bytes(value)
        if isinstance(value, Sequence):
            return self._container(value, b"\x2a", self._elements, depth + 2)
        if isinstance(value, Mapping):
            return self._container(value, b"\x32", self._pairs, depth + 3)
        return field(b"\x0a", self._description(value))

    def _bytes(self, value: bytes) -> bytes:
        view = memoryview(value)
        self.longest_string = max(self.longest_string, len(view))
        limit = min(self.string_limit, max(self.room, 0)) if self.lenient else self.string_limit
        self.cut = self.cut or len(view) > limit
        content = view[:limit].tobytes()
        self._has_room(len(content))
        return field(b"\x3a", content)

    def _container(self, value: Any, tag: bytes, encode: Callable[[Any, int], Iterable[bytes]], depth: int) -> bytes:
        """A list or map whose elements' AnyValues lie at ``depth``."""
        if id(value) in self._path:
            return field(b"\x0a", self.text(CYCLE))
        self._path.add(id(value))
        try:
            return field(tag, b"".join(encode(value, depth)))
        except _TooDeep:
            return field(b"\x0a", self.text(NESTED_TOO_DEEP))
        finally:
            self._path.discard(id(value))

    def _elements(self, values: Sequence[Any], depth: int) -> Iterable[bytes]:
        _check_depth(depth - 1)
        for value in values:
            _check_depth(depth)
            room = self.room
            if not self._has_room(_ELEMENT_ROOM):
                return
            element = field(b"\x0a", self.value(value, depth))
            self.room = room - len(element)
            yield element

    def _pairs(self, mapping: Mapping[Any, Any], depth: int) -> Iterable[bytes]:
        _check_depth(depth - 2)
        for key, value in mapping.items():
            _check_depth(depth)
            room = self.room
            if not self._has_room(_PAIR_ROOM):
                return
            pair = field(b"\x0a", self.key_value(key if type(key) is str else _str(key), value, depth - 1))
            self.room = room - len(pair)
            yield pair

    def _has_room(self, size: int) -> bool:
        self.room -= size
        if self.room >= 0:
            return True
        if not self.lenient:
            raise NoRoom
        self.cut = True
        return False


def _check_depth(depth: int) -> None:
    if depth > DEEPEST_MESSAGE:
        raise _TooDeep


def _integer(value: Any) -> bytes:
    number = int.__index__(operator.index(value))
    if not -(1 << 63) <= number < 1 << 63:
        raise OverflowError
    return b"\x18" + varint(number)


def describe(value: Any) -> str:
    """A text for what OTLP has no form for. Never raises."""
    kind = type(value)
    if issubclass(kind, int):
        bits = int.bit_length(value)
        return int.__repr__(value) if bits <= _MOST_DECIMAL_BITS else f"<int of {bits} bits>"
    if issubclass(kind, BaseException):
        return f"{class_name(value)}: {_str(value)}"
    return _str(value)


def class_name(value: object) -> str:
    """The name of an object's class, past any metaclass that has a word in it."""
    return str(type.__dict__["__name__"].__get__(type(value)))


def _str(value: Any) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - a foreign __str__ may raise anything
        return f"<{class_name(value)}: str() failed with {class_name(error)}>"


def _utf8(text: str) -> bytes:
    try:
        return str.encode(text)
    except UnicodeEncodeError:
        return str.encode(text, errors="backslashreplace")
