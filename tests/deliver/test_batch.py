"""The queue and the worker of one destination."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import (
    InMemoryLogRecordExporter,
    LogRecordExporter,
    LogRecordExportResult,
)

from logcapy.config import BatchConfig
from logcapy.deliver.batch import BatchLogRecordProcessor
from logcapy.deliver.snapshot import Snapshot
from logcapy.errors import ConfigError
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.exporter import PayloadExporter
from logcapy.types import Delivered, Outcome, Payload, Record, Rejected, Retry, TooLarge

from .logging_to import balance, emit, until


class ScriptedExporter(PayloadExporter):
    """One payload a batch; answers from a list, then delivers."""

    def __init__(self, outcomes: Sequence[Outcome] = ()) -> None:
        super().__init__(timeout_seconds=5)
        self.outcomes = list(outcomes)
        self.sent: list[list[str]] = []

    def encode(self, records: Sequence[Record]) -> list[Payload]:
        return [Payload(b"", records)]

    def send(self, payload: Payload, deadline: float) -> Outcome:
        self.sent.append([str(record.log_record.body) for record in payload.records])
        return self.outcomes.pop(0) if self.outcomes else Delivered()


class HangingExporter(LogRecordExporter):
    """Takes a batch and does not come back until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.let_go = threading.Event()

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        self.entered.set()
        self.let_go.wait(30)
        return LogRecordExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return True

    def shutdown(self) -> None:
        pass


def bodies(exporter: InMemoryLogRecordExporter) -> list[object]:
    return [record.log_record.body for record in exporter.get_finished_logs()]


def test_records_arrive_in_order_after_a_flush() -> None:
    exporter = InMemoryLogRecordExporter()
    processor = BatchLogRecordProcessor(exporter, max_export_batch_size=3)
    emit(processor, *(str(number) for number in range(10)))
    assert processor.force_flush(5000)
    assert bodies(exporter) == [str(number) for number in range(10)]
    assert processor.stats().exported == 10
    assert balance(processor)


def test_a_full_batch_leaves_without_waiting_for_the_delay() -> None:
    exporter = InMemoryLogRecordExporter()
    processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=60_000, max_export_batch_size=4)
    emit(processor, "a", "b", "c", "d")
    until(lambda: len(bodies(exporter)) == 4)


def test_a_batch_that_is_not_full_leaves_after_the_delay() -> None:
    exporter = InMemoryLogRecordExporter()
    processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=20)
    emit(processor, "a")
    until(lambda: bodies(exporter) == ["a"])
    emit(processor, "b")
    until(lambda: bodies(exporter) == ["a", "b"])


def test_no_thread_exists_before_the_first_record() -> None:
    before = threading.active_count()
    processor = BatchLogRecordProcessor(InMemoryLogRecordExporter())
    assert threading.active_count() == before
    assert processor.force_flush(100)
    processor.shutdown()


def test_a_full_queue_drops_the_oldest_and_counts_it(capsys: pytest.CaptureFixture[str]) -> None:
    exporter = HangingExporter()
    processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=1, max_queue_size=2, max_export_batch_size=1)
    emit(processor, "in flight")
    assert exporter.entered.wait(5)
    emit(processor, "1", "2", "3", "4")
    stats = processor.stats()
    assert stats.dropped == {"queue_full": 2}
    assert stats.in_memory == 3
    assert balance(processor)
    exporter.let_go.set()
    assert processor.force_flush(5000)
    assert processor.stats().exported == 3


def test_a_flush_that_does_not_end_in_time_says_so() -> None:
    exporter = HangingExporter()
    processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=1)
    emit(processor, "a")
    assert exporter.entered.wait(5)
    emit(processor, "b")
    started = time.monotonic()
    assert not processor.force_flush(100)
    assert time.monotonic() - started < 5
    exporter.let_go.set()


def test_a_flush_ends_although_records_keep_coming() -> None:
    processor = BatchLogRecordProcessor(InMemoryLogRecordExporter())
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    stop = threading.Event()

    def keep_logging() -> None:
        while not stop.is_set():
            provider.get_logger("test").emit(LogRecord(body="x"))

    thread = threading.Thread(target=keep_logging)
    thread.start()
    try:
        assert processor.force_flush(20_000)
    finally:
        stop.set()
        thread.join()


