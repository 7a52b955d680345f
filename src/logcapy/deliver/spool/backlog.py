"""What one process has left to send: a chain of segments, read from its front.

Records are told apart by their sequence alone. ``position`` is the sequence that is next to be sent, ``end`` the one
that the next stored record gets, and a segment goes up to where the next one begins. So what is left is ``end -
position``, and wherever reading finds a later sequence than it expected, the difference is what was lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from .cursor import Cursor, write_cursor
from .disk import Disk
from .front_segment import FrontSegment
from .segment import Frame, Segment

DAMAGED, FULL, EXPIRED = "spool_damaged", "spool_full", "spool_expired"


class Backlog:
    """The frames in one process's folder. Methods that read raise :class:`OSError` where the disk does.

    Args:
        disk: What to work with.
        folder: Descriptor of the folder; closing it is the caller's.
        lost: Told the reason and the count of records that are gone.
        segments: What is there, in order.
        position: The sequence that is next to be sent.
        end: The sequence that the next stored record gets.
        offset: Where in the first segment to begin to read.
    """

    def __init__(
        self,
        disk: Disk,
        folder: int,
        lost: Callable[[str, int], None],
        segments: deque[Segment] | None = None,
        position: int = 0,
        end: int = 0,
        offset: int = 0,
    ) -> None:
        self.folder = folder
        self.segments = segments if segments is not None else deque()
        self.position = position
        self.end = end
        self.size_bytes = sum(segment.size for segment in self.segments)
        #: When the record at the front was stored, as far as that is known; Unix time in milliseconds.
        self.front_written_ms: int | None = None
        #: The segment that frames are still added to, which stays when all in it is done.
        self.growing: Segment | None = None
        self.cursor_is_stale = False
        #: Whether the frame at the front is on its way: then it is not lost with its segment.
        self.is_sending = False
        self._disk = disk
        self._lost = lost
        self._reading = FrontSegment(disk, folder, offset)
        self._front: Frame | None = None
        self._afloat: Frame | None = None
        self._undeleted: list[Segment] = []

    @property
    def records(self) -> int:
        """How many are left. A frame that is being sent is one of them, even if its segment was evicted meanwhile."""
        afloat = self._afloat
        return self.end - self.position + (afloat.count if afloat is not None else 0)

    def peek(self) -> Frame | None:
        """The frame that is next to be sent; the same one until it is :meth:`done` or skipped."""
        if self._afloat is not None:
            return self._afloat
        while self._front is None and self.position < self.end:
            self._read_on()
        return self._front

    def _read_on(self) -> None:
        """One step towards the next frame: find one, or leave a segment behind."""
        if not self.segments:
            self._jump(self.end, DAMAGED)
            return
        segment = self.segments[0]
        limit = self._limit()
        if self.position >= limit:
            self._remove_front()
            return
        if self.position < segment.first:
            self._jump(segment.first, DAMAGED)
        frame = self._reading.next(segment)
        if frame is None:
            if segment is self.growing:
                self.growing = None
            self._jump(limit, DAMAGED)
            return
        # Before the position: done already. Beyond the limit: the ghost of a write that was taken back.
        if self.position <= frame.sequence and frame.next_sequence <= limit:
            self._jump(frame.sequence, DAMAGED)
            self._front = frame
            self.front_written_ms = frame.written_ms

    def skip_unreadable(self) -> None:
        """Give up the bytes at the front that the disk does not give, if it gives any behind them."""
        self._reading.skip_unreadable(self.segments[0], self.segments[1] if len(self.segments) > 1 else None)

    def grow(self, count: int, size: int, written_ms: int) -> None:
        """Records were stored in the growing segment."""
        if self.position >= self.end:
            self.front_written_ms = written_ms
        self.end += count
        self.size_bytes += size

    def drop_empty(self, segment: Segment) -> None:
        """Remove the last segment, into which nothing was stored."""
        if self.segments and self.segments[-1] is segment:
            if len(self.segments) == 1:
                self._remove_front()
            else:
                self.segments.pop()
                self._unlink(segment)

    def done(self, frame: Frame) -> None:
        """The frame of :meth:`peek` has reached its destination."""
        if frame is self._afloat:
            self._afloat = None
        elif frame is self._front:
            self._pass(frame)

    def expire(self, frame: Frame) -> None:
        """The frame of :meth:`peek` is too old."""
        self.done(frame)
        self._lost(EXPIRED, frame.count)

    def evict(self) -> int:
        """Give up the oldest segment; returns the bytes that this frees. A frame that is being sent is not lost."""
        segment, limit = self.segments[0], self._limit()
        self._keep_front_afloat()
        self._jump(max(limit, self.position), FULL)
        if segment is self.growing:
            self.growing = None
        self._remove_front()
        return segment.size

    def abandon(self, reason: str) -> None:
        """All of it is gone, but for a frame that is being sent."""
        self._keep_front_afloat()
        self._jump(self.end, reason)
        self.segments.clear()
        self.size_bytes = 0
        self.growing = None

    def forget_evicted(self, reason: str) -> None:
        """Give up the frame that is only in memory."""
        if self._afloat is not None:
            count, self._afloat = self._afloat.count, None
            self._lost(reason, count)

    def clear_away(self) -> None:
        """Remove what is done; what cannot be removed now is tried again at the next call."""
        while self.segments and self.segments[0] is not self.growing and self.position >= self._limit():
            self._remove_front()
        undeleted, self._undeleted = self._undeleted, []
        for segment in undeleted:
            self._unlink(segment)

    def write_cursor(self) -> None:
        """Put down how far it is done. Never raises: see ``cursor_is_stale``."""
        number = self.segments[0].number if self.segments else 0
        offset = self._reading.offset if self._front is None else 0
        try:
            write_cursor(self._disk, self.folder, Cursor(number, offset, self.position, self.end))
        except OSError:
            self.cursor_is_stale = True
        else:
            self.cursor_is_stale = False

    def close(self) -> None:
        """Close the segment that is being read."""
        self._reading.close()

    def _limit(self) -> int:
        """The sequence at which the first segment ends."""
        return self.segments[1].first if len(self.segments) > 1 else self.end

    def _pass(self, frame: Frame) -> None:
        self.position = frame.next_sequence
        self._front = None
        if self.position >= self.end:
            self.front_written_ms = None
        self.write_cursor()
        self.clear_away()

    def _keep_front_afloat(self) -> None:
        front, self._front = self._front, None
        if front is not None and self.is_sending:
            self._afloat = front
            self.position = front.next_sequence

    def _jump(self, position: int, reason: str) -> None:
        missing, self.position = position - self.position, position
        if self.position >= self.end and self._afloat is None:
            self.front_written_ms = None
        if missing > 0:
            self._lost(reason, missing)

    def _remove_front(self) -> None:
        """Leave the first segment behind. The cursor goes first: without it a segment more would be read again."""
        segment = self.segments.popleft()
        self._reading.leave()
        self.size_bytes -= segment.size
        self.write_cursor()
        self._unlink(segment)

    def _unlink(self, segment: Segment) -> None:
        try:
            self._disk.unlink(segment.name, self.folder)
        except FileNotFoundError:
            pass
        except OSError:
            self._undeleted.append(segment)
