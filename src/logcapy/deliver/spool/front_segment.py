"""The segment at the front of a backlog, while it is read."""

from __future__ import annotations

import errno

from .disk import Disk
from .segment import Frame, Segment, SegmentReader

#: Somebody has removed a segment or put something else in its place: waiting does not bring it back.
_NOT_A_FILE = frozenset((errno.ENOENT, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.ESPIPE))
_PAGE_BYTES = 4096


class FrontSegment:
    """Opens one segment at a time, and knows how far it was read.

    Args:
        disk: What to read with.
        folder: Descriptor of the folder.
        offset: Where in the first segment to begin.
    """

    def __init__(self, disk: Disk, folder: int, offset: int) -> None:
        self.offset = offset
        self._disk = disk
        self._folder = folder
        self._descriptor: int | None = None
        self._reader: SegmentReader | None = None

    def next(self, segment: Segment) -> Frame | None:
        """The next whole frame; None if there is none, because the file ends or is gone.

        Raises:
            OSError: The disk fails.
        """
        try:
            frame = self._open(segment).next(self.offset)
        except OSError as error:
            if error.errno not in _NOT_A_FILE:
                raise
            frame = None
        self.offset = frame.end if frame is not None else segment.size
        return frame

    def skip_unreadable(self, segment: Segment, following: Segment | None) -> None:
        """Pass the bytes that the disk does not give, if it gives any behind them, here or in the next segment."""
        failed = False
        for page in range(self.offset - self.offset % _PAGE_BYTES, segment.size, _PAGE_BYTES):
            if not self._can_read(segment, page):
                failed = True
            elif failed:
                self.offset = page
                return
        if failed and following is not None:
            self.close()
            if self._can_read(following, 0):
                self.offset = segment.size
            self.close()

    def leave(self) -> None:
        """The next one is another."""
        self.close()
        self.offset = 0

    def close(self) -> None:
        """Close it; it is opened again when it is read on."""
        if self._descriptor is not None:
            self._disk.close(self._descriptor)
        self._descriptor = self._reader = None

    def _open(self, segment: Segment) -> SegmentReader:
        if self._reader is None:
            self._descriptor = self._disk.open(segment.name, self._folder)
            self._reader = SegmentReader(self._disk, self._descriptor, segment)
        return self._reader

    def _can_read(self, segment: Segment, offset: int) -> bool:
        try:
            self._open(segment)
            assert self._descriptor is not None
            self._disk.read(self._descriptor, 1, offset)
        except OSError:
            return False
        return True
