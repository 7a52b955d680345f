"""Fields, and beginnings of fields, that come again and again, encoded once.

A dict that makes what it lacks is the fastest there is, and is not compiled: see :mod:`logcapy.shared`.
"""

from __future__ import annotations

from typing import Final

from ._protobuf import ONE_BYTE, field, varint


class FieldCache(dict[str, bytes]):
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


class AttributeHeads(dict[str, "AttributeHead"]):
    """What stands before an attribute's value, by its key. Holds 1,024 keys of 256 characters at most."""

    def __missing__(self, key: str) -> AttributeHead:
        if type(key) is not str:
            raise TypeError("no plain string")
        head = AttributeHead(field(b"\x0a", key.encode()))
        if len(key) <= 256:
            if len(self) >= 1024:
                self.clear()
            self[key] = head
        return head


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
