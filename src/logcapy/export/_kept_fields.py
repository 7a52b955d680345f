"""Fields, and beginnings of fields, that come again and again, encoded once.

They are kept in plain dicts, which the encoder asks itself: a subclass that makes what it lacks takes twice as long to
answer, and has no place in a compiled module.
"""

from __future__ import annotations

from typing import Final, TypeVar

from ._protobuf import ONE_BYTE, field, varint

_Made = TypeVar("_Made")

#: How many of a kind are kept, and of how many characters.
_MOST: Final = 1024
_LONGEST: Final = 256
_MOST_SIZES: Final = 64
_MOST_LENGTHS: Final = 4096


class AttributeHead:
    """Tag and length of a KeyValue, its key, and tag and length of its value, for the kinds of values."""

    __slots__ = ("double", "false", "ints", "key", "nothing", "strings", "true")

    def __init__(self, key: bytes) -> None:
        self.key = key
        #: By the size of the text in bytes, as far as :meth:`of_string` was asked; by that of the varint.
        self.strings: dict[int, bytes] = {}
        self.ints = tuple([_attribute(key, b"\x12" + ONE_BYTE[size + 1] + b"\x18", size) for size in range(11)])
        self.double = _attribute(key, b"\x12\x09\x21", 8)
        self.true = _attribute(key, b"\x12\x02\x10\x01", 0)
        self.false = _attribute(key, b"\x12\x02\x10\x00", 0)
        self.nothing = _attribute(key, b"\x12\x00", 0)

    def of_string(self, size: int) -> bytes:
        """What stands before a text of so many bytes; kept where that is short."""
        length = varint(size)
        head = _attribute(self.key, b"\x12" + varint(1 + len(length) + size) + b"\x0a" + length, size)
        if size < _MOST_SIZES:
            self.strings[size] = head
        return head


#: By key, as far as :func:`attribute_head` was asked.
attribute_heads: Final[dict[str, AttributeHead]] = {}
#: By length, as far as :func:`record_head` was asked.
record_heads: Final[dict[int, bytes]] = {}


def attribute_head(key: str) -> AttributeHead:
    """What stands before an attribute's value.

    Raises:
        TypeError: The key is no plain string.
    """
    return _keep(attribute_heads, key, AttributeHead(field(b"\x0a", _plain(key).encode())))


def record_head(length: int) -> bytes:
    """Tag and length of a LogRecord."""
    head = b"\x12" + varint(length)
    if length < _MOST_LENGTHS:
        record_heads[length] = head
    return head


def text_field(kept: dict[str, bytes], tag: bytes, text: str) -> bytes:
    """A string field, which is kept by its text.

    Raises:
        TypeError: The text is no plain string.
    """
    known = kept.get(text)
    return known if known is not None else _keep(kept, text, field(tag, _plain(text).encode()))


def _keep(kept: dict[str, _Made], text: str, made: _Made) -> _Made:
    """Keep what was made of a text, if that is not too long."""
    if len(text) <= _LONGEST:
        if len(kept) >= _MOST:
            kept.clear()
        kept[text] = made
    return made


def _plain(text: str) -> str:
    if type(text) is not str:
        raise TypeError("no plain string")
    return text


def _attribute(key: bytes, value: bytes, size: int) -> bytes:
    """A KeyValue without the last ``size`` bytes of its value."""
    return b"\x32" + varint(len(key) + len(value) + size) + key + value
