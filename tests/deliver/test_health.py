"""Whether records get through, as a state and in sentences."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, LogRecordExporter

from logcapy.config import LogCapyConfig
from logcapy.deliver.accounting import Stats
from logcapy.deliver.health import Health, health_of
from logcapy.deliver.watch import Losses
from logcapy.handle import Handle
from logcapy.processor import LogCapyLogRecordProcessor
from servers.http import Answer, ScriptedServer, scripted_server

from .measured import emit, http_queue, wait_until


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@dataclass
class Queue:
    """What a queue tells of itself, written down."""

    on_disk: int = 0
    in_memory: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    exporter: LogRecordExporter = field(default_factory=InMemoryLogRecordExporter)
    queue_size: int = 0
    queue_capacity: int = 2048
    schedule_delay_seconds: float = 1.0
    handed_over: int = 0
    dropped_at_the_door: Mapping[str, int] = field(default_factory=dict)
    in_flight: int = 0
    spool_bytes: int = 0
    oldest_age_seconds: float | None = None
    success_age: float | None = None
    failing_age: float | None = None
    failing_reason: str | None = None
    restarts: int = 0
    stopped: bool = False

    @property
    def spool_records(self) -> int:
        return self.on_disk

    @property
    def last_success(self) -> float | None:
        return None if self.success_age is None else time.monotonic() - self.success_age

    @property
    def failing_since(self) -> float | None:
        return None if self.failing_age is None else time.monotonic() - self.failing_age

    def stats(self) -> Stats:
        return Stats(on_disk=self.on_disk, in_memory=self.in_memory, dropped=self.dropped)


def health(queue: Queue, begun_seconds_ago: float = 3600) -> Health:
    """Its health, when it has been looked at for so long and all that it lost was lost just now."""
    losses = Losses()
    losses.begun -= begun_seconds_ago
    return health_of("store", queue, losses)


WELL = Queue()
IDLE = Queue(success_age=3600)
BUSY = Queue(in_memory=400, oldest_age_seconds=0.9, success_age=0.1)
WAITING_FOR_A_BATCH = Queue(in_memory=1, oldest_age_seconds=80, success_age=80, schedule_delay_seconds=86000)
PASSING_THE_DISK = Queue(on_disk=50, oldest_age_seconds=0.5, success_age=0.1)
SAMPLED = Queue(dropped={"sampled": 7, "repeated": 2}, success_age=1)


@pytest.mark.parametrize("queue", [WELL, IDLE, BUSY, WAITING_FOR_A_BATCH, PASSING_THE_DISK, SAMPLED])
def test_what_is_as_it_should_be_is_healthy_and_has_no_reasons(queue: Queue) -> None:
    assert (health(queue).state, health(queue).reasons) == ("healthy", ())


@pytest.mark.parametrize(
    ("queue", "reason"),
    [
        (
            Queue(in_memory=5, failing_age=25, failing_reason="HTTP 503"),
            "store: the last attempt to send failed: HTTP 503",
        ),
        (
            Queue(failing_age=300, failing_reason="HTTP 503"),
            "store: the last attempt to send failed: HTTP 503",
        ),
        (Queue(dropped={"queue_full": 3}), "store: 3 records were dropped in the last minute (queue_full)"),
        (Queue(dropped={"rejected": 1}), "store: 1 record was dropped in the last minute (rejected)"),
        (
            Queue(on_disk=9, oldest_age_seconds=4000, success_age=1),
            "store: 9 records wait on disk, the oldest record for 4000 s",
        ),
        (Queue(restarts=1), "store: its thread had to begin again in the last minute (once)"),
    ],
)
def test_what_may_pass_is_degraded_and_says_why(queue: Queue, reason: str) -> None:
    assert (health(queue).state, health(queue).reasons) == ("degraded", (reason,))


@pytest.mark.parametrize(
    ("queue", "reason"),
    [
        (
            Queue(in_memory=5, failing_age=40, failing_reason="HTTP 503"),
            "store: nothing was taken for 40 s: HTTP 503",
        ),
        (
            Queue(on_disk=5, oldest_age_seconds=2, failing_age=40, failing_reason="HTTP 503"),
            "store: nothing was taken for 40 s: HTTP 503",
        ),
        (
            Queue(dropped={"export_failed": 5}, failing_age=40, failing_reason="HTTP 503"),
            "store: nothing was taken for 40 s: HTTP 503",
        ),
        (
            Queue(in_memory=5, oldest_age_seconds=50, success_age=70),
            "store: nothing was taken for 70 s, and the oldest record waits for 50 s",
        ),
        (Queue(stopped=True), "store: it was shut down and takes no more records"),
    ],
)
def test_what_takes_nothing_is_failing_and_says_why(queue: Queue, reason: str) -> None:
    assert health(queue).state == "failing"
    assert health(queue).reasons[0] == reason


def test_records_of_yesterday_on_disk_do_not_make_a_start_fail() -> None:
    queue = Queue(on_disk=5, oldest_age_seconds=86400)
    assert health(queue, begun_seconds_ago=1).state == "degraded"
    assert health(queue, begun_seconds_ago=100).state == "failing"


def test_a_loss_is_told_of_for_a_minute() -> None:
    now = 1000.0
    losses = Losses(clock=lambda: now)
    losses.look(Stats(dropped={"queue_full": 3}), restarts=0)
    now += 30
    losses.look(Stats(dropped={"queue_full": 5}), restarts=0)
    assert losses.recent() == {"queue_full": 5}
    now += 31
    assert losses.recent() == {"queue_full": 2}
    now += 30
    assert losses.recent() == {}


def test_of_several_destinations_the_worst_counts_and_all_reasons_are_told() -> None:
    parts = [
        Health("healthy", (), None, 2.0),
        Health("failing", ("a: gone",), 40.0, 50.0),
        Health("degraded", ("b: slow",), 3.0, 1.0),
    ]
    assert Health.worst(parts) == Health("failing", ("a: gone", "b: slow"), 40.0, 50.0)
    assert Health.worst([*parts, Health()]).last_success_age_seconds is None
    assert Health.worst([]) == Health()


def processor_for(*queues: Any) -> LogCapyLogRecordProcessor:
    return LogCapyLogRecordProcessor(queues, config=LogCapyConfig())


def test_a_destination_that_is_well_again_is_healthy_again(server: ScriptedServer) -> None:
    server.answers = [Answer(503, {"Retry-After": "1"}), Answer(200)]
    processor = processor_for(http_queue(server.url, timeout=20000))
    assert processor.health() == Health()
    emit(processor, 2)
    wait_until(lambda: processor.health().state == "degraded")
    (reason,) = processor.health().reasons
    assert reason.startswith(f"otlp_http (http://127.0.0.1:{server.port}/v1/logs): the last attempt to send failed: ")
    assert "503" in reason
    assert processor.health().oldest_record_age_seconds is not None
    wait_until(lambda: processor.stats().exported == 2)
    well = processor.health()
    assert (well.state, well.reasons, well.oldest_record_age_seconds) == ("healthy", (), None)
    assert well.last_success_age_seconds is not None
    assert 0 <= well.last_success_age_seconds < 10
    processor.shutdown()
    assert processor.health().state == "failing"


def test_reasons_name_the_destination_and_hold_no_credential(server: ScriptedServer) -> None:
    server.answers = [Answer(401, body=b"the key geheim-4711 is wrong")]
    with_credentials = server.url.replace("://", "://shop:geheim-4711@")
    with scripted_server() as other:
        processor = processor_for(http_queue(with_credentials), http_queue(other.url))
        emit(processor, 1)
        processor.force_flush(5000)
        wait_until(lambda: processor.health().state != "healthy")
        health = processor.health()
        processor.shutdown()
    assert health.state == "degraded"
    assert health.reasons
    assert all(f"127.0.0.1:{server.port}" in reason for reason in health.reasons)
    assert not any(str(other.port) in reason for reason in health.reasons)
    assert "geheim" not in str(health)


def test_records_that_find_the_queue_full_are_told_of(server: ScriptedServer) -> None:
    server.answers = [Answer(200, hang_seconds=20)]
    processor = processor_for(http_queue(server.url, max_queue_size=3, max_export_batch_size=1))
    emit(processor, 1)
    wait_until(lambda: len(server.requests) == 1)
    emit(processor, 5)
    health = processor.health()
    assert health.state == "degraded"
    assert [reason.partition(": ")[2] for reason in health.reasons] == [
        "2 records were dropped in the last minute (queue_full)"
    ]
    server.stopping.set()
    processor.shutdown()


def test_records_that_stay_on_disk_are_told_of_until_they_are_sent(server: ScriptedServer, tmp_path: Path) -> None:
    server.answers = [Answer(503, {"Retry-After": "1"}), Answer(200)]
    spooling = LogCapyConfig(spool="always", spool_dir=str(tmp_path / "spool"))
    processor = processor_for(http_queue(server.url, delivery=spooling))
    emit(processor, 4)
    wait_until(lambda: processor.health().state == "degraded")
    assert processor.stats().on_disk == 4
    assert "503" in processor.health().reasons[0]
    wait_until(lambda: processor.stats().exported == 4, 20)
    assert processor.health().state == "healthy"
    processor.shutdown()


def test_asking_for_health_sends_nothing_and_starts_no_thread(server: ScriptedServer) -> None:
    processor = processor_for(http_queue(server.url))
    before = threading.active_count()
    for _ in range(100):
        processor.health()
    assert threading.active_count() == before
    assert server.requests == []
    processor.shutdown()


def test_a_handle_has_its_processors_health(server: ScriptedServer) -> None:
    server.answers = [Answer(400)]
    processor = processor_for(http_queue(server.url))
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    handle = Handle(provider, processor)
    provider.get_logger("shop").emit(body="refused")
    handle.force_flush(5000)
    assert handle.health().state == "degraded"
    assert "(rejected)" in handle.health().reasons[0]
    assert Handle(provider, None).health() == Health()
    handle.shutdown()
