"""How much a spool may hold, and what goes when it is full."""

from __future__ import annotations

from collections.abc import Sequence

from logcapy._guard import say

from .frames import HEADER_BYTES, MOST_BODY_BYTES
from .source import Source


class Quota:
    """A bound on the bytes of some backlogs.

    Args:
        max_bytes: The bound.
        evict_oldest: What happens at the bound: True gives up the oldest segment, False refuses what is new.
    """

    def __init__(self, max_bytes: int, *, evict_oldest: bool) -> None:
        self.evicts = evict_oldest
        self._max_bytes = max_bytes

    def room(self, sources: Sequence[Source]) -> float:
        """The bytes that may be taken over; whatever there is, where there is nothing yet."""
        if not any(source.backlog.records for source in sources):
            return float("inf")
        return self._max_bytes - _size(sources)

    def make_room(self, sources: Sequence[Source], frames: Sequence[tuple[bytes, int]]) -> int:
        """How many of the frames may be stored, counted from the first, once there is room for them.

        Args:
            sources: What is there, the oldest first.
            frames: What is to be stored.
        """
        used = 0 if self.evicts else _size(sources)
        fitting = needed = 0
        for body, _ in frames:
            size = HEADER_BYTES + len(body)
            if used + needed + size > self._max_bytes or len(body) > MOST_BODY_BYTES:
                break
            fitting, needed = fitting + 1, needed + size
        if self.evicts:
            self.evict(sources, _size(sources) + needed - self._max_bytes)
        return fitting

    def evict(self, sources: Sequence[Source], size: float) -> None:
        """Give up the oldest segments until ``size`` bytes are free."""
        for source in sources:
            while size > 0 and source.backlog.segments:
                say("spool_full", "the spool is full, its oldest records are dropped")
                size -= source.backlog.evict()


def _size(sources: Sequence[Source]) -> int:
    return sum(source.backlog.size_bytes for source in sources)
