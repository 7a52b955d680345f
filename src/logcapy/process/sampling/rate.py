"""So many records of one call site in a second, and a word about the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

_MOST_SITES = 4096


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Records of one call site that were dropped.

    Args:
        site: Of the calls.
        count: How many they were.
        last: The last of them, or what of it is wanted.
    """

    site: Hashable
    count: int
    last: Any


class _Site:
    __slots__ = ("last", "left", "suppressed", "window")

    def __init__(self) -> None:
        self.window = -1
        self.left = 0
        self.suppressed = 0
        self.last: Any = None


class RateLimit:
    """Lets ``rate`` records of a site through in a second; below one, one in ``1 / rate`` seconds.

    Args:
        rate: Records in a second.
        tell: Told of what was dropped in a window, once it is over and another record comes, or when asked.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, rate: float, tell: Callable[[Suppressed], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = max(1, int(rate))
        self._seconds = max(1.0, 1 / rate)
        self._tell = tell
        self._clock = clock
        # A signal handler may log in the thread that it interrupts here.
        self._lock = threading.RLock()
        self._sites: dict[Hashable, _Site] = {}
        self._waiting: set[Hashable] = set()
        self._window = -1

    def admits(self, site: Hashable, record: Any) -> bool:
        """Whether a record of a site may go."""
        window = int(self._clock() / self._seconds)
        over: list[Suppressed] = []
        with self._lock:
            if window != self._window:
                self._window = window
                over = self._take_waiting()
            found = self._sites.get(site)
            if found is None:
                if len(self._sites) >= _MOST_SITES:
                    self._sites.clear()
                found = self._sites[site] = _Site()
            if found.window != window:
                found.window, found.left = window, self._most
            admitted = found.left > 0
            if admitted:
                found.left -= 1
            else:
                found.suppressed += 1
                found.last = record
                self._waiting.add(site)
        for suppressed in over:
            self._tell(suppressed)
        return admitted

    def tell_all(self) -> None:
        """Tell what has not been told, at the end or at a flush."""
        with self._lock:
            over = self._take_waiting()
        for suppressed in over:
            self._tell(suppressed)

    def _take_waiting(self) -> list[Suppressed]:
        taken = []
        for site in self._waiting:
            found = self._sites.get(site)
            if found is not None and found.suppressed:
                taken.append(Suppressed(site, found.suppressed, found.last))
                found.suppressed, found.last = 0, None
        self._waiting = set()
        return taken
