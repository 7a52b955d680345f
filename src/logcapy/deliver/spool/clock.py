"""The time of a spool."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Monotonic seconds, and Unix time that does not jump while the process runs.

    The wall clock is read once. It is needed because the age of a record goes on when its process has ended.

    Args:
        seconds: Monotonic.
        unix_seconds: The wall clock.
    """

    def __init__(
        self, seconds: Callable[[], float] = time.monotonic, unix_seconds: Callable[[], float] = time.time
    ) -> None:
        self.seconds = seconds
        self._difference = unix_seconds() - seconds()

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        return int((self._difference + self.seconds()) * 1000)
