"""The worker outlives whatever happens to it, keeps its deadlines, and sleeps when there is nothing to do."""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from collections.abc import Iterator, Sequence

import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, LogRecordExporter, LogRecordExportResult

from logcapy.config import DeliveryConfig
from logcapy.deliver import restarting, worker
from logcapy.deliver.batch import BatchLogRecordProcessor
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.types import Delivered, Operation, Rejected, Retry
from servers.http import Answer, ScriptedServer, scripted_server
from servers.processes import free_port

from .logging_to import balance, emit, received, until


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as server:
        yield server


class HangingExporter(LogRecordExporter):
    """Hangs in ``export`` and in ``shutdown`` until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.let_go = threading.Event()

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        self.entered.set()
        self.let_go.wait(60)
        return LogRecordExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return True

    def shutdown(self) -> None:
        self.let_go.wait(60)


def thread_of(processor: BatchLogRecordProcessor) -> threading.Thread:
    thread = processor._worker.thread._thread
    assert thread is not None
    return thread


def end_thread(thread: threading.Thread) -> None:
    """Raise SystemExit in a thread, wherever it is."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))


def test_a_worker_that_something_ends_is_back_within_a_second_and_that_is_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exporter = InMemoryLogRecordExporter()
    processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=1)
    for number in range(3):
        emit(processor, "before")
        assert processor.force_flush(5000)
        end_thread(thread_of(processor))
        emit(processor, f"wakes it, and is what it dies of or the first after {number}")
        until(lambda number=number: processor.restarts > number, 5)
        started = time.monotonic()
        emit(processor, f"after {number}")
        assert processor.force_flush(5000)
        assert time.monotonic() - started < 1
    assert processor.restarts == 3
    assert balance(processor)
    assert "had to begin again: SystemExit" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_is_gone_is_started_by_the_next_record() -> None:
    exporter = InMemoryLogRecordExporter()
    processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=1)

    def fail() -> None:
        raise SystemExit

    emit(processor, "a")
    assert processor.force_flush(5000)
    processor._worker.sending.failed = fail  # type: ignore[method-assign]
    first = thread_of(processor)
    end_thread(first)
    emit(processor, "b")
    until(lambda: not first.is_alive())
    emit(processor, "c")
    assert thread_of(processor) is not first
    assert processor.force_flush(5000)
    assert exporter.get_finished_logs()[-1].log_record.body == "c"
    assert processor.restarts == 2, "the error, and the thread"
    processor.shutdown()


def test_shutdown_keeps_its_deadline_although_the_exporter_hangs_in_everything() -> None:
    exporter = HangingExporter()
    processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=1)
    emit(processor, "a")
    assert exporter.entered.wait(5)
    emit(processor, "b")
    started = time.monotonic()
    processor.shutdown(timeout_millis=200)
    assert time.monotonic() - started < 0.2 + 0.5
    assert processor.stats().dropped == {"shutdown": 2}
    exporter.let_go.set()
    until(lambda: processor.stats().exported == 1)
    assert processor.stats().dropped == {"shutdown": 1}, "it got through after all"
    assert balance(processor)


def test_shutdown_sends_what_came_while_a_batch_was_on_its_way() -> None:
    exporter = HangingExporter()
    processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=1)
    emit(processor, "a")
    assert exporter.entered.wait(5)
    emit(processor, "b")
    threading.Timer(0.1, exporter.let_go.set).start()
    processor.shutdown(timeout_millis=10_000)
    assert processor.stats().exported == 2


def test_a_caller_is_not_held_up_by_an_exporter_that_hangs() -> None:
    exporter = HangingExporter()
    processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=1, max_queue_size=100)
    emit(processor, "a")
    assert exporter.entered.wait(5)
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    logger = provider.get_logger("test")
    for _ in range(2000):
        logger.emit(LogRecord(body="x"))
    assert (processor.stats().emitted, processor.stats().exported) == (2001, 0)
    exporter.let_go.set()
    processor.shutdown(timeout_millis=100)


