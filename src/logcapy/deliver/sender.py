"""The second thread of a destination with a spool: sends what is on disk, oldest first, and tries again for ever."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

from logcapy._attempts import DestinationState, backoff_seconds
from logcapy._guard import describe_error, say
from logcapy.exporter import Patience, PayloadExporter, Tally, say_fate, send_once
from logcapy.types import Broken, Outcome, Payload, Retry, TooLarge

from .accounting import Accounts
from .jobs import Job
from .restarting import Inbox, RestartingThread
from .spool import Spool

#: The wait before another attempt, as a share of the time that the destination has been failing. An outage of a
#: minute is noticed to be over within half a minute, where the backoff alone may have grown to a minute.
_MOST_OF_THE_OUTAGE = 0.4
_SHORTEST_PAUSE_SECONDS = 1.0
#: The attempt at which the backoff is at its longest.
_LONGEST = 16
_TEND_SECONDS = 0.5


class Sender:
    """Sends payloads one after another; each until its fate is final.

    Args:
        exporter: Who sends.
        spool: What is on disk.
        accounts: Where the fate of every record is booked.
        state: Told of what happens.
        patience: Its end is the end of all requests.
        request_seconds: The bound on one request.
        changed: Called when it has become free, or has failed.
    """

    def __init__(
        self,
        exporter: PayloadExporter,
        spool: Spool,
        accounts: Accounts,
        state: DestinationState,
        patience: Patience,
        request_seconds: float,
        changed: Callable[[], None],
    ) -> None:
        self._exporter = exporter
        self._spool = spool
        self._accounts = accounts
        self._state = state
        self._patience = patience
        self._request_seconds = request_seconds
        self._changed = changed
        self._lock = threading.RLock()
        self._inbox = Inbox()
        self._job: Job | None = None
        self._failures = 0
        self._stopping = False
        self._ended = False
        self._tend_at = 0.0
        #: How often something moved from memory to disk.
        self.moves = 0
        #: When the next attempt is due after one that failed, a ``time.monotonic()`` value; 0 where none failed.
        self.rests_until = 0.0
        #: Whether the last attempt failed and nobody will answer the next one soon.
        self.waits_for_nobody = False
        self.thread = RestartingThread("LogCapySender", self._work, self._failed)

    @property
    def is_free(self) -> bool:
        """Whether it has nothing to send from memory or disk."""
        return self._job is None

    @property
    def is_well(self) -> bool:
        """Whether the last attempt did not fail."""
        return not self.rests_until

    @property
    def in_memory(self) -> int:
        """How many records it holds that are nowhere else."""
        job = self._job
        return 0 if job is None or job.frame is not None else job.left

    @property
    def in_memory_since(self) -> float | None:
        """A ``time.monotonic()`` value at which it got them; None where it has none."""
        job = self._job
        return None if job is None or job.frame is not None else job.since

    @property
    def outstanding(self) -> int:
        """How many records it has still to send, from memory and disk."""
        return self._spool.records + self.in_memory

    def all_gone_at(self, deadline: float) -> int | None:
        """How many records will be gone when all that it has now are; None if that cannot be told in time."""
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):  # the disk hangs
            return None
        try:
            return self._accounts.gone + self.outstanding
        finally:
            self._lock.release()

    def offer(self, payload: Payload, *, past_backlog: bool = False) -> bool:
        """Send a payload from memory; False where others are before it, or the destination fails."""
        with self._lock:
            if self._job is not None or self.rests_until or self._ended:
                return False
            if self._spool.records and not past_backlog:
                return False
            self._job = Job(payload)
        self.wake()
        return True

    def wake(self) -> None:
        """There is something to send, or to do about the spool."""
        self._inbox.wake()
        if not self._ended:
            self.thread.ensure()

    def end(self, timeout_seconds: float) -> None:
        """Send what is there, up to the first failure, and end; returns when that is done or the time is over."""
        self._stopping = True
        self.wake()
        self.thread.join(timeout_seconds)
        with self._lock:
            self._ended = True
            if self._job is not None and self._job.frame is None:
                self._put_on_disk(self._job)

    # The thread

    def _work(self) -> None:
        while not self._ended:
            job = self._next_job()
            if job is None:
                if self._stopping:
                    return
                records = self._spool.records
                seconds = self._spool.tend()
                if self._spool.records <= records:  # else it has taken over what an ended process left
                    self._inbox.wait(seconds)
                continue
            pause_seconds = self._attempt(job)
            self._tend_when_due()
            if pause_seconds is not None:
                name, reason = self._exporter.name, self._state.failing_reason
                say(f"{name}:waits", f"{name}: failing, on disk are {self._spool.records} records: {reason}")
                if self._stopping:
                    return
                self._rest(pause_seconds)

    def _next_job(self) -> Job | None:
        with self._lock:
            if self._job is None:
                frame = self._spool.oldest()
                self._job = Job.from_disk(frame) if frame is not None else None
            return self._job

    def _attempt(self, job: Job) -> float | None:
        """Send the next part of a job; returns for how long to rest where that failed."""
        part = job.part
        assert part is not None
        outcome = self._send(part)
        with self._lock:
            if self._ended:  # what was in memory is on disk, or was given up
                return None
            if isinstance(outcome, (Retry, Broken)):
                self._failures += 1
                if job.frame is None:
                    self._put_on_disk(job)
                elif not job.is_begun:  # the disk knows better what is to be sent after the pause: it may expire
                    self._job = None
                return self._pause_seconds(outcome)
            self._failures, self.rests_until, self.waits_for_nobody = 0, 0.0, False
            if not (isinstance(outcome, TooLarge) and job.cut(self._exporter)):
                say_fate(self._exporter, outcome, len(part.records))
                job.settle(outcome)
            if job.frame is None:
                self._accounts.settle_sent(job.take_tally())
            if job.part is None:
                self._conclude(job)
        return None

    def _send(self, payload: Payload) -> Outcome:
        started = time.monotonic()
        try:
            outcome = send_once(self._exporter, payload, self._patience.deadline(self._request_seconds))
        except BaseException as error:  # noqa: BLE001 - also SystemExit: the sender must outlive its exporter
            outcome = Broken(describe_error(error))
        self._state.attempted(outcome)
        self._state.settled(time.monotonic() - started, len(payload.records), outcome)
        return outcome

    def _conclude(self, job: Job) -> None:
        """All records of a job have met their fate."""
        if job.frame is not None:
            self._spool.done(job.frame)  # first: who is told that it is delivered may end the process
            self._accounts.settle_on_disk(job.take_tally())
        self._job = None
        self._changed()

    def _put_on_disk(self, job: Job) -> None:
        """Keep on disk what could not be sent from memory; what the disk does not take stays in memory."""
        stored = self._spool.append(job.frames())
        job.forget(stored)
        self._accounts.stored(stored)
        self.moves += 1
        if job.part is None:
            self._job = None

    def _pause_seconds(self, outcome: Retry | Broken) -> float:
        if isinstance(outcome, Broken):
            self.waits_for_nobody = True
            return backoff_seconds(_LONGEST)
        self.waits_for_nobody = outcome.unreachable
        failing_for = time.monotonic() - (self._state.failing_since or time.monotonic())
        pause = min(backoff_seconds(self._failures), max(_SHORTEST_PAUSE_SECONDS, _MOST_OF_THE_OUTAGE * failing_for))
        return max(pause, backoff_seconds(1, outcome.after_seconds, lambda: 0.0))

    def _rest(self, seconds: float) -> None:
        self.rests_until = time.monotonic() + seconds
        self._changed()
        while not self._stopping and (left := self.rests_until - time.monotonic()) > 0:
            tend_seconds = self._spool.tend()
            self._inbox.wait(left if tend_seconds is None else min(left, tend_seconds))

    def _tend_when_due(self) -> None:
        if time.monotonic() >= self._tend_at:
            self._spool.tend()
            self._tend_at = time.monotonic() + _TEND_SECONDS

    def _failed(self) -> None:
        """An error that should not have happened: what is on disk is there still."""
        with self._lock:
            if self._job is not None and self._job.frame is None:
                self._put_on_disk(self._job)
            if self._job is not None and self._job.frame is None:
                self._accounts.settle(Tally(dropped=Counter(export_failed=self._job.left)))
            self._job = None
