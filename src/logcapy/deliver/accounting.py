"""What became of every record: ``emitted = exported + on_disk + in_memory + dropped``.

And how long the oldest has waited, without a look at the clock for each record.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import field
from types import MappingProxyType

from logcapy._value import Value
from logcapy.exporter import Tally


class Stats(Value):
    """The accounts at one moment. A record counts once for each destination it goes to.

    Args:
        emitted: How many were handed in, or taken over on disk from a process that is dead.
        exported: How many a destination took.
        on_disk: How many wait on disk.
        in_memory: How many wait in the queue or are being sent.
        dropped: How many were given up, by reason: ``queue_full``, ``sampled``, ``rejected``, ``export_failed``,
            ``too_large``, ``shutdown``, ``redaction_failed``, ``repeated``, ``spool_full``, ``spool_expired``,
            ``spool_damaged``, ``spool_failed``, ``below_severity``, ``rate_limited``, ``buffer_discarded``,
            ``buffer_full``.
    """

    emitted: int = 0
    exported: int = 0
    on_disk: int = 0
    in_memory: int = 0
    dropped: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @staticmethod
    def total(parts: Iterable[Stats]) -> Stats:
        """The accounts of several destinations as one."""
        parts = list(parts)
        dropped: Counter[str] = Counter()
        for part in parts:
            dropped.update(part.dropped)
        return Stats(
            emitted=sum(part.emitted for part in parts),
            exported=sum(part.exported for part in parts),
            on_disk=sum(part.on_disk for part in parts),
            in_memory=sum(part.in_memory for part in parts),
            dropped=MappingProxyType(dict(dropped)),
        )


class AtomicCounter:
    """Counts exactly without a lock, so that it may be used where a signal handler or a finalizer logs.

    ``next()`` of an ``itertools.count`` is one step of the interpreter, and so is its ``repr()``, ``count(7)``, which
    tells where it is without a step.
    """

    def __init__(self) -> None:
        self._steps = itertools.count()
        #: Count one; returns how many there were before.
        self.add_one = self._steps.__next__

    @property
    def value(self) -> int:
        """How many were counted."""
        return int(repr(self._steps)[6:-1])


class Accounts:
    """The books of one destination, but for what waits in the queue and on disk, which these know themselves.

    Args:
        lock: Held for each change; the queue's own, so that :class:`Stats` shows one moment.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._exported = 0
        self._adopted = 0
        self._dropped: Counter[str] = Counter()
        self._given_up = False
        #: Records that the worker or the sender holds in memory.
        self.in_hand = 0
        #: Records that ever left the queue to be sent.
        self.handed_over = 0
        #: How many more records have met their fate on disk or with the sender than were adopted.
        self.gone = 0

    def took(self, count: int) -> None:
        """Records left the queue; called with the lock held."""
        self.in_hand += count
        self.handed_over += count

    def stored(self, count: int) -> None:
        """Records in hand are on disk now."""
        with self._lock:
            self._let_go(count)

    def settle(self, tally: Tally) -> None:
        """Records in hand have met their fate."""
        with self._lock:
            self._let_go(tally.count)
            self._book(tally)

    def settle_sent(self, tally: Tally) -> None:
        """Records that the sender held in memory have met their fate."""
        with self._lock:
            self.settle(tally)
            self.gone += tally.count

    def _let_go(self, count: int) -> None:
        if self._given_up:  # what was booked as lost to the end of the process got somewhere after all
            self._dropped["shutdown"] -= count
        else:
            self.in_hand -= count

    def settle_on_disk(self, tally: Tally) -> None:
        """Records that were on disk have met their fate."""
        with self._lock:
            self._book(tally)
            self.gone += tally.count

    def lost_on_disk(self, reason: str, count: int) -> None:
        """Records that were on disk are gone."""
        self.settle_on_disk(Tally(dropped=Counter({reason: count})))

    def adopted(self, count: int) -> None:
        """Records that a dead process left on disk are this one's now."""
        with self._lock:
            self._adopted += count
            self.gone -= count  # a flush that waits for so many to be gone waits for these as well

    def give_up(self) -> int:
        """Book all that is in hand as lost to the end of the process; returns how many that were."""
        with self._lock:
            count, self.in_hand, self._given_up = self.in_hand, 0, True
            self._dropped["shutdown"] += count
            return count

    def _book(self, tally: Tally) -> None:
        self._exported += tally.exported
        self._dropped.update(tally.dropped)

    @property
    def lost(self) -> int:
        """How many records that had left the queue were given up."""
        with self._lock:
            return sum(self._dropped.values())

    def stats(self, *, entered: int, waiting: int, on_disk: int, dropped_at_the_door: Mapping[str, int]) -> Stats:
        """The accounts, together with what the queue and the spool know; called with the lock held."""
        dropped = self._dropped + Counter(dropped_at_the_door)  # a sum of Counters leaves out what is 0
        return Stats(
            emitted=entered + self._adopted,
            exported=self._exported,
            on_disk=on_disk,
            in_memory=waiting + self.in_hand,
            dropped=dict(dropped),
        )


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
