"""An exporter is two halves; sending, retrying and cutting in two are written here, once."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult

from ._attempts import DestinationState, backoff_seconds
from ._forking import call_in_child
from ._guard import describe_error, say
from .errors import RetryableExportError
from .types import Broken, Delivered, Outcome, Payload, Record, Rejected, Retry, TooLarge


class Patience:
    """How long sending may go on, and the waits in between; the end can be brought forward from outside."""

    def __init__(self) -> None:
        self._hurried = threading.Event()
        self._end = float("inf")
        #: Whether work stands still because nobody answers.
        self.waits_for_nobody = False

    def deadline(self, timeout_seconds: float) -> float:
        """When work that starts now must be over, a ``time.monotonic()`` value."""
        return min(time.monotonic() + timeout_seconds, self._end)

    def hurry(self, timeout_seconds: float) -> None:
        """Bring the end of all work to ``timeout_seconds`` from now, and wake whoever waits."""
        self._end = min(self._end, time.monotonic() + timeout_seconds)
        self._hurried.set()

    def pause(self, seconds: float, *, unreachable: bool) -> bool:
        """Wait between two attempts; False says to give up: nobody answers and the process is ending."""
        self.waits_for_nobody = unreachable
        hurried = self._hurried.wait(seconds)
        self.waits_for_nobody = False
        if not hurried:
            return True
        if unreachable:
            return False
        time.sleep(max(0.0, min(seconds, self._end - time.monotonic())))
        return True


class Tally:
    """What became of some records: every one is in exactly one of the counts."""

    def __init__(self, dropped: Counter[str] | None = None) -> None:
        self.exported = 0
        self.dropped: Counter[str] = Counter() if dropped is None else dropped

    @property
    def count(self) -> int:
        """How many records are booked."""
        return self.exported + sum(self.dropped.values())

    def settle(self, outcome: Outcome, count: int) -> None:
        """Book ``count`` records under a final outcome."""
        match outcome:
            case Delivered():
                self.exported += count
            case Rejected(count=refused):
                refused = min(refused, count)
                self.exported += count - refused
                self.dropped["rejected"] += refused
            case TooLarge():
                self.dropped["too_large"] += count
            case Retry() | Broken():
                self.dropped["export_failed"] += count


class PayloadExporter(LogRecordExporter):
    """Base of LogCapy's exporters: give it ``encode`` and ``send``, and it is an SDK exporter.

    Args:
        timeout_seconds: The bound on one ``export()``, retries included.
    """

    #: What diagnostics call this exporter.
    name = "exporter"
    #: Where it sends to, without credentials.
    destination = ""

    def __init__(self, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        self._patience = Patience()
        self._closed = False
        call_in_child(self._begin_in_child)

    def _begin_in_child(self) -> None:
        self._patience = Patience()  # somebody may wait in the parent's, and hold its lock

    @abstractmethod
    def encode(self, records: Sequence[Record]) -> Iterable[Payload]:
        """Payloads, each under the destination's limits. Total: a poisoned record costs itself at most."""

    @abstractmethod
    def send(self, payload: Payload, deadline: float) -> Outcome:
        """Send once. Never raises.

        Args:
            payload: Of one that was on disk only the number of records is known.
            deadline: A ``time.monotonic()`` value.
        """

    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:  # noqa: ARG002 - for those that can
        """Cut a payload that was on disk in two, for a destination that it is too large for.

        Returns:
            Bodies with their numbers of records, which are the records of the whole in order; None where it cannot be
            cut: it is one record, or nothing that this exporter made.
        """
        return None

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Encode and send a batch, retrying until ``timeout_seconds`` are over."""
        if self._closed:
            return LogRecordExportResult.FAILURE
        tally = deliver(self, batch, self.timeout_seconds, self._patience)
        return LogRecordExportResult.FAILURE if any(tally.dropped.values()) else LogRecordExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Nothing is buffered here, so nothing is left to flush."""
        return True

    def shutdown(self) -> None:
        """End: a retry that waits gives up, later batches are refused."""
        self._closed = True
        self._patience.hurry(0)


def deliver(
    exporter: PayloadExporter,
    records: Sequence[Record],
    timeout_seconds: float,
    patience: Patience,
    state: DestinationState | None = None,
) -> Tally:
    """Send records until each one is delivered or given up.

    Args:
        exporter: Who encodes and sends.
        records: What to send, in order.
        timeout_seconds: The bound on all of it, retries included.
        patience: Waits between attempts, and may end the work earlier.
        state: Told of what happens.

    Returns:
        The fate of every record; its counts add up to ``len(records)``.
    """
    return _Delivery(exporter, timeout_seconds, patience, state or DestinationState()).run(records)


class _Delivery:
    """One call of :func:`deliver`."""

    def __init__(
        self, exporter: PayloadExporter, timeout_seconds: float, patience: Patience, state: DestinationState
    ) -> None:
        self._exporter = exporter
        self._state = state
        self._patience = patience
        self._deadline = patience.deadline(timeout_seconds)
        self._tally = Tally()

    def run(self, records: Sequence[Record]) -> Tally:
        for payload in self._exporter.encode(records):
            self._deliver(payload)
        return self._tally

    def _deliver(self, payload: Payload) -> None:
        started = time.monotonic()
        outcome = self._send_until_settled(payload)
        count = len(payload.records)
        self._state.settled(time.monotonic() - started, count, outcome)
        if isinstance(outcome, TooLarge) and count > 1:
            middle = count // 2
            self.run(payload.records[:middle])
            self.run(payload.records[middle:])
            return
        self._tally.settle(outcome, count)
        say_fate(self._exporter, outcome, count)

    def _send_until_settled(self, payload: Payload) -> Outcome:
        attempt = 0
        while True:
            attempt += 1
            deadline = min(self._deadline, self._patience.deadline(float("inf")))
            if time.monotonic() >= deadline:
                return Retry("the time for sending was over before it began")
            outcome = send_once(self._exporter, payload, deadline)
            self._state.attempted(outcome)
            if not isinstance(outcome, Retry):
                return outcome
            pause = backoff_seconds(attempt, outcome.after_seconds)
            if time.monotonic() + pause >= deadline:
                return outcome
            if not self._patience.pause(pause, unreachable=outcome.unreachable):
                return outcome


def send_once(exporter: PayloadExporter, payload: Payload, deadline: float) -> Outcome:
    """One attempt; what a transport raises is an outcome too."""
    try:
        return exporter.send(payload, deadline)
    except RetryableExportError as error:
        return Retry(describe_error(error))
    except Exception as error:  # noqa: BLE001 - a transport that raises must not kill the worker
        return Broken(describe_error(error))


def say_fate(exporter: PayloadExporter, outcome: Outcome, count: int) -> None:
    """Tell the user of records that were not delivered."""
    if isinstance(outcome, Delivered):
        return
    lost = min(outcome.count, count) if isinstance(outcome, Rejected) else count
    records = "1 record was" if lost == 1 else f"{lost} records were"
    name = exporter.name
    say(f"{name}:{type(outcome).__name__}", f"{name}: {records} not delivered: {outcome.reason}")
