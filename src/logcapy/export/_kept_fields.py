"""Fields, and beginnings of fields, that come again and again, encoded once.

A dict that makes what it lacks is the fastest there is, and is not compiled: see :mod:`logcapy.shared`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from ._protobuf import ONE_BYTE, field, varint

_Made = TypeVar("_Made")


class _ByText(dict[str, _Made]):
    """What was made of texts that come again and again. Holds 1,024 of 256 characters at most.

    Args:
        make: Makes it of a text.
    """

    def __init__(self, make: Callable[[str], _Made]) -> None:
        self._make = make

    def __missing__(self, text: str) -> _Made:
        if type(text) is not str:
            raise TypeError("no plain string")
        made = self._make(text)
        if len(text) <= 256:
            if len(self) >= 1024:
                self.clear()
            self[text] = made
        return made


def field_cache(tag: bytes) -> dict[str, bytes]:
    """String fields by their text."""
    return _ByText(lambda text: field(tag, text.encode()))


def attribute_heads() -> dict[str, AttributeHead]:
    """What stands before an attribute's value, by its key."""
    return _ByText(lambda key: AttributeHead(field(b"\x0a", key.encode())))


class AttributeHead:
    """Tag and length of a KeyValue, its key, and tag and length of its value, for the kinds of values."""

    __slots__ = ("double", "false", "ints", "key", "nothing", "strings", "true")

    def __init__(self, key: bytes) -> None:
        self.key = key
        #: By the size of the text in bytes; by that of the varint.
        self.strings = _StringHeads(key)
        self.ints = tuple(_attribute(key, b"\x12" + ONE_BYTE[size + 1] + b"\x18", size) for size in range(11))
        self.double = _attribute(key, b"\x12\x09\x21", 8)
        self.true = _attribute(key, b"\x12\x02\x10\x01", 0)
        self.false = _attribute(key, b"\x12\x02\x10\x00", 0)
        self.nothing = _attribute(key, b"\x12\x00", 0)


class _StringHeads(dict[int, bytes]):
    """By the size of the text; those of short ones are kept."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __missing__(self, size: int) -> bytes:
        length = varint(size)
        head = _attribute(self._key, b"\x12" + varint(1 + len(length) + size) + b"\x0a" + length, size)
        if size < 64:
            self[size] = head
        return head


def _attribute(key: bytes, value: bytes, size: int) -> bytes:
    """A KeyValue without the last ``size`` bytes of its value."""
    return b"\x32" + varint(len(key) + len(value) + size) + key + value


class _Heads(dict[int, bytes]):
    """Tag and length of a LogRecord by the length; those of usual lengths are kept."""

    def __missing__(self, length: int) -> bytes:
        head = b"\x12" + varint(length)
        if length < 4096:
            self[length] = head
        return head


#: By length.
HEADS: Final = _Heads()