def test_a_flush_of_what_was_refused_is_not_called_a_success() -> None:
    processor = BatchLogRecordProcessor(ScriptedExporter([Rejected(1, "no")]))
    emit(processor, "a")
    assert not processor.force_flush(5000)


@pytest.mark.parametrize(
    ("outcomes", "exported", "dropped"),
    [
        ([Delivered()], 4, {}),
        ([Rejected(1, "one is bad")], 3, {"rejected": 1}),
        ([Rejected(4, "all are bad")], 0, {"rejected": 4}),
        ([Retry("busy", after_seconds=0.001), Delivered()], 4, {}),
        ([TooLarge("413"), Delivered(), Delivered()], 4, {}),
        ([TooLarge("413")] * 7, 0, {"too_large": 4}),
    ],
)
def test_every_record_ends_in_one_counter(
    outcomes: list[Outcome], exported: int, dropped: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = ScriptedExporter(outcomes)
    processor = BatchLogRecordProcessor(exporter)
    emit(processor, "a", "b", "c", "d")
    processor.force_flush(10_000)
    stats = processor.stats()
    assert (stats.exported, dict(stats.dropped)) == (exported, dropped)
    assert balance(processor)


def test_a_payload_that_is_too_large_is_sent_in_halves_in_order() -> None:
    exporter = ScriptedExporter([TooLarge("413")])
    processor = BatchLogRecordProcessor(exporter)
    emit(processor, "a", "b", "c", "d")
    processor.force_flush(5000)
    assert exporter.sent == [["a", "b", "c", "d"], ["a", "b"], ["c", "d"]]


@pytest.mark.parametrize("error", [RuntimeError("broken"), SystemExit(3), KeyboardInterrupt()])
def test_the_worker_outlives_an_exporter_that_raises(error: BaseException) -> None:
    class Raising(InMemoryLogRecordExporter):
        def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
            if batch[0].log_record.body == "bad":
                raise error
            return super().export(batch)

    exporter = Raising()
    processor = BatchLogRecordProcessor(exporter)
    emit(processor, "bad")
    assert not processor.force_flush(5000)
    emit(processor, "good")
    assert processor.force_flush(5000)
    assert bodies(exporter) == ["good"]
    assert processor.stats().dropped == {"export_failed": 1}


def test_a_record_that_cannot_be_redacted_stays_here_alone_and_is_counted() -> None:
    def refuse_bad(record: ReadWriteLogRecord) -> None:
        if record.log_record.body == "bad":
            raise RuntimeError("cannot be redacted")

    snapshots = [
        Snapshot(ReadWriteLogRecord(LogRecord(body=body)), refuse_bad) for body in ("good", "bad", "also good")
    ]
    for _ in ("one destination", "another"):
        exporter = InMemoryLogRecordExporter()
        processor = BatchLogRecordProcessor(exporter)
        for snapshot in snapshots:
            processor.on_emit(snapshot)
        assert not processor.force_flush(5000)
        assert bodies(exporter) == ["good", "also good"]
        assert processor.stats().dropped == {"redaction_failed": 1}
        assert balance(processor)


def test_shutdown_sends_what_is_left_and_counts_what_comes_later() -> None:
    exporter = InMemoryLogRecordExporter()
    processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=60_000)
    emit(processor, "a", "b")
    processor.shutdown()
    assert bodies(exporter) == ["a", "b"]
    emit(processor, "late")
    assert processor.stats().dropped == {"shutdown": 1}
    assert balance(processor)


def test_shutdown_waits_no_longer_than_told_and_counts_what_it_gives_up() -> None:
    exporter = HangingExporter()
    processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=1, max_export_batch_size=1)
    emit(processor, "a", "b", "c")
    assert exporter.entered.wait(5)
    started = time.monotonic()
    processor.shutdown(timeout_millis=100)
    assert time.monotonic() - started < 3
    assert processor.stats().dropped == {"shutdown": 3}
    exporter.let_go.set()
    until(lambda: balance(processor))