@pytest.mark.parametrize("threads", [1, 8])
def test_a_burst_of_ten_queues_is_not_dropped_where_the_exporter_keeps_up(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "KEEPING_UP_SECONDS", 30)  # on a machine that is as busy as it likes
    monkeypatch.setattr(worker, "BEGINNING_SECONDS", 30)
    exporter = InMemoryLogRecordExporter()
    processor = BatchLogRecordProcessor(exporter)
    burst = [str(number) for number in range(20_480)]
    loggers = [threading.Thread(target=emit, args=(processor, *burst[first::threads])) for first in range(threads)]
    for logger in loggers:
        logger.start()
    for logger in loggers:
        logger.join()
    assert processor.force_flush()
    assert processor.stats().dropped == {}
    arrived = [data.log_record.body for data in exporter.get_finished_logs()]
    assert sorted(map(int, arrived)) == list(range(20_480))
    processor.shutdown()


def test_the_first_records_are_not_dropped_while_what_sends_them_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "BEGINNING_SECONDS", 30)
    imported = threading.Event()
    monkeypatch.setattr(restarting, "import_awaited", lambda: imported.wait(30))
    processor = BatchLogRecordProcessor(InMemoryLogRecordExporter(), max_queue_size=100)
    threading.Timer(0.3, imported.set).start()
    emit(processor, *map(str, range(200)))
    assert processor.force_flush()
    assert processor.stats().exported == 200
    processor.shutdown()


def test_each_batch_that_is_taken_makes_callers_wait_for_the_next() -> None:
    waited_for: list[bool] = []

    class Exporter(InMemoryLogRecordExporter):
        def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
            waited_for.append(processor._queue.patient_until > 0)
            processor._queue.patient_until = 0.0
            return super().export(batch)

    processor = BatchLogRecordProcessor(Exporter(), max_export_batch_size=10)
    processor._queue.wakes_at(1 << 30)  # nobody wakes it but the flush
    emit(processor, *map(str, range(30)))
    assert processor.force_flush()
    assert waited_for == [True] * 3
    processor.shutdown()


def test_callers_wait_for_a_worker_for_50_ms_after_it_took_records_and_no_longer() -> None:
    exporter = HangingExporter()
    processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=1, max_queue_size=100)
    began = time.monotonic()
    emit(processor, "a")
    assert exporter.entered.wait(5)
    patience = processor._queue.patient_until - began
    assert worker.KEEPING_UP_SECONDS <= patience <= worker.KEEPING_UP_SECONDS + 5
    emit(processor, *map(str, range(200)))
    assert processor._queue.patient_until - began == patience, "as nothing was taken since"
    exporter.let_go.set()
    processor.shutdown(timeout_millis=100)


def test_a_flush_keeps_its_deadline_although_records_keep_coming_and_the_exporter_hangs() -> None:
    exporter = HangingExporter()
    processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=1)
    emit(processor, "a")
    started = time.monotonic()
    assert not processor.force_flush(200)
    assert time.monotonic() - started < 1
    exporter.let_go.set()
    processor.shutdown(timeout_millis=100)


def test_a_flush_on_the_workers_own_thread_does_not_wait_for_itself() -> None:
    took: list[float] = []

    class Flushing(InMemoryLogRecordExporter):
        def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
            started = time.monotonic()
            processor.force_flush(20_000)
            took.append(time.monotonic() - started)
            return super().export(batch)

    processor = BatchLogRecordProcessor(Flushing())
    emit(processor, "a")
    assert processor.force_flush(10_000)
    assert took[0] < 5
    processor.shutdown()


def test_an_idle_queue_takes_no_time_of_the_processor() -> None:
    processor = BatchLogRecordProcessor(InMemoryLogRecordExporter(), schedule_delay_millis=1)
    emit(processor, "a")
    assert processor.force_flush(5000)
    clock = time.pthread_getcpuclockid(thread_of(processor).ident or 0)
    time.sleep(0.1)
    before = time.clock_gettime_ns(clock)
    time.sleep(1)
    assert time.clock_gettime_ns(clock) == before, "it was not woken once"
    processor.shutdown()


