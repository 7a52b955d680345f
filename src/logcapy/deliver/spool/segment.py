"""One file of the spool, and reading it: whole frames in order, however damaged it is between them."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from .disk import Disk
from .frames import HEADER_BYTES, MAGIC, MOST_SEQUENCE, Header, decode_head

_NAME = re.compile(r"([0-9a-f]{16})-([0-9a-f]{8})-([0-9a-f]{8})\.seg")
_BLOCK_BYTES = 256 * 1024
#: A segment ends after 4 MiB or one append. A file that says it is longer than this is not read to its end.
_MOST_BYTES = 256 * 1024 * 1024
#: What is checked in vain before the rest of a segment is given up. Without an end to it, a segment of forged heads
#: that each claim the whole of it would be read thousands of times.
_MOST_BYTES_IN_VAIN = 64 * 1024 * 1024


@dataclass(slots=True)
class Segment:
    """A file of frames.

    Args:
        first: The sequence of its first frame.
        number: How many segments were begun before it. Of two with the same first frame, the earlier is a failure.
        salt: What its checksums start from.
        size: Bytes that count: what stands behind them in the file is a write that failed.
        last_written_ms: When the newest frame was written, if this process wrote it.
    """

    first: int
    number: int
    salt: int
    size: int
    last_written_ms: int | None = None

    @property
    def name(self) -> str:
        """``<first>-<number>-<salt>.seg``, hexadecimal, so that the order of names is the order of frames."""
        return f"{self.first:016x}-{self.number:08x}-{self.salt:08x}.seg"

    @classmethod
    def new(cls, first: int, number: int) -> Segment:
        """An empty one that begins with a sequence."""
        return cls(first, number, secrets.randbits(32), 0)

    @classmethod
    def named(cls, name: str, size: int) -> Segment | None:
        """The segment that a file's name tells of, or None if it is no segment."""
        match = _NAME.fullmatch(name)
        if match is None or int(match[1], 16) >= MOST_SEQUENCE:
            return None
        return cls(int(match[1], 16), int(match[2], 16), int(match[3], 16), min(size, _MOST_BYTES))


@dataclass(frozen=True, slots=True)
class Frame:
    """What one request carries.

    Args:
        body: The payload.
        count: How many records are in it.
        sequence: How many records were stored before it by the process that stored it.
        written_ms: When it was stored, Unix time in milliseconds.
        end: Where the next frame begins, in bytes of its segment.
    """

    body: bytes
    count: int
    sequence: int
    written_ms: int
    end: int

    @property
    def next_sequence(self) -> int:
        """The sequence of the frame behind it."""
        return self.sequence + self.count


class SegmentReader:
    """Reads ahead in blocks. Raises :class:`OSError` where the disk does.

    Args:
        disk: What to read with.
        descriptor: Of the file; closing it is the caller's.
        segment: Tells the salt, and how far to read: it may grow meanwhile.
    """

    def __init__(self, disk: Disk, descriptor: int, segment: Segment) -> None:
        self._disk = disk
        self._descriptor = descriptor
        self._segment = segment
        self._block = b""
        self._block_start = 0
        self._bytes_in_vain = 0

    def next(self, offset: int) -> Frame | None:
        """The first whole frame at ``offset`` or behind it; None if there is none."""
        while offset + HEADER_BYTES <= self._segment.size and self._bytes_in_vain < _MOST_BYTES_IN_VAIN:
            frame = self._frame_at(offset)
            if frame is not None:
                return frame
            offset = self._next_magic(offset + 1)
        return None

    def head_at(self, offset: int) -> Header | None:
        """What looks like the head of a frame, whether or not the frame is whole."""
        if offset + HEADER_BYTES > self._segment.size:
            return None
        data = self._bytes(offset, HEADER_BYTES)
        return decode_head(data) if len(data) == HEADER_BYTES else None

    def _frame_at(self, offset: int) -> Frame | None:
        head = self.head_at(offset)
        start = offset + HEADER_BYTES
        if head is None or start + head.length > self._segment.size:
            return None
        body = self._bytes(start, head.length)
        if len(body) < head.length or not head.fits(body, self._segment.salt):
            self._bytes_in_vain += HEADER_BYTES + len(body)
            return None
        return Frame(body, head.count, head.sequence, head.written_ms, start + head.length)

    def _next_magic(self, offset: int) -> int:
        """Where the next magic number is; the end of the segment if there is none."""
        while offset + HEADER_BYTES <= self._segment.size:
            self._bytes(offset, HEADER_BYTES)
            found = self._block.find(MAGIC, offset - self._block_start)
            if found >= 0:
                return self._block_start + found
            end = self._block_start + len(self._block)
            if end - offset < HEADER_BYTES:
                break
            offset = end - len(MAGIC) + 1
        return self._segment.size

    def _bytes(self, offset: int, size: int) -> bytes:
        """``size`` bytes, fewer where the file is shorter than it should be; also fills the block from there on."""
        start = offset - self._block_start
        if start < 0 or start + size > len(self._block):
            wanted = min(max(size, _BLOCK_BYTES), self._segment.size - offset)
            try:
                self._block = self._read(offset, wanted)
            except OSError:  # perhaps only ahead of what is asked for
                self._block = self._read(offset, size)
            self._block_start, start = offset, 0
        return self._block[start : start + size]

    def _read(self, offset: int, size: int) -> bytes:
        parts = []
        while size > 0:
            part = self._disk.read(self._descriptor, size, offset)
            if not part:
                break
            parts.append(part)
            offset += len(part)
            size -= len(part)
        return b"".join(parts)
