"""One bounded queue and one worker a destination."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import Counter, deque
from queue import Empty, SimpleQueue

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, set_value
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter

from logcapy import environment
from logcapy._guard import say
from logcapy.config import BatchConfig
from logcapy.exporter import Patience, Tally

from .accounting import AtomicCounter, Stats
from .sending import send
from .snapshot import Snapshot

_DEFAULT_SHUTDOWN_MILLIS = 5000
#: How often a flush that waits looks whether anybody answers.
_LOOK_SECONDS = 0.05


class _Flush:
    """A question to the worker: tell me when what is in the queue now has been dealt with."""

    def __init__(self) -> None:
        self.done = threading.Event()


class BatchLogRecordProcessor(LogRecordProcessor):
    """Collects records and sends them in batches from a thread of its own; takes the SDK's arguments.

    When the queue is full the oldest record goes, and is counted. The thread starts with the first record,
    sleeps while there is none, and starts anew in a forked child, whose queue is empty.

    Args:
        exporter: Where batches go: one of LogCapy's or any SDK exporter.
        schedule_delay_millis: How long a batch may wait to be full. ``OTEL_BLRP_SCHEDULE_DELAY``, 1000.
        max_export_batch_size: Records in a batch. ``OTEL_BLRP_MAX_EXPORT_BATCH_SIZE``, 512.
        export_timeout_millis: The bound on sending one batch with its retries; an exporter that is not
            LogCapy's has its own. ``OTEL_BLRP_EXPORT_TIMEOUT``, 30000.
        max_queue_size: Records that may wait. ``OTEL_BLRP_MAX_QUEUE_SIZE``, 2048.
        shutdown_timeout_millis: The most that ``shutdown()`` waits. 5000.

    Raises:
        ConfigError: An argument or a variable has a value that cannot be used.
    """

    def __init__(
        self,
        exporter: LogRecordExporter,
        schedule_delay_millis: float | None = None,
        max_export_batch_size: int | None = None,
        export_timeout_millis: float | None = None,
        max_queue_size: int | None = None,
        *,
        shutdown_timeout_millis: float | None = None,
        config: BatchConfig | None = None,
    ) -> None:
        config = config or environment.batch_config(environment.raise_error)
        queue_size = config.max_queue_size if max_queue_size is None else max_queue_size
        if max_export_batch_size is None:
            max_export_batch_size = min(config.max_export_batch_size, max(1, queue_size))
        self._config = BatchConfig(
            schedule_delay=config.schedule_delay if schedule_delay_millis is None else schedule_delay_millis,
            export_timeout=config.export_timeout if export_timeout_millis is None else export_timeout_millis,
            max_queue_size=queue_size,
            max_export_batch_size=max_export_batch_size,
        )
        self._shutdown_millis = shutdown_timeout_millis or _DEFAULT_SHUTDOWN_MILLIS
        self.exporter = exporter
        self._begin()
        if hasattr(os, "register_at_fork"):
            begin_again = weakref.WeakMethod(self._begin)
            os.register_at_fork(after_in_child=lambda: (method := begin_again()) and method())

    def _begin(self) -> None:
        """Everything that a process has for itself; what waits in a parent's queue is the parent's to send."""
        self._queue: deque[Snapshot] = deque()
        self._signals: SimpleQueue[_Flush | None] = SimpleQueue()
        self._awake = False
        self._hurried = False
        self._stopping = False
        self._patience = Patience()
        self._emitted = AtomicCounter()
        self._overflowed = AtomicCounter()
        self._late = AtomicCounter()
        self._tally = Tally()
        self._in_flight = 0
        self._lock = threading.RLock()
        self._worker: threading.Thread | None = None

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Put a record into the queue; no I/O and, on the usual way, no lock."""
        self._emitted.add_one()
        if self._stopping:
            self._late.add_one()
            return
        if not isinstance(log_record, Snapshot):
            log_record = Snapshot(log_record)
        log_record.forget_caller()
        queue = self._queue
        if len(queue) >= self._config.max_queue_size:
            self._drop_oldest()
        queue.append(log_record)
        if not self._awake:
            self._awake = True
            self._signals.put(None)
            if self._worker is None:
                self._start_worker()
        elif not self._hurried and len(queue) >= self._config.max_export_batch_size:
            self._hurried = True
            self._signals.put(None)

    def _drop_oldest(self) -> None:
        try:
            self._queue.popleft()
        except IndexError:  # the worker was faster
            return
        self._overflowed.add_one()
        say(
            "queue_full",
            f"the queue is full ({self._config.max_queue_size} records), the oldest record was dropped",
        )

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Send what is in the queue now. Does not wait for a destination that nobody answers for.

        Returns:
            True when all of it was exported in time.
        """
        if self._stopping or (self._worker is None and not self._queue):
            return not self._queue
        if self._worker is None:
            self._start_worker()
        given_up_before = self._given_up()
        question = _Flush()
        self._signals.put(question)
        deadline = time.monotonic() + timeout_millis / 1000
        while not question.done.wait(min(_LOOK_SECONDS, max(0.0, deadline - time.monotonic()))):
            if self._patience.waits_for_nobody or time.monotonic() >= deadline:
                return False
        return self._given_up() == given_up_before

    def _given_up(self) -> int:
        with self._lock:
            return sum(self._tally.dropped.values())

    def shutdown(self, timeout_millis: float | None = None) -> None:
        """Send what is in the queue, for a bounded time, then end; what is left is counted as dropped."""
        if self._stopping:
            return
        timeout_seconds = (self._shutdown_millis if timeout_millis is None else timeout_millis) / 1000
        self._stopping = True
        self._patience.hurry(timeout_seconds)
        if self._worker is not None:
            self._signals.put(None)
            self._worker.join(timeout_seconds)
        self._give_up_the_rest()
        self.exporter.shutdown()  # type: ignore[no-untyped-call]  # the SDK's interface has no types here

    def _give_up_the_rest(self) -> None:
        with self._lock:
            left = len(self._queue) + self._in_flight
            self._queue.clear()
            self._in_flight = 0
            self._tally.dropped["shutdown"] += left
        if left:
            say("shutdown", f"{left} records were not delivered before the process ended")

    def stats(self) -> Stats:
        """The accounts of this destination, exact to the record while nobody is in the middle of a call."""
        with self._lock:
            dropped = Counter(self._tally.dropped)
            dropped["queue_full"] += self._overflowed.value
            dropped["shutdown"] += self._late.value
            return Stats(
                emitted=self._emitted.value,
                exported=self._tally.exported,
                in_memory=len(self._queue) + self._in_flight,
                dropped={reason: count for reason, count in dropped.items() if count},
            )

    # The worker

    def _start_worker(self) -> None:
        with self._lock:
            if self._worker is not None:
                return
            worker = threading.Thread(target=self._work, name="LogCapyBatchLogRecordProcessor", daemon=True)
            try:
                worker.start()
            except RuntimeError as error:  # no more threads, or the interpreter is ending
                self._awake = False
                say("no_worker", f"records wait in memory, the thread that sends them could not start: {error}")
                return
            self._worker = worker

    def _work(self) -> None:
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
        while True:
            questions = self._wait_for_work()
            self._send(len(self._queue))
            for question in questions:
                question.done.set()
            if self._stopping and not self._queue:
                return
            self._awake = self._hurried = False
            if self._queue and not self._awake:  # a record that came between the two lines above is not forgotten
                self._awake = True
                self._signals.put(None)

    def _wait_for_work(self) -> list[_Flush]:
        """Sleep until there is a record, then until a batch is full, its time is over, or somebody asks."""
        signal = self._signals.get()
        deadline = time.monotonic() + self._config.schedule_delay / 1000
        while signal is None and self._queue and not self._stopping:
            remaining = deadline - time.monotonic()
            if len(self._queue) >= self._config.max_export_batch_size or remaining <= 0:
                break
            try:
                signal = self._signals.get(timeout=remaining)
            except Empty:
                break
        questions = [] if signal is None else [signal]
        while True:
            try:
                signal = self._signals.get_nowait()
            except Empty:
                return questions
            if signal is not None:
                questions.append(signal)

    def _send(self, count: int) -> None:
        """Send the ``count`` oldest records; those that come meanwhile are for the next round."""
        while count > 0:
            batch = self._take(min(count, self._config.max_export_batch_size))
            if not batch:
                return
            count -= len(batch)
            tally = self._export(batch)
            with self._lock:
                if self._in_flight:  # else shutdown() has given these records up
                    self._in_flight = 0
                    self._tally.exported += tally.exported
                    self._tally.dropped.update(tally.dropped)

    def _take(self, size: int) -> list[Snapshot]:
        batch: list[Snapshot] = []
        with self._lock:
            try:
                while len(batch) < size:
                    batch.append(self._queue.popleft())
            except IndexError:
                pass
            self._in_flight = len(batch)
        return batch

    def _export(self, batch: list[Snapshot]) -> Tally:
        timeout_seconds = self._config.export_timeout / 1000
        if self._stopping and time.monotonic() >= self._patience.deadline(timeout_seconds):
            return Tally(dropped=Counter(shutdown=len(batch)))
        return send(self.exporter, batch, timeout_seconds, self._patience)