def test_what_is_logged_while_exporting_is_passed_over() -> None:
    exporter = InMemoryLogRecordExporter()
    processor = BatchLogRecordProcessor(exporter)
    token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
    try:
        emit(processor, "made by exporting")
    finally:
        detach(token)
    emit(processor, "the application's")
    assert processor.force_flush(5000)
    assert [record.log_record.body for record in exporter.get_finished_logs()] == ["the application's"]
    assert processor.stats().emitted == 1
    processor.shutdown()


def test_exporting_under_a_root_logger_at_debug_makes_no_records_of_its_own(server: ScriptedServer) -> None:
    from opentelemetry.instrumentation.logging.handler import LoggingHandler

    provider = LoggerProvider(shutdown_on_exit=False)
    processor = BatchLogRecordProcessor(OTLPHttpLogRecordExporter(f"{server.url}/v1/logs"), schedule_delay_millis=1)
    provider.add_log_record_processor(processor)
    handler = LoggingHandler(logger_provider=provider)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        root.debug("the only one")
        assert processor.force_flush(5000)
        time.sleep(0.2)
        assert processor.force_flush(5000)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert received(server) == ["the only one"]
    processor.shutdown()


def test_how_the_destination_is_doing_can_be_read(server: ScriptedServer) -> None:
    port = free_port()
    told: list[Operation] = []
    processor = BatchLogRecordProcessor(
        OTLPHttpLogRecordExporter(f"http://127.0.0.1:{port}/v1/logs"), schedule_delay_millis=1, observe=told.append
    )
    assert (processor.failing_since, processor.last_success, processor.oldest_age_seconds) == (None, None, None)
    emit(processor, "a")
    until(lambda: processor.failing_since is not None)
    assert "no answer" in (processor.failing_reason or "")
    assert processor.in_flight == 1
    assert (processor.oldest_age_seconds or -1) >= 0
    with scripted_server(port=port):
        until(lambda: processor.last_success is not None)
    assert (processor.failing_since, processor.failing_reason) == (None, None)
    until(lambda: processor.oldest_age_seconds is None)
    (operation,) = told
    assert (operation.records, operation.status, operation.outcome) == (1, 200, Delivered())
    processor.shutdown()


@pytest.mark.parametrize(
    ("answer", "outcome", "status"),
    [(Answer(400), Rejected, 400), (Answer(503), Retry, 503), (Answer(200), Delivered, 200)],
)
def test_one_operation_is_told_for_all_attempts_to_send_a_payload(
    answer: Answer, outcome: type, status: int, server: ScriptedServer
) -> None:
    server.answers = [answer]
    told: list[Operation] = []
    processor = BatchLogRecordProcessor(
        OTLPHttpLogRecordExporter(f"{server.url}/v1/logs"), export_timeout_millis=2500, observe=told.append
    )
    emit(processor, "a")
    processor.force_flush(10_000)
    until(lambda: told)
    (operation,) = told
    assert isinstance(operation.outcome, outcome)
    assert operation.status == status
    assert 0 < operation.seconds < 2.6
    processor.shutdown()


def test_an_observer_that_raises_does_no_harm(server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(operation: Operation) -> None:
        raise RuntimeError("broken")

    processor = BatchLogRecordProcessor(OTLPHttpLogRecordExporter(f"{server.url}/v1/logs"), observe=fail)
    emit(processor, "a")
    assert processor.force_flush(5000)
    assert "could not be observed" in capsys.readouterr().err
    processor.shutdown()


def test_settings_reach_the_queue() -> None:
    exporter = HangingExporter()
    processor = BatchLogRecordProcessor(
        exporter,
        schedule_delay_millis=1,
        max_queue_size=4,
        settings=DeliveryConfig(overflow="drop_newest", shutdown_timeout=100),
    )
    emit(processor, "in flight")
    assert exporter.entered.wait(5)
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    for number in range(6):
        provider.get_logger("t").emit(LogRecord(body=str(number), severity_number=SeverityNumber.INFO))
    waiting: list[ReadWriteLogRecord] = list(processor._queue._line.recent)  # type: ignore[arg-type]
    assert [record.log_record.body for record in waiting] == ["0", "1", "2", "3"]
    started = time.monotonic()
    processor.shutdown()
    assert time.monotonic() - started < 0.1 + 0.5
    exporter.let_go.set()
