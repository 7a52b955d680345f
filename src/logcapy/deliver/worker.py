"""Takes batches from a queue and has them sent, on a thread of its own that sleeps while there is nothing to do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from .completing import Waiting
from .queue import RecordQueue
from .restarting import Flush, Inbox, RestartingThread

if TYPE_CHECKING:

    class Sending(Protocol):
        """What becomes of a batch; books the fate of every record in the accounts, or hands them on."""

        def send(self, batch: list[Waiting]) -> None:
            """Deal with a batch."""
            ...

        def rest_seconds(self) -> float | None:
            """For how long the worker may sleep; None for ever."""
            ...

        def failed(self) -> None:
            """The worker failed in the middle of a batch: book what was in its hands."""
            ...


#: So soon after it took records a worker takes the next ones, unless its destination is slow. It may lack nothing but
#: the interpreter, which callers that log without a pause leave to it for a few milliseconds at a time: of a burst
#: of 10,000 records half were lost while callers that found the queue full did not wait.
KEEPING_UP_SECONDS = 0.05
#: The same for its first records: its thread begins, and what encodes and sends is imported.
BEGINNING_SECONDS = 1.0


class Worker:
    """The thread of one queue. Starts with the first record.

    Args:
        queue: What to take from.
        inbox: What wakes it.
        sending: What it does with a batch.
        batch_size: Records in a batch, at most.
        delay_seconds: How long a batch may wait to be full.
    """

    def __init__(
        self, queue: RecordQueue, inbox: Inbox, sending: Sending, batch_size: int, delay_seconds: float
    ) -> None:
        self._queue = queue
        self._inbox = inbox
        #: May be replaced while it works.
        self.sending = sending
        self._batch_size = batch_size
        self._delay_seconds = delay_seconds
        self._answering: list[Flush] = []
        self.thread = RestartingThread("LogCapyBatchLogRecordProcessor", self._work, self._failed)
        self._stopping = False
        self._has_begun = False
        #: A monotonic time before which none of the records in hand can have come; None where there are none.
        self.in_hand_since: float | None = None

    def wake(self) -> None:
        """There is a record, and the worker sleeps."""
        self._inbox.wake()
        if self._stopping:
            return
        if not self.thread.ensure():
            self._queue.nobody_woke()
            return
        if self.in_hand_since is None:
            self._be_waited_for(KEEPING_UP_SECONDS if self._has_begun else BEGINNING_SECONDS)

    def _be_waited_for(self, seconds: float) -> None:
        """Let who finds the queue full wait for so long."""
        self._queue.patient_until = time.monotonic() + seconds

    def end(self, timeout_seconds: float) -> None:
        """Send what is there, and end; returns when that is done or the time is over."""
        self._stopping = True
        self._inbox.wake()
        if not self._queue.size or self.thread.ensure():
            self.thread.join(timeout_seconds)
        else:  # the interpreter ends and starts no thread any more
            self._send(self._queue.size)

    def _work(self) -> None:
        while True:
            self._wait_for_a_batch()
            stopping = self._stopping  # looked at before the records are: those of the last moment are sent too
            self._answering += self._inbox.take_questions()
            self._send(self._queue.size)
            self._answer()
            if stopping:
                return

    def _wait_for_a_batch(self) -> None:
        """Sleep until there is a record, then until a batch is full, its time is over, or somebody asks."""
        inbox, queue = self._inbox, self._queue
        inbox.look()
        while not (inbox.questions or self._stopping or queue.wakes_at(1)):
            inbox.wait(self.sending.rest_seconds())
        deadline = time.monotonic() + self._delay_seconds
        while not (inbox.questions or self._stopping or queue.wakes_at(self._batch_size)):
            if not inbox.wait(deadline - time.monotonic()) and time.monotonic() >= deadline:
                return

    def _send(self, count: int) -> None:
        """Send the ``count`` oldest records; those that come meanwhile are for the next round."""
        while count > 0:
            self.in_hand_since = self._queue.oldest_since
            self._has_begun = True
            self._be_waited_for(KEEPING_UP_SECONDS)
            batch = self._queue.take(min(count, self._batch_size))
            if not batch:
                break
            count -= len(batch)
            self.sending.send(batch)
        self.in_hand_since = None

    def _failed(self) -> None:
        self._queue.nobody_woke()
        self.in_hand_since = None
        self.sending.failed()
        self._answer()

    def _answer(self) -> None:
        for question in self._answering:
            question.done.set()
        self._answering = []
