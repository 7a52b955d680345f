"""How long the oldest record of a queue has waited, without a look at the clock for each record."""

from __future__ import annotations

import time
from collections import deque


class Arrivals:
    """Notes now and then how many records had come by then.

    A record that waits is younger than the last note that it is not counted in; so the age is an upper bound.
    """

    def __init__(self) -> None:
        self._notes: deque[tuple[int, float]] = deque()

    def note(self, entered: int, gone: int) -> None:
        """So many records have come by now, and so many of them have gone."""
        self._forget(gone)
        self._notes.append((entered, time.monotonic()))

    def oldest(self, gone: int) -> float:
        """A ``time.monotonic()`` value before which the first record after the ``gone`` first cannot have come."""
        self._forget(gone)
        return self._notes[0][1] if self._notes else time.monotonic()

    def _forget(self, gone: int) -> None:
        while len(self._notes) > 1 and self._notes[1][0] <= gone:
            self._notes.popleft()
