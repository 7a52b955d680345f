"""A destination with a spool: what cannot be sent waits on disk, and is sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsPartialSuccess, ExportLogsServiceResponse
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter

from logcapy._attempts import DestinationState
from logcapy.config import DeliveryConfig
from logcapy.deliver.accounting import Accounts
from logcapy.deliver.batch import BatchLogRecordProcessor
from logcapy.deliver.sender import Sender
from logcapy.deliver.spool import Spool
from logcapy.errors import ConfigError
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.exporter import Patience, PayloadExporter
from logcapy.types import Delivered, Operation, Outcome, Payload
from servers.http import Answer, ScriptedServer, scripted_server
from servers.processes import free_port

from .logging_to import balance, bodies_of, emit, received, until

MODES = ("overflow", "always")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def processor_for(
    url: str, folder: Path, mode: str = "overflow", *, delay_millis: float = 20, **settings: object
) -> BatchLogRecordProcessor:
    return BatchLogRecordProcessor(
        OTLPHttpLogRecordExporter(f"{url}/v1/logs"),
        schedule_delay_millis=delay_millis,
        settings=DeliveryConfig(spool=mode, spool_dir=str(folder), **settings),  # type: ignore[arg-type]
    )


def end_the_rest_of(processor: BatchLogRecordProcessor) -> None:
    """Have the sender try again now: a test has no minute to wait."""
    assert processor._spooling is not None
    assert processor._spooling.sender is not None
    processor._spooling.sender.rests_until = time.monotonic()
    processor._spooling.sender.wake()


def segments(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 100]


@pytest.mark.parametrize("mode", MODES)
def test_all_records_arrive_once_and_in_order_and_a_flush_says_so(
    mode: str, server: ScriptedServer, folder: Path
) -> None:
    processor = processor_for(server.url, folder, mode)
    expected = [str(number) for number in range(3000)]
    for start in range(0, 3000, 1000):
        emit(processor, *expected[start : start + 1000])
        assert processor.force_flush(10_000)
    assert received(server) == expected
    assert processor.stats().exported == 3000
    assert balance(processor)
    processor.shutdown()


def test_nothing_is_written_while_the_destination_is_well_and_the_mode_is_overflow(
    server: ScriptedServer, folder: Path
) -> None:
    processor = processor_for(server.url, folder)
    server.answers = [Answer(hang_seconds=0.2)]
    emit(processor, "a")
    until(lambda: len(server.requests) == 1)
    emit(processor, "b")
    time.sleep(0.1)
    assert segments(folder) == []
    assert processor.stats().in_memory == 2
    assert processor.force_flush(10_000)
    assert received(server) == ["a", "b"]
    processor.shutdown()


@pytest.mark.parametrize("mode", MODES)
def test_what_is_emitted_while_nobody_answers_waits_on_disk_and_arrives_in_order(mode: str, folder: Path) -> None:
    port = free_port()
    processor = processor_for(f"http://127.0.0.1:{port}", folder, mode)
    emit(processor, "0")
    until(lambda: processor.failing_since is not None)
    expected = [str(number) for number in range(200)]
    for body in expected[1:]:
        emit(processor, body)
        time.sleep(0.002)
    until(lambda: processor.stats().on_disk == 200)
    assert not processor.force_flush(1000), "on disk is not delivered"
    assert processor.stats().dropped == {}
    assert (processor.oldest_age_seconds or 0) > 0.2
    end_the_rest_of(processor)
    with scripted_server(port=port) as server:
        until(lambda: processor.stats().exported == 200, 30)
        assert received(server) == expected
    assert processor.failing_since is None
    until(lambda: processor.stats().on_disk == 0)
    until(lambda: not segments(folder))
    assert balance(processor)
    processor.shutdown()


@pytest.mark.parametrize("mode", MODES)
def test_what_was_not_delivered_is_delivered_by_the_next_process_with_the_same_destination(
    mode: str, server: ScriptedServer, folder: Path
) -> None:
    server.answers = [Answer(503)]
    first = processor_for(server.url, folder, mode)
    emit(first, "a", "b")
    until(lambda: first.stats().on_disk == 2)
    first.shutdown()
    assert first.stats().on_disk == 2
    assert balance(first)
    server.answers = [Answer()]
    server.requests.clear()
    second = processor_for(server.url, folder, mode)
    until(lambda: second.stats().exported == 2)
    assert received(server) == ["a", "b"]
    assert second.stats().emitted == 2, "they were adopted"
    until(lambda: balance(second))
    second.shutdown()


def test_a_batch_that_hangs_when_the_process_ends_is_on_disk_then(server: ScriptedServer, folder: Path) -> None:
    server.answers = [Answer(hang_seconds=30)]
    processor = processor_for(server.url, folder, "overflow")
    emit(processor, "hangs")
    until(lambda: server.requests)
    emit(processor, "waits")
    started = time.monotonic()
    processor.shutdown(timeout_millis=300)
    assert time.monotonic() - started < 0.3 + 0.5
    stats = processor.stats()
    assert (stats.on_disk, stats.in_memory, dict(stats.dropped)) == (2, 0, {})
    assert balance(processor)


@pytest.mark.parametrize("mode", MODES)
def test_an_end_without_any_time_left_loses_nothing(mode: str, server: ScriptedServer, folder: Path) -> None:
    server.answers = [Answer(hang_seconds=30)]
    processor = processor_for(server.url, folder, mode)
    emit(processor, "hangs")
    until(lambda: server.requests)
    emit(processor, *("waits" for _ in range(1500)))
    started = time.monotonic()
    processor.shutdown(timeout_millis=0)
    assert time.monotonic() - started < 0.5
    assert processor.stats().on_disk == 1501
    assert balance(processor)


def test_at_the_end_what_can_be_delivered_is(server: ScriptedServer, folder: Path) -> None:
    processor = processor_for(server.url, folder, "overflow", delay_millis=60_000)
    emit(processor, "a", "b")
    processor.shutdown()
    assert received(server) == ["a", "b"]
    assert processor.stats().exported == 2


def test_retry_after_is_honoured_and_nothing_is_lost(server: ScriptedServer, folder: Path) -> None:
    server.answers = [Answer(503, {"Retry-After": "2"}), Answer()]
    processor = processor_for(server.url, folder)
    emit(processor, "a")
    until(lambda: len(server.requests) == 1)
    started = time.monotonic()
    assert not processor.force_flush(500), "it will not be sent within that time"
    until(lambda: processor.stats().exported == 1)
    assert time.monotonic() - started > 1.8
    assert received(server) == ["a", "a"]
    processor.shutdown()


@pytest.mark.parametrize("mode", MODES)
def test_a_payload_that_is_too_large_is_cut_until_it_fits_and_a_record_too_large_by_itself_is_counted(
    mode: str, server: ScriptedServer, folder: Path
) -> None:
    # The whole, the first half, its first record (too large by itself), its second, the second half.
    server.answers = [Answer(413), Answer(413), Answer(413), Answer(), Answer()]
    processor = processor_for(server.url, folder, mode)
    emit(processor, "a", "b", "c", "d")
    until(lambda: sum(processor.stats().dropped.values()) + processor.stats().exported == 4)
    assert [bodies_of(request.body) for request in server.requests] == [
        ["a", "b", "c", "d"],
        ["a", "b"],
        ["a"],
        ["b"],
        ["c", "d"],
    ]
    assert processor.stats().dropped == {"too_large": 1}
    until(lambda: processor.stats().on_disk == 0)
    until(lambda: balance(processor))
    processor.shutdown()


@pytest.mark.parametrize("mode", MODES)
def test_partial_success_is_counted_and_not_sent_again(mode: str, server: ScriptedServer, folder: Path) -> None:
    partial = ExportLogsPartialSuccess(rejected_log_records=1, error_message="one is bad")
    answer = ExportLogsServiceResponse(partial_success=partial).SerializeToString()
    server.answers = [Answer(200, {"Content-Type": "application/x-protobuf"}, answer), Answer()]
    processor = processor_for(server.url, folder, mode)
    emit(processor, "a", "b", "c")
    assert not processor.force_flush(10_000)
    stats = processor.stats()
    assert (stats.exported, dict(stats.dropped), stats.on_disk) == (2, {"rejected": 1}, 0)
    assert len(server.requests) == 1
    processor.shutdown()


@pytest.mark.parametrize("mode", MODES)
def test_a_wrong_credential_costs_nothing_while_it_is_wrong(mode: str, server: ScriptedServer, folder: Path) -> None:
    server.answers = [Answer(401)]
    processor = processor_for(server.url, folder, mode)
    emit(processor, "a")
    until(lambda: processor.failing_since is not None)
    emit(processor, "b")
    until(lambda: processor.stats().on_disk == 2)
    assert "401" in (processor.failing_reason or "")
    assert not processor.force_flush(2000)
    server.answers = [Answer()]
    end_the_rest_of(processor)
    until(lambda: processor.stats().exported == 2)
    assert balance(processor)
    processor.shutdown()


def test_a_refused_payload_is_not_kept_on_disk(server: ScriptedServer, folder: Path) -> None:
    server.answers = [Answer(400), Answer()]
    processor = processor_for(server.url, folder, "always")
    emit(processor, "a")
    assert not processor.force_flush(10_000)
    emit(processor, "b")
    assert processor.force_flush(10_000)
    stats = processor.stats()
    assert (stats.exported, dict(stats.dropped), stats.on_disk) == (1, {"rejected": 1}, 0)
    processor.shutdown()


@pytest.mark.parametrize(("overflow", "kept"), [("drop_oldest", "last"), ("drop_newest", "first")])
def test_a_full_spool_gives_up_what_the_policy_says_and_counts_it(
    overflow: str, kept: str, server: ScriptedServer, folder: Path
) -> None:
    server.answers = [Answer(503, {"Retry-After": "3"}), Answer()]
    processor = processor_for(server.url, folder, "always", spool_max_bytes=64 * 1024, overflow=overflow)
    emit(processor, "first")
    until(lambda: len(server.requests) == 1)
    for number in range(60):
        emit(processor, f"{number} {'x' * 4000}")
        processor.force_flush(100)
    emit(processor, "last")
    processor.force_flush(100)
    assert processor.stats().dropped.keys() == {"spool_full"}
    assert balance(processor)
    until(lambda: processor.stats().on_disk == 0)
    assert kept in received(server)
    until(lambda: balance(processor))
    processor.shutdown()


@pytest.mark.parametrize("mode", MODES)
def test_a_flush_ends_while_records_keep_arriving(mode: str, server: ScriptedServer, folder: Path) -> None:
    processor = processor_for(server.url, folder, mode)
    stop = threading.Event()

    def keep_logging() -> None:
        while not stop.is_set():
            emit(processor, "x")

    thread = threading.Thread(target=keep_logging)
    thread.start()
    try:
        assert processor.force_flush(20_000)
    finally:
        stop.set()
        thread.join()
        processor.shutdown()
    assert balance(processor)


def test_a_flush_returns_within_its_time_when_the_destination_hangs(server: ScriptedServer, folder: Path) -> None:
    server.answers = [Answer(hang_seconds=30)]
    processor = processor_for(server.url, folder, "always")
    emit(processor, "a")
    started = time.monotonic()
    assert not processor.force_flush(300)
    assert time.monotonic() - started < 2
    processor.shutdown(timeout_millis=100)


@pytest.mark.parametrize("answer", [Answer(503, {"Retry-After": "30"}), Answer(401), Answer(hang_up=True)])
def test_a_flush_does_not_wait_for_what_will_not_be_sent_in_its_time(
    answer: Answer, server: ScriptedServer, folder: Path
) -> None:
    server.answers = [answer]
    processor = processor_for(server.url, folder)
    emit(processor, "a")
    until(lambda: processor.failing_since is not None)
    started = time.monotonic()
    assert not processor.force_flush(20_000)
    assert time.monotonic() - started < 5
    processor.shutdown()


def test_a_payload_in_memory_does_not_overtake_what_is_on_disk(folder: Path) -> None:
    accounts = Accounts(threading.RLock())
    spool = Spool(
        folder,
        max_bytes=1 << 20,
        max_age_seconds=None,
        fsync="none",
        evict_oldest=True,
        lost=accounts.lost_on_disk,
        adopted=accounts.adopted,
    )
    spool.append([(b"before", 1)])
    sender = Sender(Dying(), spool, accounts, DestinationState(), Patience(), 1.0, lambda: None)
    assert not sender.offer(Payload(b"after", ()))
    spool.close()


def test_each_attempt_is_told_with_its_status(server: ScriptedServer, folder: Path) -> None:
    told: list[Operation] = []
    server.answers = [Answer(503), Answer()]
    processor = processor_for(server.url, folder)
    processor.observe = told.append
    emit(processor, "a", "b")
    until(lambda: len(told) == 2)
    assert [(operation.status, operation.records) for operation in told] == [(503, 2), (200, 2)]
    assert isinstance(told[1].outcome, Delivered)
    processor.shutdown()


class Dying(PayloadExporter):
    """Ends its thread once, then delivers."""

    name = "dying"

    def __init__(self) -> None:
        super().__init__(5)
        self.sent: list[bytes] = []

    def encode(self, records: object) -> list[Payload]:
        return [Payload(b"body", list(records))]  # type: ignore[call-overload]

    def send(self, payload: Payload, deadline: float) -> Outcome:
        self.sent.append(payload.body)
        if len(self.sent) == 1:
            raise SystemExit
        return Delivered()


@pytest.mark.parametrize("mode", MODES)
def test_an_exporter_that_would_end_the_thread_costs_nothing(mode: str, folder: Path) -> None:
    exporter = Dying()
    processor = BatchLogRecordProcessor(
        exporter, schedule_delay_millis=20, settings=DeliveryConfig(spool=mode, spool_dir=str(folder))
    )
    emit(processor, "a")
    until(lambda: processor.failing_since is not None)
    until(lambda: processor.stats().on_disk == 1)
    end_the_rest_of(processor)
    until(lambda: processor.stats().exported == 1)
    assert exporter.sent == [b"body", b"body"]
    processor.shutdown()


def test_a_disk_that_fails_costs_nothing_while_the_destination_is_well(
    server: ScriptedServer, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    processor = processor_for(server.url, folder, "always", spool_max_bytes=4096)
    expected = [str(number) for number in range(2000)]
    for start in range(0, 2000, 500):
        emit(processor, *expected[start : start + 500])
        processor.force_flush(5000)
    assert received(server) == expected
    assert processor.stats().dropped == {}
    processor.shutdown()


def test_an_exporter_that_makes_no_payloads_works_without_a_spool_and_that_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class NoPayloads(InMemoryLogRecordExporter):
        pass

    exporter = NoPayloads()
    processor = BatchLogRecordProcessor(exporter, settings=DeliveryConfig(spool_dir=str(folder)))
    emit(processor, "a")
    assert processor.force_flush(5000)
    assert "NoPayloads has no spool" in capsys.readouterr().err
    processor.shutdown()


def test_a_folder_that_must_not_hold_a_spool_is_refused_with_the_reason(server: ScriptedServer, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    link = tmp_path / "link"
    link.symlink_to(target)
    with pytest.raises(ConfigError, match="spool_dir"):
        processor_for(server.url, link)


def test_a_refused_folder_is_reported_and_records_are_sent_from_memory(server: ScriptedServer, tmp_path: Path) -> None:
    reported: list[ConfigError] = []
    (tmp_path / "file").write_text("in the way")
    processor = BatchLogRecordProcessor(
        OTLPHttpLogRecordExporter(f"{server.url}/v1/logs"),
        settings=DeliveryConfig(spool_dir=str(tmp_path / "file")),
        report=reported.append,
    )
    assert [error.setting for error in reported] == ["spool_dir"]
    emit(processor, "a")
    assert processor.force_flush(5000)
    assert received(server) == ["a"]
    processor.shutdown()


def test_an_idle_sender_and_worker_sleep(server: ScriptedServer, folder: Path) -> None:
    processor = processor_for(server.url, folder)
    emit(processor, "a")
    assert processor.force_flush(5000)
    time.sleep(0.2)
    before = time.process_time()
    time.sleep(1)
    assert time.process_time() - before < 0.05
    processor.shutdown()
