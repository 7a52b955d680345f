"""One backlog that is being sent: too old frames left out, a disk that fails tried again later."""

from __future__ import annotations

from dataclasses import dataclass

from logcapy._guard import describe_error, say

from .backlog import Backlog
from .clock import Clock
from .disk import Disk
from .process_folder import ProcessFolder
from .segment import Frame

#: After half a minute it is not the cable.
_MOST_FAILURES = 6
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 30.0


@dataclass(slots=True)
class Source:
    """A backlog and what is needed to send it.

    Args:
        folder: Where it is.
        backlog: What is left.
        clock: Tells the time.
        taken_over_ms: When it was taken over from a dead process; None for this process's own.
    """

    folder: ProcessFolder
    backlog: Backlog
    clock: Clock
    taken_over_ms: int | None = None
    _failures: int = 0
    _resume_time: float = 0.0

    def front(self, max_age_ms: float | None) -> Frame | None:
        """The frame that is next to be sent; None if there is none, or the disk fails. Never raises."""
        if self.clock.seconds() < self._resume_time:
            return None
        try:
            frame = self.backlog.peek()
            while frame is not None and max_age_ms is not None and self._age_ms(frame.written_ms) > max_age_ms:
                self.backlog.expire(frame)
                frame = self.backlog.peek()
            if frame is None and not self.backlog.records:
                self.backlog.close()
        except OSError as error:
            self._pause(error)
            return None
        self._failures = 0
        return frame

    def age_seconds(self) -> float | None:
        """How long the oldest record has been on disk, as far as that is known; None if there is none."""
        written_ms = self.backlog.front_written_ms
        if written_ms is None or not self.backlog.records:
            return None
        return max(0.0, self._age_ms(written_ms) / 1000)

    def close(self, disk: Disk) -> None:
        """Leave it to another process."""
        self.backlog.close()
        self.folder.close(disk)

    def remove(self, disk: Disk, root: int) -> None:
        """Remove what is done, and its folder with it if that is all."""
        self.backlog.clear_away()
        self.backlog.close()
        self.folder.remove(disk, root)

    def _age_ms(self, written_ms: int) -> int:
        """By the wall clocks of two processes, but not less than what this one has seen of it."""
        now_ms = self.clock.now_ms()
        seen = now_ms - self.taken_over_ms if self.taken_over_ms is not None else 0
        return max(now_ms - written_ms, seen)

    def _pause(self, error: OSError) -> None:
        pause = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0 ** min(self._failures, 8))
        self._failures += 1
        self._resume_time = self.clock.seconds() + pause
        if self._failures > _MOST_FAILURES:
            self.backlog.skip_unreadable()
            self._failures = 0
        say("spool_read", f"the spool cannot be read and is tried again: {describe_error(error)}")
