"""What a process that is gone has left behind, put in order for another to send."""

from __future__ import annotations

import stat
from collections import deque
from collections.abc import Callable

from .backlog import Backlog
from .cursor import read_cursor
from .disk import Disk, opened
from .segment import Segment, SegmentReader


def left_in(disk: Disk, folder: int, lost: Callable[[str, int], None]) -> Backlog:
    """The backlog in a process's folder. Nothing is changed in it yet.

    A segment that is missing before the first one counts as done. What is missing later counts as left, and is found
    to be lost when it is read.

    Raises:
        OSError: The disk fails.
    """
    segments = _segments(disk, folder)
    cursor = read_cursor(disk, folder)
    end = _end(disk, folder, segments[-1]) if segments else 0
    position, offset = segments[0].first if segments else end, 0
    if cursor is not None:
        position, end = max(position, cursor.position), max(end, cursor.end)
        if segments and segments[0].number == cursor.segment and cursor.offset <= segments[0].size:
            offset = cursor.offset
    return Backlog(disk, folder, lost, segments, position, end, offset)


def _segments(disk: Disk, folder: int) -> deque[Segment]:
    found = []
    for name in sorted(disk.names(folder)):
        try:
            status = disk.status(name, folder)
        except FileNotFoundError:  # its process lives, and has removed it in between
            continue
        segment = Segment.named(name, status.size)
        if segment is not None and stat.S_ISREG(status.mode):
            found.append(segment)
    return deque(found)


def _end(disk: Disk, folder: int, last: Segment) -> int:
    """The sequence behind the last frame, whole or not, that can be told from the last segment."""
    with opened(disk, disk.open(last.name, folder)) as descriptor:
        reader = SegmentReader(disk, descriptor, last)
        offset, end = 0, last.first
        while (frame := reader.next(offset)) is not None:
            offset = frame.end
            if end <= frame.sequence:
                end = frame.next_sequence
        head = reader.head_at(offset)
    if head is not None and head.sequence == end:  # the head of a frame that is not whole
        end += head.count
    return end
