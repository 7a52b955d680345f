"""The one object that joins the rooms: what a LoggerProvider calls with each record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Final

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord

from . import environment
from ._guard import describe_error, redact_messages, say
from .capture.exceptions import ExceptionProcessor, is_first_telling
from .capture.handing_on import let_go
from .config import BatchConfig, LogCapyConfig
from .deliver.accounting import AtomicCounter, Stats
from .deliver.snapshot import Snapshot
from .deliver.watch import DoorWatch, measure
from .destinations import Destinations
from .environment import Report
from .errors import ConfigError
from .process.enrich import Enricher
from .process.enrichers import enrichers_of
from .process.late_redactor import LateRedactor
from .shared import NOTHING_SHARED, Shared
from .taking import DraftTaker, say_failed
from .types import Filter, Transform

if TYPE_CHECKING:
    from .admission import Admission
    from .deliver.health import Health
    from .routing import Destination


class LogCapyLogRecordProcessor(LogRecordProcessor):
    """Completes each record (exception, request, context), takes out secrets, and hands it to its destinations.

    Processors of a provider are siblings: none can act for another. So this one owns its chain. It works on a
    snapshot; the record itself stays as it is for the other processors, unless there is no destination.

    Args:
        destination: A ``LogRecordExporter`` (LogCapy's or anyone's), which gets a queue and a worker of its own; a
            ``LogRecordProcessor`` to hand the record to (the SDK's ``BatchLogRecordProcessor``, say); a
            :class:`logcapy.Route` to either, for some records only; a sequence of them; None edits records in place
            for the processors that were added after this one.
        config: What to do. Default: what ``LOGCAPY_*`` says. Without a destination no record is dropped.
        batch: How exporters' queues work. Default: what ``OTEL_BLRP_*`` says.
        report: Told of a setting or a spool folder that cannot be used. Default: it is raised.

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
        report: Report = environment.raise_error,
    ) -> None:
        self.config = config or environment.logcapy_config(environment.raise_error)
        self._destinations = Destinations(destination, self.config, batch, report)
        self.destinations = self._destinations.all
        #: The same, each within its route where it has one.
        self.routed_destinations = self._destinations.routed
        self._edits_in_place = destination is None
        self.redactor = LateRedactor(self.config)
        if self.config.redact or self.config.redact_patterns or self.config.redact_keys:
            redact_messages(self.redactor.text)
        self._exceptions = ExceptionProcessor(
            with_variables=self.config.frame_variables,
            adds_span_events=self.config.exception_signal == "logs/dup",
            redact_text=self.redactor.text,
        )
        drops_repeats = self.config.exception_repeats == "drop"
        # By the reason that a record is counted under. What edits in place can drop nothing for the others.
        self._filters: Mapping[str, Filter] = {"repeated": is_first_telling} if drops_repeats else {}
        self._transforms: tuple[Transform, ...] = _made(self.config, report)
        enrichers = [one for one in self._transforms if isinstance(one, Enricher)]
        #: Takes drafts, where all that is done with a usual record can be done by the workers of the queues.
        self.draft_taker: DraftTaker | None = None
        #: Which records go; None where all do.
        self.admission: Admission | None = None
        #: Told of least severities that come later.
        self.levels_changed: Callable[[Mapping[str, int]], None] = _nobody
        if self.config.samples or self.config.buffer_until_error:
            self.admission = self._new_admission()
        self._admit: Callable[[ReadWriteLogRecord], Shared | None] | None = None
        # Somebody else's transform wants a record of the SDK's kind, which no draft is.
        if self.destinations and not self._destinations.others and len(enrichers) == len(self._transforms):
            finds = [(type(one).__name__, one.attributes) for one in enrichers]
            puts = self._destinations.puts
            if self.admission is not None:
                puts = self.admission.wrap(puts)
            self.draft_taker = DraftTaker(finds, self.redactor.drafts, puts)
        if self.admission is not None and self.config.samples:
            self._ask(self.admission)
        self._dropped = {reason: AtomicCounter() for reason in self._filters}
        #: What metrics see of the records that are dropped before any destination has them.
        self.door = DoorWatch(self._not_handed_on)
        measure(self.door)

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
            mark = NOTHING_SHARED if self._admit is None else self._admit(log_record)
            if mark is not None:
                self._take(log_record, mark)
        except Exception as error:  # noqa: BLE001 - a processor that raises would raise in the application's logging call
            say("processor", f"a record could not be processed: {describe_error(error)}")

    def _take(self, log_record: ReadWriteLogRecord, mark: Mapping[str, object] = NOTHING_SHARED) -> None:
        """Complete a record that goes, and hand it on, unless it waits for the fate of its trace."""
        snapshot = Snapshot(log_record, self.redactor)
        self._transform(self._exceptions, snapshot)
        if self._filters and self._is_dropped(snapshot):
            return
        for transform in self._transforms:
            self._transform(transform, snapshot)
        if mark:
            snapshot.log_record.attributes = {**mark, **(snapshot.log_record.attributes or {})}  # type: ignore[dict-item]
        let_go(snapshot.log_record)
        trace_id = snapshot.log_record.trace_id or 0
        admission = self.admission
        if admission is not None and admission.buffer is not None and not self._destinations.others:
            snapshot.forget_caller()  # it may have to wait, and the caller may hold a whole request
        if admission is None or not admission.holds(trace_id, snapshot.severity, self._destinations.hand_on, snapshot):
            self._destinations.hand_on(snapshot)

    def use_levels(self, levels: Mapping[str, int]) -> None:
        """Have other least severities from now on; nothing where there is no destination.

        Args:
            levels: Severity numbers by logger; that of all others is under the empty name.
        """
        if self.admission is None:
            self.admission = self._new_admission()
        self.admission.sampler.levels.use(levels)
        self._ask(self.admission)

    def _new_admission(self) -> Admission:
        from .admission import Admission  # for whom some records do not go

        admission = Admission(self.config, self._take)
        admission.sampler.levels.changed = lambda levels: self.levels_changed(levels)
        return admission

    def _ask(self, admission: Admission) -> None:
        """Ask of each record whether it goes; not where records are edited in place, for others too."""
        if self._edits_in_place:
            return
        self._admit = admission.of_record
        if self.draft_taker is not None:
            self.draft_taker.admit = admission.of_draft

    def _transform(self, transform: Transform, record: ReadWriteLogRecord) -> None:
        try:
            transform(record)
        except Exception as error:  # noqa: BLE001 - a record without its enrichment is better than none
            say_failed(type(transform).__name__, error)

    def _is_dropped(self, record: ReadWriteLogRecord) -> bool:
        for reason, keeps in self._filters.items():
            if not keeps(record):
                self._dropped[reason].add_one()
                return True
        return False

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Send what waits now; all destinations at the same time. True when all of it was exported."""
        deadline = monotonic() + timeout_millis / 1000
        if self.admission is not None:
            self.admission.finish(for_good=False)
        return self._destinations.flush(deadline)

    def shutdown(self, timeout_millis: float | None = None) -> None:
        """Send what waits and end the destinations, all within one bounded time.

        Args:
            timeout_millis: That time, in milliseconds. Default: ``shutdown_timeout``. A processor that is
                not LogCapy's takes its own.
        """
        deadline = monotonic() + (self.config.shutdown_timeout if timeout_millis is None else timeout_millis) / 1000
        if self.admission is not None:
            self.admission.finish(for_good=True)
        self._destinations.shutdown(deadline)

    def stats(self) -> Stats:
        """The accounts of all destinations together; what somebody else's processor was handed counts as exported."""
        return Stats.total((self._destinations.stats(), self._not_handed_on()))

    def redactions(self) -> Mapping[str, int]:
        """How many secrets were masked, by the rule that found them; a text that is seen twice counts twice."""
        counts = Counter(self.redactor.counts())
        for one in self._destinations.redactions():
            counts.update(one)
        return dict(counts)

    def health(self) -> Health:
        """The worst of the destinations' health; of somebody else's processor nothing is known."""
        return self._destinations.health()

    def _not_handed_on(self) -> Stats:
        """What was dropped before any destination saw it, once for each of them."""
        counts = {reason: counter.value * len(self.destinations) for reason, counter in self._dropped.items()}
        dropped = {reason: count for reason, count in counts.items() if count}
        own = Stats(emitted=sum(counts.values()), dropped=dropped)
        return own if self.admission is None else Stats.total((own, self.admission.stats(len(self.destinations))))


def _made(config: LogCapyConfig, report: Report) -> tuple[Transform, ...]:
    """The enrichers of a configuration; without those that cannot be had, where that is only told."""
    try:
        return enrichers_of(config)
    except ConfigError as error:
        report(error)
        return _made(replace(config, enrich=tuple(name for name in config.enrich if name != error.value)), report)


def _nobody(_levels: Mapping[str, int]) -> None:
    """Nobody wants to know."""
