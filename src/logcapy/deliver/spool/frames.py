"""The bytes of a segment: frames that find themselves again after damage.

::

    magic 4 | crc32 4 | length 4 | sequence 8 | records 4 | written 8 | payload (length bytes)

Big-endian. The sequence of a frame is the number of records that were stored before it, so what is missing between
two frames is known to the record. ``written`` is Unix time in milliseconds. The checksum covers all that follows it and
starts from a number that is in the name of the segment and nowhere else: a payload that quotes a frame, or a block of
an older segment that a file system gives back after a loss of power, is no frame of this one.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from zlib import crc32

MAGIC = b"\xc1LC\x01"
HEADER_BYTES = 32
#: What is longer is not stored, and no frame where it is read. Intakes end far below.
MOST_BODY_BYTES = 32 * 1024 * 1024
#: The most records of one frame.
MOST_RECORDS = 2**24
#: Sequences and what is missing stay within what a signed 64-bit counter of a metric holds.
MOST_SEQUENCE = 2**62

_HEADER = struct.Struct(">4sIIQIQ")
_CHECKED = struct.Struct(">IQIQ")


@dataclass(frozen=True, slots=True)
class Header:
    """The head of a frame, not yet verified."""

    checksum: int
    length: int
    sequence: int
    count: int
    written_ms: int

    def fits(self, body: bytes | memoryview, salt: int) -> bool:
        """Whether a body belongs to this head, and both to the segment."""
        return _checksum(body, self.sequence, self.count, self.written_ms, salt) == self.checksum


def encode_head(body: bytes, count: int, sequence: int, written_ms: int, salt: int) -> bytes:
    """The head of a frame; its body follows it.

    Args:
        body: The payload.
        count: How many records are in it, 1 or more.
        sequence: How many records were stored before it.
        written_ms: Unix time in milliseconds.
        salt: Of the segment.
    """
    checksum = _checksum(body, sequence, count, written_ms, salt)
    return _HEADER.pack(MAGIC, checksum, len(body), sequence, count, written_ms)


def decode_head(data: bytes | memoryview) -> Header | None:
    """The head that ``HEADER_BYTES`` bytes are, if they could be one."""
    magic, checksum, length, sequence, count, written_ms = _HEADER.unpack(data)
    if magic != MAGIC or length > MOST_BODY_BYTES or not 0 < count <= MOST_RECORDS or sequence >= MOST_SEQUENCE:
        return None
    return Header(checksum, length, sequence, count, written_ms)


def _checksum(body: bytes | memoryview, sequence: int, count: int, written_ms: int, salt: int) -> int:
    return crc32(body, crc32(_CHECKED.pack(len(body), sequence, count, written_ms), salt))
