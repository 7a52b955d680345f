"""Records in the order in which they came, and which of them goes first when one must go."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from .completing import Waiting

#: OpenTelemetry's WARN: what is below goes first.
WARNING = 13


class Line:
    """Records that wait. Anybody may append to ``recent`` at any time; all else needs the owner's lock.

    ``spared`` holds records of WARNING and above, all older than those in ``recent``: they stood first when a lesser
    one behind them had to go. So nothing is looked at twice, and the order of arrival is kept.
    """

    def __init__(self) -> None:
        self.recent: deque[Waiting] = deque()
        self.spared: deque[Waiting] = deque()
        #: The extra bytes of the large records.
        self.weight = 0

    def __len__(self) -> int:
        return len(self.recent) + len(self.spared)

    def take(self, most: int) -> list[Waiting]:
        """Take out the ``most`` oldest records, or as many as there are."""
        batch: list[Waiting] = []
        for waiting in (self.spared, self.recent):
            for _ in range(min(most - len(batch), len(waiting))):
                item = waiting.popleft()
                batch.append(item)
                if item.extra_bytes:  # also where it was not weighed yet: it may leave before its caller comes to it
                    self.weight -= item.extra_bytes
        return batch

    def drop_oldest(self) -> bool:
        """Take out the oldest record below WARNING, else the oldest; False where there is none."""
        self._spare_until_lesser()
        return self._drop(self.recent.popleft if self.recent else self.spared.popleft)

    def drop_lesser_or_newest(self) -> bool:
        """Take out the oldest record below WARNING, else the newest; False where there is none."""
        self._spare_until_lesser()
        return self._drop(self.recent.popleft if self.recent else self.spared.pop)

    def _spare_until_lesser(self) -> None:
        recent = self.recent
        while recent and recent[0].severity >= WARNING:
            self.spared.append(recent.popleft())

    def _drop(self, pop: Callable[[], Waiting]) -> bool:
        try:
            item = pop()
        except IndexError:
            return False
        self.weight -= item.extra_bytes
        return True

    def remove(self, item: Waiting) -> bool:
        """Take out a record that came a moment ago; False where it is not there any more."""
        recent = self.recent
        # Others may append meanwhile, so positions are counted from the left.
        for position in range(len(recent) - 1, -1, -1):
            if recent[position] is item:
                del recent[position]
                self.weight -= item.extra_bytes
                return True
        return False

    def drop_large(self, *, newest: bool) -> bool:
        """Take out a large record, one below WARNING if there is one: the oldest, or the newest."""
        found = [
            (waiting, position, item.severity >= WARNING)
            for waiting in (self.spared, self.recent)
            for position, item in enumerate(waiting.copy())
            if item.extra_bytes
        ]
        if not found:
            return False
        lesser = [one for one in found if not one[2]] or found
        waiting, position, _ = lesser[-1 if newest else 0]
        self.weight -= waiting[position].extra_bytes
        del waiting[position]
        return True


class Door:
    """Where records come in: one step for the caller, and another one only where there is something to do beside.

    Args:
        attend: Called with a record that is in, where that is so.
    """

    __slots__ = ("_attend", "_count_one", "_recent", "mark")

    def __init__(self, attend: Callable[[Any], None]) -> None:
        self._attend = attend

    def open(self, recent: deque[Waiting], count_one: Callable[[], object]) -> None:
        """Let records into a line from now on, and count them."""
        self._recent = recent
        self._count_one = count_one
        #: At how many recent records there is something to do beside.
        self.mark = 1

    def put(self, item: Any) -> None:
        """Let a record in; never raises."""
        self._count_one()
        recent = self._recent
        recent.append(item)
        # The record is in before the mark is read, and the worker sets the mark before it looks for records: one of
        # the two sees the other.
        if len(recent) >= self.mark or item.extra_bytes:
            self._attend(item)
