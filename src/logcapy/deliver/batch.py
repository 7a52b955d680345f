"""One destination: a bounded queue, the worker that empties it, and, with a spool, the sender behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_value
from opentelemetry.metrics import MeterProvider
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter

from logcapy import environment
from logcapy._attempts import DestinationState
from logcapy._forking import call_in_child
from logcapy._guard import describe_error, say, say_once
from logcapy.config import BatchConfig, DeliveryConfig, delivery_fields
from logcapy.environment import Report
from logcapy.errors import ConfigError, SpoolError
from logcapy.exporter import Patience, PayloadExporter
from logcapy.types import Observe, Operation

from .completing import Waiting
from .queue import RecordQueue
from .readings import Readings
from .restarting import Inbox
from .sending import DirectSending
from .snapshot import Snapshot
from .watch import Watch, measure
from .worker import Worker

if TYPE_CHECKING:
    from .spooling import SpoolSending

#: How often a flush that waits looks whether anybody answers.
_LOOK_SECONDS = 0.05
#: What the end may take beyond its timeout: to close what is open, and to put on disk what is in the queue.
_CLOSING_SECONDS = 0.25
_STORING_SECONDS = 0.2


class BatchLogRecordProcessor(Readings, LogRecordProcessor):
    """Collects records and sends them in batches from a thread of its own; takes the SDK's arguments.

    Where the queue is full and the destination does not keep up a record goes, and is counted; which one, ``overflow``
    of the settings says. The thread starts with the first record, sleeps while there is none, begins again after any
    error, and starts anew in a forked child, whose queue is empty.

    Args:
        exporter: Where batches go: one of LogCapy's or any SDK exporter.
        schedule_delay_millis: How long a batch may wait to be full. ``OTEL_BLRP_SCHEDULE_DELAY``, 1000.
        max_export_batch_size: Records in a batch. ``OTEL_BLRP_MAX_EXPORT_BATCH_SIZE``, 512.
        export_timeout_millis: The bound on sending one batch with its retries; an exporter that is not
            LogCapy's has its own. ``OTEL_BLRP_EXPORT_TIMEOUT``, 30000.
        max_queue_size: Records that may wait. ``OTEL_BLRP_MAX_QUEUE_SIZE``, 2048.
        shutdown_timeout_millis: The most that ``shutdown()`` waits. Default: the settings'.
        config: The first four, instead of the environment.
        settings: How records wait and leave (a :class:`logcapy.LogCapyConfig` is one). Default: ``LOGCAPY_*``, or those
            of the ``LogCapyLogRecordProcessor`` that it is a destination of.
        report: Told of a setting or a spool folder that cannot be used. Default: it is raised.
        observe: Told of each operation, on the thread that sends.
        meter_provider: Where metrics of the delivery go, where ``OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED`` says so.
            Default: the global one.

    Raises:
        ConfigError: An argument or a variable has a value that cannot be used, or the folder must not hold a spool.
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
        settings: DeliveryConfig | None = None,
        report: Report = environment.raise_error,
        observe: Observe | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        config = config or environment.batch_config(report)
        queue_size = config.max_queue_size if max_queue_size is None else max_queue_size
        if max_export_batch_size is None:
            max_export_batch_size = min(config.max_export_batch_size, max(1, queue_size))
        self._config = BatchConfig(
            schedule_delay=config.schedule_delay if schedule_delay_millis is None else schedule_delay_millis,
            export_timeout=config.export_timeout if export_timeout_millis is None else export_timeout_millis,
            max_queue_size=queue_size,
            max_export_batch_size=max_export_batch_size,
        )
        self._has_own_settings = settings is not None
        self._settings = settings or environment.logcapy_config(report)
        self._shutdown_millis = shutdown_timeout_millis
        self._report = report
        self.exporter = exporter
        #: Told of each operation, on the thread that sends; may be set later.
        self.observe = observe
        self._spooling: SpoolSending | None = None
        self._delay_seconds = self._config.schedule_delay / 1000
        self._state = DestinationState(self._tell)
        self._queue = RecordQueue(self._config.max_queue_size, self._wake)
        #: Puts a record into the queue that is ready to wait: no I/O and, on the usual way, no lock.
        self.put: Callable[[Waiting], None] = self._queue.put
        self._begin()
        call_in_child(self._begin_in_child)
        #: What metrics and health see of it.
        self.watch = Watch(self)
        if environment.internal_metrics_enabled():
            measure(self.watch, meter_provider)
        self._use(self._settings)

    def adopt(self, settings: DeliveryConfig) -> None:
        """Work as these settings say, unless it was made with its own. A spool that is there stays as it is."""
        if not self._has_own_settings and delivery_fields(settings) != delivery_fields(self._settings):
            self._use(settings)

    def _use(self, settings: DeliveryConfig) -> None:
        self._settings = settings
        self._queue.use(settings.overflow, settings.block_timeout / 1000, settings.max_queue_bytes)
        if self._spooling is not None or settings.spool_mode == "off":
            return
        if not isinstance(self.exporter, PayloadExporter):
            name = type(self.exporter).__name__
            say_once(f"spool:{name}", f"{name} has no spool: it makes no payloads that could be kept on disk")
            return
        spooling = self._with_spool(self.exporter)
        try:
            spooling.open()
        except SpoolError as error:
            self._report(ConfigError("spool_dir", settings.spool_dir, f"{error.reason}; {error.remedy}"))
        else:
            self._spooling = self._worker.sending = spooling

    def _begin(self) -> None:
        """Everything that a process has for itself, but the queue."""
        self._inbox = Inbox()
        self._patience = Patience()
        self._direct = DirectSending(
            self.exporter, self._queue.accounts, self._state, self._config.export_timeout / 1000, self._patience
        )
        self._worker = Worker(
            self._queue, self._inbox, self._direct, self._config.max_export_batch_size, self._delay_seconds
        )
        self.stopped = False

    def _with_spool(self, exporter: PayloadExporter) -> SpoolSending:
        from .spooling import SpoolSending  # a third of the delivery, and most processes have no spool

        request_seconds = self._config.export_timeout / 1000
        return SpoolSending(
            exporter,
            self._queue,
            self._inbox,
            self._settings,
            self._state,
            self._patience,
            self._direct,
            request_seconds,
        )

    def _begin_in_child(self) -> None:
        """What waits in a parent's queue is the parent's to send."""
        spooling, self._spooling = self._spooling, None
        self._queue.renew()
        self._state = DestinationState(self._tell)
        self._begin()
        if spooling is not None and isinstance(self.exporter, PayloadExporter):
            if spooling.spool is not None:
                spooling.spool.forget_in_child()
            # Its folder is opened with its first batch: most children live too short for one, and say nothing.
            self._spooling = self._worker.sending = self._with_spool(self.exporter)

    def _wake(self) -> None:
        self._worker.wake()

    def _tell(self, operation: Operation) -> None:
        self.watch.observe(operation)
        if self.observe is not None:
            self.observe(operation)

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Put a record into the queue; one that was born while exporting is passed over."""
        if get_value(_SUPPRESS_INSTRUMENTATION_KEY):
            return
        snapshot = log_record if isinstance(log_record, Snapshot) else Snapshot(log_record)
        snapshot.forget_caller()
        self.put(snapshot)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Send what is in the queue now. Does not wait for a destination that nobody answers for.

        Returns:
            True when all of it was exported in time; what a spool keeps on disk is not exported.
        """
        if self.stopped or self._worker.thread.is_current:
            return not self._queue.size
        deadline = time.monotonic() + timeout_millis / 1000
        given_up_before = self._queue.accounts.lost
        if self._worker.thread.is_alive or self._queue.size:
            question = self._inbox.ask()
            if not self._worker.thread.ensure():
                return False
            while not question.done.wait(min(_LOOK_SECONDS, max(0.0, deadline - time.monotonic()))):
                if self._patience.waits_for_nobody or time.monotonic() >= deadline:
                    return False
        if self._spooling is not None and not self._spooling.flush(deadline):
            return False
        return self._queue.accounts.lost == given_up_before

    def shutdown(self, timeout_millis: float | None = None) -> None:
        """Send what is in the queue, for a bounded time, then end; what is left is counted as dropped."""
        if self.stopped:
            return
        default_millis = self._shutdown_millis or self._settings.shutdown_timeout
        timeout_seconds = (default_millis if timeout_millis is None else timeout_millis) / 1000
        self.stopped = True
        self._patience.hurry(timeout_seconds)
        deadline = time.monotonic() + timeout_seconds
        if self._spooling is not None:
            self._spooling.begin_end()
            timeout_seconds = max(timeout_seconds, _STORING_SECONDS)
        self._worker.end(timeout_seconds)
        if self._spooling is not None:
            self._spooling.end(deadline - time.monotonic())
        self._queue.close()
        self._queue.accounts.give_up()
        self.tell_losses()
        self._end_exporter()

    def tell_losses(self) -> None:
        """Say all of them in one line at the end: what is said while records are lost is said once a minute."""
        stats = self.stats()
        if stats.dropped:
            name = getattr(self.exporter, "name", type(self.exporter).__name__)
            reasons = ", ".join(f"{reason} {count}" for reason, count in stats.dropped.items())
            lost = sum(stats.dropped.values())
            say(f"shutdown:{name}", f"{name}: {lost} of {stats.emitted} records were not delivered: {reasons}")

    def _end_exporter(self) -> None:
        """Give an exporter that hangs no more time than there is."""
        thread = threading.Thread(target=self._shut_exporter_down, name="LogCapyShutdown", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no thread can be started while the interpreter ends
            self._shut_exporter_down()
        else:
            thread.join(_CLOSING_SECONDS)

    def _shut_exporter_down(self) -> None:
        try:
            self.exporter.shutdown()  # type: ignore[no-untyped-call]  # the SDK's interface has no types here
        except Exception as error:  # noqa: BLE001 - the process ends as it would without it
            say("shutdown", f"{type(self.exporter).__name__} could not be ended: {describe_error(error)}")
