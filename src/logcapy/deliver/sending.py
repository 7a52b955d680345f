"""A batch on its way out without a spool: redacted, handed to its exporter, whichever kind that is, and booked."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult

from logcapy._attempts import DestinationState
from logcapy._guard import describe_error, say
from logcapy.exporter import Patience, PayloadExporter, Tally, deliver
from logcapy.types import Broken, Delivered, Outcome

from .accounting import Accounts
from .completing import Waiting, complete


class DirectSending:
    """Sends batches from memory, on the worker's thread. Never raises, whatever the exporter does.

    Args:
        exporter: One of LogCapy's, which is retried, or any other, which has its own way with failures.
        accounts: Where the fate of every record is booked.
        state: Told of what happens.
        timeout_seconds: The bound on one batch, for an exporter of LogCapy's.
        patience: Waits between attempts, and may end the work earlier.
    """

    def __init__(
        self,
        exporter: LogRecordExporter,
        accounts: Accounts,
        state: DestinationState,
        timeout_seconds: float,
        patience: Patience,
    ) -> None:
        self._exporter = exporter
        self._accounts = accounts
        self._state = state
        self._timeout_seconds = timeout_seconds
        self._patience = patience

    def send(self, batch: Sequence[Waiting]) -> None:
        """Redact and export a batch."""
        if time.monotonic() >= self._patience.deadline(self._timeout_seconds):  # the process has ended, all but
            self._accounts.settle(Tally(dropped=Counter(shutdown=len(batch))))
            return
        ready = complete(batch)
        tally = self._hand_over(ready) if ready else Tally()
        if len(ready) < len(batch):
            tally.dropped["redaction_failed"] += len(batch) - len(ready)
        self._accounts.settle(tally)

    def rest_seconds(self) -> None:
        """Nothing else is to be done here."""

    def failed(self) -> None:
        """What was in the middle of being sent is lost."""
        self._accounts.settle(Tally(dropped=Counter(export_failed=self._accounts.in_hand)))

    def _hand_over(self, batch: Sequence[Waiting]) -> Tally:
        started = time.monotonic()
        try:
            if isinstance(self._exporter, PayloadExporter):
                return deliver(self._exporter, batch, self._timeout_seconds, self._patience, self._state)
            outcome = self._export(batch)
        except BaseException as error:  # noqa: BLE001 - also SystemExit: the worker must outlive its exporter
            outcome = Broken(describe_error(error))
        count = len(batch)
        if isinstance(outcome, Broken):
            say("export_failed", f"{count} records were not delivered: {outcome.reason}")
        self._state.attempted(outcome)
        self._state.settled(time.monotonic() - started, count, outcome)
        tally = Tally()
        tally.settle(outcome, count)
        return tally

    def _export(self, batch: Sequence[Waiting]) -> Outcome:
        """Call an exporter that knows the SDK's records only."""
        result = self._exporter.export([record.readable() for record in batch])
        if result is LogRecordExportResult.SUCCESS:
            return Delivered()
        return Broken(f"{type(self._exporter).__name__} failed")
