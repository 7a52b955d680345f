"""One batch on its way out: redacted, then handed to its exporter, whichever kind that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult

from logcapy._guard import describe_error, say
from logcapy.exporter import Patience, PayloadExporter, Tally, deliver

from .completing import complete
from .snapshot import Snapshot


def send(exporter: LogRecordExporter, batch: Sequence[Snapshot], timeout_seconds: float, patience: Patience) -> Tally:
    """Redact and export a batch. Never raises, whatever the exporter does.

    Args:
        exporter: One of LogCapy's, which is retried, or any other, which has its own way with failures.
        batch: What to send, in order.
        timeout_seconds: The bound on it, for an exporter of LogCapy's.
        patience: Waits between attempts, and may end the work earlier.

    Returns:
        The fate of every record.
    """
    ready = complete(batch)
    tally = _hand_over(exporter, ready, timeout_seconds, patience) if ready else Tally()
    if len(ready) < len(batch):
        tally.dropped["redaction_failed"] += len(batch) - len(ready)
    return tally


def _hand_over(
    exporter: LogRecordExporter, batch: Sequence[Snapshot], timeout_seconds: float, patience: Patience
) -> Tally:
    count = len(batch)
    try:
        if isinstance(exporter, PayloadExporter):
            return deliver(exporter, batch, timeout_seconds, patience)
        result = exporter.export([record.readable() for record in batch])
    except BaseException as error:  # noqa: BLE001 - also SystemExit: the worker must outlive its exporter
        say("export_failed", f"{count} records were not delivered: {describe_error(error)}")
        return Tally(dropped=Counter(export_failed=count))
    if result is LogRecordExportResult.SUCCESS:
        return Tally(exported=count)
    say("export_failed", f"{count} records were not delivered: {type(exporter).__name__} failed")
    return Tally(dropped=Counter(export_failed=count))
