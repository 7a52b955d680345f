"""What this process writes: its folder, its backlog and the moment when it is synced."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .appending import Appender
from .backlog import DAMAGED, Backlog
from .clock import Clock
from .disk import Disk
from .process_folder import new_process_folder
from .source import Source

FSYNC_MODES = ("interval", "none", "batch")
_SYNC_SECONDS = 0.5
_IDLE_SECONDS = 1.0


class Own:
    """This process's part of a spool, which begins when the disk lets it.

    Args:
        disk: What to work with.
        clock: Tells when a frame is written.
        fsync: One of ``FSYNC_MODES``.
        segment_bytes: After how many bytes the next segment begins.
        lost: Told the reason and the count of records that are gone.
    """

    def __init__(
        self, disk: Disk, clock: Clock, fsync: str, segment_bytes: int, lost: Callable[[str, int], None]
    ) -> None:
        self.source: Source | None = None
        self._disk = disk
        self._clock = clock
        self._fsync = fsync
        self._segment_bytes = segment_bytes
        self._lost = lost
        self._appender: Appender | None = None
        self._unsynced_since: float | None = None
        self._last_append = 0.0

    def begin(self, root: int) -> None:
        """Make the folder.

        Raises:
            OSError: The disk fails.
        """
        folder = new_process_folder(self._disk, root, self._clock.now_ms(), sync=self._fsync != "none")
        backlog = Backlog(self._disk, folder.descriptor, self._lost)
        self.source = Source(folder, backlog, self._clock)
        self._appender = Appender(
            self._disk,
            backlog,
            self._segment_bytes,
            sync_each=self._fsync == "batch",
            sync_sealed=self._fsync != "none",
        )

    def append(self, frames: Sequence[tuple[bytes, int]]) -> tuple[int, OSError | None]:
        """Store frames; returns how many of them, and what kept the others from it."""
        assert self._appender is not None
        stored, failure = self._appender.append(frames, self._clock.now_ms())
        if stored:
            self._last_append = self._clock.seconds()
            if self._unsynced_since is None and not self._appender.is_synced:
                self._unsynced_since = self._last_append
        return stored, failure

    def abandon(self) -> Source | None:
        """Leave a folder that is gone; returns what remains of it: a frame that is being sent."""
        source, self.source = self.source, None
        if self._appender is not None:
            self._appender.close()
        self._appender = self._unsynced_since = None
        if source is None:
            return None
        source.backlog.abandon(DAMAGED)
        source.close(self._disk)
        return source if source.backlog.records else None

    def sync_when_due(self) -> float | None:
        """Sync every 500 ms what was stored; returns the seconds until it is due, None for nothing to do.

        Raises:
            OSError: The disk fails; it is due again.
        """
        if self._unsynced_since is None or self._appender is None or self._fsync != "interval":
            return None
        remaining = self._unsynced_since + _SYNC_SECONDS - self._clock.seconds()
        if remaining > 0:
            return remaining
        self._unsynced_since = self._clock.seconds()
        self._appender.sync()
        self._unsynced_since = None
        return None

    def clear_when_idle(self) -> float | None:
        """Remove the last segment too when all in it is done; returns the seconds until it may go, None for none."""
        if self.source is None or self._appender is None:
            return None
        backlog = self.source.backlog
        if backlog.records or not backlog.segments:
            return None
        remaining = self._last_append + _IDLE_SECONDS - self._clock.seconds()
        if remaining > 0:
            return remaining
        self._appender.seal()
        self.source.backlog.close()
        return None

    def end(self, root: int | None) -> None:
        """Leave what is left to another process, in order; remove the folder if nothing is. Never raises."""
        source = self.source
        if source is None or self._appender is None:
            return
        self._appender.close()
        source.backlog.clear_away()
        if source.backlog.records or root is None:
            source.backlog.write_cursor()
            source.close(self._disk)
        else:
            source.remove(self._disk, root)
