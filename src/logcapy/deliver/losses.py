"""When records were lost, for as long as health tells of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from .accounting import Stats

#: How long a loss is told of.
LOSS_TOLD_SECONDS: Final = 60.0
#: The name under which restarts of a thread are counted, among the reasons of losses.
RESTARTS: Final = "restarts"
#: Dropped because somebody wanted it so.
_WANTED: Final = frozenset(("sampled", "repeated"))


class Losses:
    """Remembers when counts of losses grew, as far back as a loss is told of.

    A loss has the time of the first look after it. Workers look after each operation, and whoever asks for health
    looks; so a loss that nobody has seen yet is told of, however old it is.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: When looking began.
        self.begun = clock()
        self._lock = threading.Lock()
        self._seen: dict[str, int] = {}
        self._grown: dict[tuple[int, str], int] = {}

    def look(self, stats: Stats, restarts: int) -> None:
        """Note what has grown since the last look; what was dropped because somebody wanted it is no loss."""
        second = int(self._clock())
        with self._lock:
            for reason, count in {**stats.dropped, RESTARTS: restarts}.items():
                grown = 0 if reason in _WANTED else count - self._seen.get(reason, 0)
                if grown > 0:
                    self._seen[reason] = count
                    self._grown[second, reason] = self._grown.get((second, reason), 0) + grown

    def recent(self) -> dict[str, int]:
        """What was lost in the last minute, by reason."""
        since = self._clock() - LOSS_TOLD_SECONDS
        recent: dict[str, int] = {}
        with self._lock:
            self._grown = {key: count for key, count in self._grown.items() if key[0] >= since}
            for (_, reason), count in self._grown.items():
                recent[reason] = recent.get(reason, 0) + count
        return recent