def test_shutdown_does_not_wait_for_a_destination_that_nobody_answers_for() -> None:
    exporter = ScriptedExporter([Retry("connection refused", unreachable=True)] * 100)
    processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=60_000)
    emit(processor, "a")
    started = time.monotonic()
    processor.shutdown(timeout_millis=20_000)
    assert time.monotonic() - started < 10
    assert processor.stats().dropped == {"export_failed": 1}


def test_a_flush_does_not_wait_for_a_destination_that_nobody_answers_for() -> None:
    exporter = ScriptedExporter([Retry("connection refused", after_seconds=20, unreachable=True)] * 100)
    processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=1)
    emit(processor, "a")
    until(lambda: len(exporter.sent) == 1)
    started = time.monotonic()
    assert not processor.force_flush(15_000)
    assert time.monotonic() - started < 10
    assert processor.stats().in_memory == 1, "it is still tried"
    processor.shutdown()


def test_a_later_edit_of_the_record_does_not_reach_the_queue() -> None:
    exporter = InMemoryLogRecordExporter()
    processor = BatchLogRecordProcessor(exporter)
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    body = {"items": [1, 2]}
    record = LogRecord(body=body, attributes={"a": 1})
    provider.get_logger("test").emit(record)
    body["items"].append(3)
    record.attributes["late"] = True  # type: ignore[index]
    processor.force_flush(5000)
    (arrived,) = exporter.get_finished_logs()
    assert arrived.log_record.body == {"items": [1, 2]}
    assert dict(arrived.log_record.attributes or {}) == {"a": 1}


def test_a_body_that_holds_itself_many_times_is_copied_once_and_degrades_alone() -> None:
    exporter = OTLPHttpLogRecordExporter("http://127.0.0.1:1/v1/logs")
    knot: list[object] = []
    knot.extend([knot] * 10)
    snapshot = Snapshot(ReadWriteLogRecord(LogRecord(body={"knot": knot})))
    knot.append("later")
    copied = snapshot.log_record.body["knot"]  # type: ignore[index, call-overload]
    assert copied[0] is copied
    assert len(copied) == 10
    assert sum(len(payload.records) for payload in exporter.encode([snapshot])) == 1


def test_the_number_of_attributes_that_limits_cost_is_kept() -> None:
    exporter = InMemoryLogRecordExporter()
    processor = BatchLogRecordProcessor(exporter)
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    with pytest.warns(UserWarning, match="dropped"):
        provider.get_logger("test").emit(LogRecord(attributes={f"k{number}": number for number in range(130)}))
    processor.force_flush(5000)
    (arrived,) = exporter.get_finished_logs()
    assert arrived.dropped_attributes == 2
    assert len(arrived.log_record.attributes or {}) == 128


@pytest.mark.parametrize(
    "arguments",
    [{"max_queue_size": 0}, {"schedule_delay_millis": -1}, {"max_queue_size": 5, "max_export_batch_size": 6}],
)
def test_an_argument_that_cannot_be_used_is_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        BatchLogRecordProcessor(InMemoryLogRecordExporter(), **arguments)


def test_a_queue_smaller_than_the_usual_batch_is_a_smaller_batch() -> None:
    BatchLogRecordProcessor(InMemoryLogRecordExporter(), max_queue_size=5)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_has_its_own_empty_queue_and_sends_its_own_records() -> None:
    exporter = InMemoryLogRecordExporter()
    processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=60_000)
    emit(processor, "parent")
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        emit(processor, "child")
        flushed = processor.force_flush(10_000)
        os.write(write_end, f"{flushed} {bodies(exporter)} {processor.stats().emitted}".encode())
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        assert pipe.read() == "True ['child'] 1"
    os.waitpid(child, 0)
    assert processor.force_flush(5000)
    assert bodies(exporter) == ["parent"]


def test_eight_threads_lose_nothing_and_the_counts_are_exact() -> None:
    exporter = InMemoryLogRecordExporter()
    processor = BatchLogRecordProcessor(exporter, config=BatchConfig(max_queue_size=100_000))
    threads = [threading.Thread(target=emit, args=(processor, *["x"] * 2000)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert processor.force_flush(30_000)
    stats = processor.stats()
    assert (stats.emitted, stats.exported, dict(stats.dropped)) == (16_000, 16_000, {})
    assert len(bodies(exporter)) == 16_000
