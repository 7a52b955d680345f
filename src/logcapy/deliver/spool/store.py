"""The spool: payloads on disk until they are sent, through crashes, full disks and damage."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from logcapy._guard import describe_error, say
from logcapy.errors import SpoolError

from .adopting import Adopting
from .appending import FULL_DISK
from .backlog import FULL
from .clock import Clock
from .disk import Disk, FileSystemDisk
from .folder import open_spool_folder
from .frames import HEADER_BYTES, MOST_RECORDS
from .own import FSYNC_MODES, Own
from .quota import Quota
from .segment import Frame
from .source import Source
from .turns import Turns

FAILED = "spool_failed"
_SEGMENT_BYTES, _SMALLEST_SEGMENT_BYTES = 4 * 1024 * 1024, 4096
_RETRY_SECONDS = 1.0


class Spool:
    """What one process keeps on disk for one destination. Safe in threads; calls may wait for the disk.

    ``records`` is exact: what was appended or adopted, and is neither done nor lost. The callbacks are called in the
    middle of a call and must not call the spool; its properties they may read.

    Args:
        folder: Of the destination. Each writing process has a folder of its own in it.
        max_bytes: The most that this process keeps, adopted orphans included.
        max_age_seconds: After how long a record is given up; None for never. Across processes this is told by the wall
            clock, all else by the monotonic one.
        fsync: ``none``; ``interval``, every 500 ms; ``batch``, before each append returns.
        evict_oldest: What a full spool does: True gives up the oldest segment, False refuses the newest frames.
        lost: Told reason and count of records that were stored and are gone: ``spool_full`` (evicted),
            ``spool_expired``, ``spool_damaged``.
        adopted: Told the count of records that were taken over from a process that is gone.
        disk: The file system; another one for tests.
        clock: The time; another one for tests.

    Raises:
        SpoolError: The folder must not be used. A disk that is full, fails or is read-only does not raise: the
            spool begins when it can.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int,
        max_age_seconds: float | None,
        fsync: str,
        evict_oldest: bool,
        lost: Callable[[str, int], None],
        adopted: Callable[[int], None],
        disk: Disk | None = None,
        clock: Clock | None = None,
    ) -> None:
        if fsync not in FSYNC_MODES:
            raise ValueError(f"fsync must be one of {', '.join(FSYNC_MODES)}, not {fsync!r}")
        #: Why the last append stored less than it was given: ``spool_full``, ``spool_failed``; empty if it did not.
        self.refused_because = ""
        self._folder = folder
        self._max_age_ms = None if max_age_seconds is None else max_age_seconds * 1000
        self._quota = Quota(max_bytes, evict_oldest=evict_oldest)
        self._disk: Disk = disk if disk is not None else FileSystemDisk()
        self._clock = clock if clock is not None else Clock()
        self._lock = threading.RLock()
        self._root: int | None = None
        segment_bytes = min(_SEGMENT_BYTES, max(max_bytes // 8, _SMALLEST_SEGMENT_BYTES))
        self._own = Own(self._disk, self._clock, fsync, segment_bytes, lost)
        self._adopting = Adopting(self._disk, self._clock, lost, adopted)
        self._turns = Turns(lambda source: source.front(self._max_age_ms))
        self._ended = False
        self._next_start = float("-inf")
        try:
            self._start()
        except OSError as error:
            self._say_failed(error)

    @property
    def records(self) -> int:
        """How many records are on disk."""
        return sum(source.backlog.records for source in self._sources())

    @property
    def size_bytes(self) -> int:
        """The bytes of the segments that hold them."""
        return sum(source.backlog.size_bytes for source in self._sources())

    @property
    def oldest_age_seconds(self) -> float | None:
        """How long the oldest record has been there; None if there is none."""
        ages = (source.age_seconds() for source in self._sources())
        return max((age for age in ages if age is not None), default=None)

    def append(self, frames: Sequence[tuple[bytes, int]]) -> int:
        """Store payloads, each with its count of records, by one write. Never raises for a disk that fails.

        Returns:
            How many records are stored: all of the first frames. The others are the caller's to count, by
            ``refused_because``; ``lost`` is not told of them.

        Raises:
            ValueError: A count is not 1 to 2**24.
        """
        if any(not 0 < count <= MOST_RECORDS for _, count in frames):
            raise ValueError(f"a frame holds 1 to {MOST_RECORDS} records")
        with self._lock:
            self.refused_because = ""
            stored = 0 if self._ended else self._append(frames)
            if stored < len(frames) and not self.refused_because:
                self.refused_because = FAILED
            return sum(count for _, count in frames[:stored])

    def _append(self, frames: Sequence[tuple[bytes, int]]) -> int:
        stored = 0
        for _ in range(2):  # a new segment, a new folder or an evicted segment may help; if not, nothing does now
            if not self._is_writable():
                return stored
            fitting = self._quota.make_room(self._sources(), frames[stored:])
            more, failure = self._own.append(frames[stored : stored + fitting]) if fitting else (0, None)
            stored += more
            if failure is None:
                if stored < len(frames):
                    self.refused_because = FULL
                return stored
            self.refused_because = FULL if failure.errno in FULL_DISK else FAILED
            self._say_failed(failure)
            self._mend(failure, frames[stored:])
        return stored

    def oldest(self) -> Frame | None:
        """The frame to send next: the same one until it is :meth:`done`, expired, or cannot be read. Never raises.

        Whoever calls it is not sending: a frame that was handed out before may expire now.
        """
        with self._lock:
            return None if self._ended else self._turns.next(self._adopting.sources, self._own.source)

    def done(self, frame: Frame) -> None:
        """A frame of :meth:`oldest` needs no sending any more. Never raises."""
        with self._lock:
            self._turns.done(frame)
            if self._root is not None:
                self._adopting.remove_sent(self._root)

    def tend(self) -> float | None:
        """Do what is due: sync, expire, clear away, look for orphans. Never raises. The first call takes over orphans.

        Returns:
            In how many seconds it wants to be called again; None for never, it is closed.
        """
        with self._lock:
            if self._ended:
                return None
            due = [_RETRY_SECONDS] if not self._is_writable() else []
            for task in (self._own.sync_when_due, self._look_for_orphans, self._expire, self._clear_away):
                try:
                    seconds = task()
                except OSError as error:
                    self._say_failed(error)
                    seconds = _RETRY_SECONDS
                if seconds is not None:
                    due.append(seconds)
            return min(due)

    def close(self) -> None:
        """Leave what is there to the next process, synced as configured. ``records`` stays as it is. Never raises."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            self._turns.forget()
            for source in self._sources():
                source.backlog.forget_evicted(FULL)
            self._own.end(self._root)
            self._adopting.end(self._root)
            if self._root is not None:
                self._disk.close(self._root)

    def forget_in_child(self) -> None:
        """In a forked child: close everything; the parent's lock and records stay the parent's."""
        self._lock = threading.RLock()
        self._ended = True
        self._turns.forget()
        self._own.source = None
        self._adopting.sources = []
        self._disk.close_all()

    # With the lock held

    def _sources(self) -> list[Source]:
        """What is there, the oldest first."""
        own = self._own.source
        return [*self._adopting.sources, own] if own is not None else list(self._adopting.sources)

    def _is_writable(self) -> bool:
        """Whether there is a folder to write to; one is made where there is none, at most once a second."""
        if self._own.source is not None:
            return True
        if self._clock.seconds() >= self._next_start:
            try:
                self._start()
            except (OSError, SpoolError) as error:
                self._say_failed(error)
        return self._own.source is not None

    def _start(self) -> None:
        self._next_start = self._clock.seconds() + _RETRY_SECONDS
        if self._root is None:
            self._root = open_spool_folder(self._folder, self._disk)
        try:
            self._own.begin(self._root)
        except FileNotFoundError:  # somebody has removed the root
            self._leave_root(self._root)
            raise

    def _mend(self, failure: OSError, rest: Sequence[tuple[bytes, int]]) -> None:
        """Make it likelier that what failed works next time."""
        if failure.errno in FULL_DISK and self._quota.evicts:
            self._quota.evict(self._sources(), sum(HEADER_BYTES + len(body) for body, _ in rest))
        elif failure.errno == errno.ENOENT:  # somebody has removed the folder
            remains = self._own.abandon()
            if remains is not None:
                self._adopting.sources.append(remains)
            if self._root is not None:
                self._leave_root(self._root)

    def _leave_root(self, root: int) -> None:
        self._disk.close(root)
        self._root, self._next_start = None, float("-inf")

    def _expire(self) -> float | None:
        """Leave out what is too old, but not what may be on its way at this moment."""
        if self._max_age_ms is None:
            return None
        for source in self._sources():
            if source is not self._turns.sending:
                source.front(self._max_age_ms)
        return 1.0 if self.records else None

    def _clear_away(self) -> float | None:
        for source in self._sources():
            if source.backlog.cursor_is_stale:
                source.backlog.write_cursor()
            source.backlog.clear_away()
        if self._root is not None:
            self._adopting.remove_sent(self._root)
        return self._own.clear_when_idle()

    def _look_for_orphans(self) -> float | None:
        if self._root is None:
            return None
        return self._adopting.look_when_due(self._root, lambda: self._quota.room(self._sources()))

    def _say_failed(self, error: Exception) -> None:
        say("spool_failed", f"the spool in {self._folder} cannot be written: {describe_error(error)}")
