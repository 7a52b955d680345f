"""So many records of one call site in a second, and a word about the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from logcapy._forking import call_in_child

_MOST_SITES = 4096
#: Stands for all sites beyond those.
_OTHERS = None


class Suppressed(NamedTuple):
    """Records of one call site that were dropped.

    Args:
        site: Of the calls.
        records: How many they were.
        last: The last of them, or what of it is wanted.
    """

    site: Hashable
    records: int
    last: Any


class _Site:
    __slots__ = ("last", "left", "suppressed")

    def __init__(self, left: int) -> None:
        self.left = left
        self.suppressed = 0
        self.last: Any = None


class RateLimit:
    """Lets ``rate`` records of a site through in a second; below one, one in ``1 / rate`` seconds.

    Sites beyond 4,096 in one second share what one of them may have.

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
        self._begin_anew()
        call_in_child(self._begin_anew)

    def _begin_anew(self) -> None:
        # A signal handler may log in the thread that it interrupts here.
        self._lock = threading.RLock()
        self._sites: dict[Hashable, _Site] = {}
        self._window = -1

    def admits(self, site: Hashable, record: Any) -> bool:
        """Whether a record of a site may go."""
        window = int(self._clock() / self._seconds)
        over: list[Suppressed] = []
        with self._lock:
            if window != self._window:
                self._window = window
                over = self._take_suppressed()
                self._sites = {}
            found = self._sites.get(site)
            if found is None:
                found = self._new_site(site)
            admitted = found.left > 0
            if admitted:
                found.left -= 1
            else:
                found.suppressed += 1
                found.last = record
        for suppressed in over:
            self._tell(suppressed)
        return admitted

    def tell_all(self) -> None:
        """Tell what has not been told, at the end or at a flush."""
        with self._lock:
            over = self._take_suppressed()
        for suppressed in over:
            self._tell(suppressed)

    def _new_site(self, site: Hashable) -> _Site:
        if len(self._sites) >= _MOST_SITES:
            site = _OTHERS
        return self._sites.setdefault(site, _Site(self._most))

    def _take_suppressed(self) -> list[Suppressed]:
        taken = []
        for site, found in list(self._sites.items()):  # a signal handler may log here
            if found.suppressed:
                taken.append(Suppressed(site, found.suppressed, found.last))
                found.suppressed, found.last = 0, None
        return taken
