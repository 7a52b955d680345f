"""The one object that joins the rooms: what a LoggerProvider calls with each record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Final

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter

from . import environment
from ._guard import describe_error, say
from .capture.exceptions import ExceptionProcessor, is_first_telling
from .capture.handing_on import let_go
from .config import BatchConfig, LogCapyConfig
from .deliver.accounting import AtomicCounter, Stats
from .deliver.batch import BatchLogRecordProcessor
from .deliver.snapshot import Snapshot
from .process.enrich import ENRICHERS
from .process.redact import Redactor
from .types import Filter, Transform

Destination = LogRecordExporter | LogRecordProcessor


class LogCapyLogRecordProcessor(LogRecordProcessor):
    """Completes each record (exception, request, context), takes out secrets, and hands it to its destinations.

    Processors of a provider are siblings: none can act for another. So this one owns its chain. It works on a
    snapshot; the record itself stays as it is for the other processors, unless there is no destination.

    Args:
        destination: A ``LogRecordExporter`` (LogCapy's or anyone's), which gets a queue and a worker of its own; a
            ``LogRecordProcessor`` to hand the record to (the SDK's ``BatchLogRecordProcessor``, say); a sequence
            of them; None edits records in place for the processors that were added after this one.
        config: What to do. Default: what ``LOGCAPY_*`` says. Without a destination no record is dropped.
        batch: How exporters' queues work. Default: what ``OTEL_BLRP_*`` says.

    Raises:
        ConfigError: A variable has a value that cannot be used.
    """

    #: A handler need not describe an exception for this processor.
    describes_exceptions: Final = True

    def __init__(
        self,
        destination: Destination | Sequence[Destination] | None = None,
        *,
        config: LogCapyConfig | None = None,
        batch: BatchConfig | None = None,
    ) -> None:
        self.config = config or environment.logcapy_config(environment.raise_error)
        if destination is None:
            destinations: Sequence[Destination] = ()
        elif isinstance(destination, Sequence):
            destinations = destination
        else:
            destinations = (destination,)
        self.destinations: tuple[LogRecordProcessor, ...] = tuple(
            self._with_queue(one, batch) if isinstance(one, LogRecordExporter) else one for one in destinations
        )
        self._edits_in_place = destination is None
        self.redactor = Redactor(self.config.redact, self.config.redact_keys)
        self._exceptions = ExceptionProcessor(
            with_variables=self.config.frame_variables,
            adds_span_events=self.config.exception_signal == "logs/dup",
            redact_text=self.redactor.text,
        )
        drops_repeats = self.config.exception_repeats == "drop"
        # By the reason that a record is counted under. What edits in place can drop nothing for the others.
        self._filters: Mapping[str, Filter] = {"repeated": is_first_telling} if drops_repeats else {}
        self._transforms: tuple[Transform, ...] = tuple(ENRICHERS[name]() for name in self.config.enrich)
        # Redacting is the worker's of a queue, so that it never holds up a request; somebody else's processor has no
        # such moment, so there it is done before the processor is called.
        self._queues = [one for one in self.destinations if isinstance(one, BatchLogRecordProcessor)]
        self._others = [one for one in self.destinations if not isinstance(one, BatchLogRecordProcessor)]
        self._handed_on = AtomicCounter()
        self._dropped = {reason: AtomicCounter() for reason in self._filters}

    def _with_queue(self, exporter: LogRecordExporter, batch: BatchConfig | None) -> BatchLogRecordProcessor:
        return BatchLogRecordProcessor(exporter, shutdown_timeout_millis=self.config.shutdown_timeout, config=batch)

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Take one record. Never raises; records that were born while exporting are passed over."""
        try:
            context = log_record.log_record.context
            if context and context.get(_SUPPRESS_INSTRUMENTATION_KEY):
                return
            if self._edits_in_place:
                self._transform(self._exceptions, log_record)
                for transform in self._transforms:
                    self._transform(transform, log_record)
                self.redactor(log_record)
                return
            snapshot = Snapshot(log_record, self.redactor)
            self._transform(self._exceptions, snapshot)
            if self._filters and self._is_dropped(snapshot):
                return
            for transform in self._transforms:
                self._transform(transform, snapshot)
            let_go(snapshot.log_record)
            if self._others:
                snapshot.complete()
                for processor in self._others:
                    self._handed_on.add_one()
                    processor.on_emit(snapshot)
            for queue in self._queues:
                queue.on_emit(snapshot)
        except Exception as error:  # noqa: BLE001 - a processor that raises would raise in the application's logging call
            say("processor", f"a record could not be processed: {describe_error(error)}")

    def _transform(self, transform: Transform, record: ReadWriteLogRecord) -> None:
        try:
            transform(record)
        except Exception as error:  # noqa: BLE001 - a record without its enrichment is better than none
            name = type(transform).__name__
            say(f"transform:{name}", f"{name} failed, the record goes on without it: {describe_error(error)}")

    def _is_dropped(self, record: ReadWriteLogRecord) -> bool:
        for reason, keeps in self._filters.items():
            if not keeps(record):
                self._dropped[reason].add_one()
                return True
        return False

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Send what waits now; the destinations share the time. True when all of it was exported."""
        deadline = monotonic() + timeout_millis / 1000
        flushed = [one.force_flush(max(0, int((deadline - monotonic()) * 1000))) for one in self.destinations]
        return all(flushed)

    def shutdown(self) -> None:
        """Send what waits, for a bounded time each, and end the destinations."""
        for destination in self.destinations:
            destination.shutdown()

    def stats(self) -> Stats:
        """The accounts of all destinations together; what somebody else's processor was handed counts as exported."""
        handed_on = self._handed_on.value
        others = Stats(emitted=handed_on, exported=handed_on)
        return Stats.total([*(queue.stats() for queue in self._queues), others, self._not_handed_on()])

    def _not_handed_on(self) -> Stats:
        """What was dropped before any destination saw it, once for each of them."""
        counts = {reason: counter.value * len(self.destinations) for reason, counter in self._dropped.items()}
        return Stats(emitted=sum(counts.values()), dropped={reason: count for reason, count in counts.items() if count})
