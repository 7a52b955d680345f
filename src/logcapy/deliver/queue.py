"""A bounded queue that many threads put into and one takes from; what it gives up is counted."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections.abc import Callable

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_value

from logcapy._guard import say

from .accounting import Accounts, Arrivals, AtomicCounter, Stats
from .completing import Waiting
from .line import WARNING, Door, Line

_NEVER = sys.maxsize
#: How often it is looked whether there is something to say: a flood has other things to do.
_SAY_SECONDS = 1.0


class RecordQueue:
    """Keeps the order of arrival. A record of WARNING or above is given up only where nothing less waits.

    Putting takes a lock only where there is something to do beside: to wake the worker, to weigh a large record, to
    make room. Whoever finds it full waits as long as the worker is about to take records; see ``patient_until``.

    Args:
        capacity: Records that may wait. Each thread that waits for room may have one more in it.
        wake: Wakes the worker; called on the thread of the caller.
    """

    def __init__(self, capacity: int, wake: Callable[[], None]) -> None:
        self.capacity = capacity
        self._wake = wake
        self._overflow, self._block_seconds, self._max_bytes = "drop_oldest", 0.1, sys.maxsize
        self._door = Door(self._attend)
        #: Puts a record into the queue; never raises, and waits only while the worker keeps up or ``block`` says so.
        self.put: Callable[[Waiting], None] = self._door.put
        self.renew()

    def use(self, overflow: str, block_seconds: float, max_bytes: int) -> None:
        """Set what is done when it is full.

        Args:
            overflow: One of :data:`logcapy.config.OVERFLOW_POLICIES`.
            block_seconds: The most that ``block`` waits.
            max_bytes: The most that large records may weigh together; more costs large records only.
        """
        with self.lock:
            self._overflow, self._block_seconds, self._max_bytes = overflow, block_seconds, max_bytes
            self._set_mark()

    def renew(self) -> None:
        """Begin anew and empty, as a forked child must; nothing of before is used, a lock may be held for ever."""
        self.lock = threading.RLock()
        self._room = threading.Condition(self.lock)
        self._line = Line()
        self._waiting_for_room = 0
        self._closed = False
        #: A ``time.monotonic()`` value until which the worker is about to take records; it sets it.
        self.patient_until = 0.0
        self.accounts = Accounts(self.lock)
        self._entered, self._evicted, self._sampled, self._late = (AtomicCounter() for _ in range(4))
        self._left = 0
        self._evicted_said, self._say_at = 0, 0.0
        self._door.open(self._line.recent, self._entered.add_one)
        self._sampling = itertools.count()
        self._arrivals = Arrivals()
        self._wake_at = 1

    @property
    def size(self) -> int:
        """How many records wait."""
        return len(self._line)

    @property
    def entered(self) -> int:
        """How many records were put."""
        return self._entered.value

    @property
    def dropped(self) -> dict[str, int]:
        """How many records were given up here, by reason."""
        shutdown = self._left + self._late.value
        return {"queue_full": self._evicted.value, "sampled": self._sampled.value, "shutdown": shutdown}

    @property
    def late(self) -> int:
        """How many records came after the end."""
        return self._late.value

    @property
    def weight(self) -> int:
        """The bytes that large records hold beyond those of small ones."""
        return self._line.weight

    @property
    def oldest_since(self) -> float | None:
        """A ``time.monotonic()`` value before which none that waits can have come; None where none waits."""
        with self.lock:
            size = len(self._line)
            return self._arrivals.oldest(self._entered.value - size) if size else None

    def stats(self, on_disk: int) -> Stats:
        """The accounts; so many records of this process wait on disk."""
        with self.lock:
            return self.accounts.stats(
                entered=self._entered.value, waiting=len(self._line), on_disk=on_disk, dropped_at_the_door=self.dropped
            )

    # The worker's side

    def wakes_at(self, size: int) -> bool:
        """Whether so many records wait; if not, the worker is woken once when they do."""
        with self.lock:
            self._wake_at = size
            self._set_mark()
            if len(self._line) < size:
                return False
            self._wake_at = _NEVER
            self._set_mark()
            return True

    def nobody_woke(self) -> None:
        """The worker could not be woken: the next record tries again."""
        with self.lock:
            self._wake_at = 1
            self._set_mark()

    def take(self, most: int) -> list[Waiting]:
        """The oldest records, ``most`` or as many as there are; they are in hand from now on."""
        with self.lock:
            entered = self._entered.value
            self._arrivals.note(entered, entered - len(self._line))
            batch = self._line.take(most)
            self.accounts.took(len(batch))
            if self._waiting_for_room:
                self._room.notify_all()
            self._set_mark()
        return batch

    def close(self) -> int:
        """End: what waits, and what comes later, is given up; returns how much of it waited."""
        with self.lock:
            self._closed = True
            self._set_mark()
            self._room.notify_all()
            self._left += len(left := self._line.take(_NEVER))
            return len(left)

    # The caller's side, off the usual way

    def _attend(self, item: Waiting) -> None:
        self._do_beside(item)
        if time.monotonic() >= self._say_at and self._evicted.value > self._evicted_said:
            self._say_at, self._evicted_said = time.monotonic() + _SAY_SECONDS, self._evicted.value
            # Not with the lock held: who reads stderr may be slow.
            say(
                "queue_full",
                f"the queue is full: {self._evicted_said} dropped so far ({self._overflow}); how much may wait is set "
                f"by OTEL_BLRP_MAX_QUEUE_SIZE ({self.capacity}), LOGCAPY_MAX_QUEUE_BYTES ({self._max_bytes}) and "
                "LOGCAPY_SPOOL_DIR",
            )

    def _do_beside(self, item: Waiting) -> None:
        """Wake the worker, weigh a large record, make room: whatever is to be done."""
        # Who logs with the lock held is a finalizer or a signal handler in the middle of one of these blocks, which a
        # wait would open to others.
        may_wait = not self.lock._is_owned()  # type: ignore[attr-defined]
        with self.lock:
            self._line.weight += item.extra_bytes
            if self._closed:
                for _ in self._line.take(_NEVER):
                    self._late.add_one()
                return
            if len(self._line) == 1:
                self._arrivals.note(self._entered.value - 1, self._entered.value - 1)
            if len(self._line) < self._wake_at:
                self._make_room(item, may_wait)
                return
            self._wake_at = _NEVER
        self._wake()  # before it may have to wait for room
        with self.lock:
            self._make_room(item, may_wait)

    def _make_room(self, item: Waiting, may_wait: bool) -> None:
        line = self._line
        while line.weight > self._max_bytes and line.drop_large(newest=self._overflow == "drop_newest"):
            self._evicted.add_one()
        if self._overflow == "sample" and self._is_left_out(item) and line.remove(item):
            self._sampled.add_one()
        if len(line) > self.capacity and may_wait:
            self._wait_for_room()
        if len(line) > self.capacity and self._drop_one(item):
            self._evicted.add_one()
        self._set_mark()

    def _drop_one(self, item: Waiting) -> bool:
        line = self._line
        if self._overflow != "drop_newest":
            return line.drop_oldest()
        if item.severity < WARNING:
            return line.remove(item)
        return line.drop_lesser_or_newest()

    def _is_left_out(self, item: Waiting) -> bool:
        """Whether a sample goes without this record: one of two stays at half full, one of sixteen at the end."""
        over = len(self._line) - self.capacity // 2
        if over <= 0 or item.severity >= WARNING:
            return False
        return next(self._sampling) % (2 << min(3, 8 * over // self.capacity)) != 0

    def _wait_for_room(self) -> None:
        blocked_until = time.monotonic() + self._block_seconds if self._overflow == "block" and may_block() else 0.0
        self._waiting_for_room += 1
        try:
            while len(self._line) > self.capacity and not self._closed:
                seconds = max(self.patient_until, blocked_until) - time.monotonic()  # a batch that left makes patient
                if seconds <= 0:
                    return
                self._room.wait(seconds)
        finally:
            self._waiting_for_room -= 1

    def _set_mark(self) -> None:
        full = self.capacity // 2 if self._overflow == "sample" else self.capacity
        self._door.mark = 0 if self._closed else min(self._wake_at, full + 1) - len(self._line.spared)


def may_block() -> bool:
    """False on a thread that runs an event loop, which all its tasks would wait with, and on one that exports."""
    events = sys.modules.get("asyncio.events")  # where it was never imported there is no loop
    if events is not None and events._get_running_loop() is not None:
        return False
    return not get_value(_SUPPRESS_INSTRUMENTATION_KEY)
