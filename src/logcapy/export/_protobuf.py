"""The protobuf wire format, as much of it as OTLP logs need.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

#: The varints of 0 to 127, by number.
ONE_BYTE: Final = tuple(bytes((number,)) for number in range(128))
#: The same where another byte follows.
_MORE: Final = tuple(bytes((number | 128,)) for number in range(128))
_UINT64: Final = (1 << 64) - 1


def varint(number: int) -> bytes:
    """A number as a varint; a negative one as its 64-bit two's complement.

    Args:
        number: From -2**63 to 2**64 - 1; the caller has looked.
    """
    if 0 <= number < 128:
        return ONE_BYTE[number]
    if 0 <= number < 16384:
        return _MORE[number & 127] + ONE_BYTE[number >> 7]
    if 0 <= number < 2097152:
        return _MORE[number & 127] + _MORE[number >> 7 & 127] + ONE_BYTE[number >> 14]
    number &= _UINT64
    groups = bytearray()
    while number > 127:
        groups.append(number & 127 | 128)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def field(tag: bytes, content: bytes) -> bytes:
    """A length-delimited field: a message, a string or bytes."""
    return tag + varint(len(content)) + content


def read_fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message from elsewhere, as (number, value).

    Args:
        message: What came over the network.

    Yields:
        An int for a varint, bytes for what is length-delimited; fixed-width fields are passed over.

    Raises:
        ValueError: It is no protobuf message.
    """
    position = 0
    while position < len(message):
        tag, position = _read_varint(message, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == 0:
            value, position = _read_varint(message, position)
            yield number, value
        elif wire_type == 2:
            length, position = _read_varint(message, position)
            if length > len(message) - position:
                raise ValueError("a field is longer than its message")
            yield number, message[position : position + length]
            position += length
        elif wire_type in (1, 5):
            position += 8 if wire_type == 1 else 4
        else:
            raise ValueError(f"wire type {wire_type} is not in use")


def read_raw_fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The fields of a message from elsewhere, as (number, the whole field, the content of a length-delimited one).

    Args:
        message: What is to be put together anew: joined, the whole fields are the message.

    Raises:
        ValueError: It is no protobuf message.
    """
    position = 0
    while position < len(message):
        begin = position
        tag, position = _read_varint(message, position)
        wire_type, content = tag & 7, b""
        if wire_type == 0:
            _, position = _read_varint(message, position)
        elif wire_type == 2:
            length, position = _read_varint(message, position)
            content = message[position : position + length]
            position += length
        elif wire_type in (1, 5):
            position += 8 if wire_type == 1 else 4
        else:
            raise ValueError(f"wire type {wire_type} is not in use")
        if position > len(message):
            raise ValueError("a field is longer than its message")
        yield tag >> 3, message[begin:position], content


def _read_varint(message: bytes, position: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            break
        byte = message[position]
        position += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number & _UINT64, position
    raise ValueError("a varint does not end")
