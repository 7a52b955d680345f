"""One payload on its way to the destination, in parts where the whole was too large."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import cast

from logcapy.exporter import PayloadExporter, Tally
from logcapy.types import Outcome, Payload, Record

from .spool.segment import Frame


class Job:
    """A payload from memory, or a frame from disk, which stays there until all of it is settled.

    Args:
        payload: What is to be sent.
        frame: Where it is on disk; None for what is in memory only.
    """

    def __init__(self, payload: Payload, frame: Frame | None = None) -> None:
        self.frame = frame
        self.since = time.monotonic()
        self._tally = Tally()
        self._parts = deque((payload,))

    @classmethod
    def from_disk(cls, frame: Frame) -> Job:
        """A job of a frame, of whose records only the number is known."""
        return cls(Payload(frame.body, cast("Sequence[Record]", range(frame.count))), frame)

    @property
    def part(self) -> Payload | None:
        """What is to be sent next; None when all is settled."""
        return self._parts[0] if self._parts else None

    def settle(self, outcome: Outcome) -> None:
        """The part that was to be sent next has met its fate."""
        self._tally.settle(outcome, len(self._parts.popleft().records))

    def take_tally(self) -> Tally:
        """What was settled and is not booked yet."""
        tally, self._tally = self._tally, Tally()
        return tally

    def cut(self, exporter: PayloadExporter) -> bool:
        """Cut the part that was to be sent next, which was too large; False where it cannot be cut."""
        part = self._parts[0]
        count = len(part.records)
        if count < 2:
            return False
        halves: Iterable[Payload]
        if self.frame is None:
            middle = count // 2
            halves = [*exporter.encode(part.records[:middle]), *exporter.encode(part.records[middle:])]
        else:
            pieces = exporter.split(part.body) or ()
            halves = [Payload(body, cast("Sequence[Record]", range(number))) for body, number in pieces]
        if sum(len(half.records) for half in halves) != count:
            return False
        self._parts.popleft()
        self._parts.extendleft(reversed(list(halves)))
        return True

    def frames(self) -> list[tuple[bytes, int]]:
        """What is not settled yet, as a spool takes it."""
        return [(part.body, len(part.records)) for part in self._parts]

    def forget(self, count: int) -> None:
        """The first ``count`` records that were not settled are somebody else's now."""
        while self._parts and count >= len(self._parts[0].records):
            count -= len(self._parts.popleft().records)

    @property
    def is_begun(self) -> bool:
        """Whether some of it is settled and not booked."""
        return self._tally.count > 0

    @property
    def left(self) -> int:
        """How many records are not settled yet."""
        return sum(len(part.records) for part in self._parts)
