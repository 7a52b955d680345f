"""How far a backlog is done, on disk: advisory, because a stale one only sends something twice."""

from __future__ import annotations

import struct
from typing import NamedTuple
from zlib import crc32

from .disk import Disk, opened
from .frames import MOST_SEQUENCE

CURSOR = "cursor"
_NEW_CURSOR = "cursor.new"
_MAGIC = b"LCC\x01"
_CURSOR = struct.Struct(">4sIQQQQ")
_CHECKED = struct.Struct(">QQQQ")


class Cursor(NamedTuple):
    """A place in a backlog.

    Args:
        segment: The number of the segment.
        offset: Where in it the next frame begins.
        position: The sequence that is next to be sent.
        end: The sequence that the next stored record would have had: tells what is missing at the end.
    """

    segment: int
    offset: int
    position: int
    end: int


def write_cursor(disk: Disk, folder: int, cursor: Cursor) -> None:
    """Put a cursor in the place of the one before it, in one step.

    Raises:
        OSError: It could not be written; the one before it is still there.
    """
    checksum = crc32(_CHECKED.pack(*cursor))
    try:
        descriptor = disk.create(_NEW_CURSOR, folder)
    except FileExistsError:  # left by a process that ended in between
        disk.unlink(_NEW_CURSOR, folder)
        descriptor = disk.create(_NEW_CURSOR, folder)
    with opened(disk, descriptor):
        if disk.write(descriptor, _CURSOR.pack(_MAGIC, checksum, *cursor)) < _CURSOR.size:
            raise OSError("the cursor was written in part")
    disk.rename(_NEW_CURSOR, CURSOR, folder)


def read_cursor(disk: Disk, folder: int) -> Cursor | None:
    """The cursor of a folder; None if there is none that makes sense.

    Raises:
        OSError: The disk fails.
    """
    try:
        descriptor = disk.open(CURSOR, folder)
    except FileNotFoundError:
        return None
    with opened(disk, descriptor):
        data = disk.read(descriptor, _CURSOR.size + 1, 0)
    if len(data) != _CURSOR.size:
        return None
    magic, checksum, *fields = _CURSOR.unpack(data)
    cursor = Cursor(*fields)
    if (
        magic != _MAGIC
        or checksum != crc32(_CHECKED.pack(*cursor))
        or not cursor.position <= cursor.end < MOST_SEQUENCE
    ):
        return None
    return cursor
