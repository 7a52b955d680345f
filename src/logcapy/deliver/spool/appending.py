"""Adding frames to the end of a process's own backlog."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Sequence

from .backlog import Backlog
from .disk import Disk
from .frames import HEADER_BYTES, encode_head
from .segment import Segment

#: The disk, or the quota of the user, is full.
FULL_DISK = frozenset((errno.ENOSPC, errno.EDQUOT))


class Appender:
    """Writes into the growing segment of a backlog, and begins the next one where it is full.

    Args:
        disk: What to write with.
        backlog: Where the frames go.
        segment_bytes: After how many bytes the next segment begins.
        sync_each: Whether an append is only done when it would survive a loss of power.
        sync_sealed: Whether a full segment is synced when the next one begins.
    """

    def __init__(self, disk: Disk, backlog: Backlog, segment_bytes: int, *, sync_each: bool, sync_sealed: bool) -> None:
        #: Whether all that is stored would survive a loss of power.
        self.is_synced = True
        self._disk = disk
        self._backlog = backlog
        self._segment_bytes = segment_bytes
        self._sync_each = sync_each
        self._sync_sealed = sync_sealed
        self._descriptor: int | None = None
        self._segment: Segment | None = None
        self._created = 0
        self._folder_is_synced = False

    def append(self, frames: Sequence[tuple[bytes, int]], written_ms: int) -> tuple[int, OSError | None]:
        """Store frames by one write.

        Returns:
            How many of the frames are stored, counted from the first, and what kept the others from it.
        """
        size = sum(HEADER_BYTES + len(body) for body, _ in frames)
        try:
            segment, descriptor = self._room_for(size)
        except OSError as error:
            return 0, error
        was_synced, self.is_synced = self.is_synced, False
        written, failure = self._write(descriptor, _encoded(frames, self._backlog.end, written_ms, segment.salt))
        if failure is None and self._sync_each:
            failure = self._try_to_sync()
        if failure is None:
            self._book(segment, frames, size, written_ms)
            return len(frames), None
        stored, size = (0, 0) if self._sync_each else _whole(frames, written)
        self._book(segment, frames[:stored], size, written_ms)
        self.is_synced = was_synced and not stored
        self._take_back(descriptor, segment.size, failure)
        return stored, failure

    def sync(self) -> None:
        """Make what was stored survive a loss of power.

        Raises:
            OSError: The disk could not; the next call tries again.
        """
        if self._descriptor is not None:
            self._disk.sync(self._descriptor)
        if not self._folder_is_synced:
            self._disk.sync(self._backlog.folder)
            self._folder_is_synced = True
        self.is_synced = True

    def seal(self) -> None:
        """End the growing segment; the next append begins another."""
        descriptor, segment = self._descriptor, self._segment
        self._descriptor = self._segment = self._backlog.growing = None
        if descriptor is None or segment is None:
            return
        if self._sync_sealed and not self.is_synced:
            with contextlib.suppress(OSError):  # it is still read and sent while there is power
                self._disk.sync(descriptor)
        self._disk.close(descriptor)
        if segment.size == 0:
            self._backlog.drop_empty(segment)
        self._backlog.clear_away()

    def close(self) -> None:
        """End, without another segment to follow."""
        if not self.is_synced and self._sync_sealed:
            with contextlib.suppress(OSError):
                self.sync()
        self.seal()

    def _room_for(self, size: int) -> tuple[Segment, int]:
        segment = self._segment
        if segment is not None and (
            segment is not self._backlog.growing or (segment.size and segment.size + size > self._segment_bytes)
        ):
            self.seal()
        if self._segment is None or self._descriptor is None:
            self._begin()
        assert self._segment is not None
        assert self._descriptor is not None
        return self._segment, self._descriptor

    def _begin(self) -> None:
        backlog = self._backlog
        segment = Segment.new(backlog.end, self._created)
        self._created += 1
        self._folder_is_synced = False
        self._descriptor = self._disk.create(segment.name, backlog.folder)
        self._segment = backlog.growing = segment
        backlog.segments.append(segment)

    def _write(self, descriptor: int, data: bytes) -> tuple[int, OSError | None]:
        written = 0
        while written < len(data):
            try:
                count = self._disk.write(descriptor, data[written:] if written else data)
            except OSError as error:
                return written, error
            if count <= 0:
                return written, OSError(errno.EIO, "nothing was written")
            written += count
        return written, None

    def _try_to_sync(self) -> OSError | None:
        try:
            self.sync()
        except OSError as error:
            return error
        return None

    def _book(self, segment: Segment, frames: Sequence[tuple[bytes, int]], size: int, written_ms: int) -> None:
        if frames:
            segment.size += size
            segment.last_written_ms = written_ms
            self._backlog.grow(sum(count for _, count in frames), size, written_ms)

    def _take_back(self, descriptor: int, size: int, failure: OSError) -> None:
        """Cut off what was written in part. Where that fails, the next segment's first sequence says what counts."""
        try:
            self._disk.truncate(descriptor, size)
        except OSError:
            self.seal()
        else:
            if failure.errno not in FULL_DISK:
                self.seal()  # this file may be what is broken, or as long as the process's limit lets a file be


def _encoded(frames: Sequence[tuple[bytes, int]], sequence: int, written_ms: int, salt: int) -> bytes:
    parts: list[bytes] = []
    for body, count in frames:
        parts += (encode_head(body, count, sequence, written_ms, salt), body)
        sequence += count
    return b"".join(parts)


def _whole(frames: Sequence[tuple[bytes, int]], written: int) -> tuple[int, int]:
    """How many frames the first ``written`` bytes hold whole, and their bytes."""
    size = 0
    for stored, (body, _) in enumerate(frames):
        if size + HEADER_BYTES + len(body) > written:
            return stored, size
        size += HEADER_BYTES + len(body)
    return len(frames), size
