"""What LogCapy measures of itself, beside what the stock processor and exporter say of the same events."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.metrics import Counter, NoOpMeter, NoOpMeterProvider
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor as StockProcessor
from opentelemetry.sdk.metrics import Counter as SdkCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality
from opentelemetry.semconv._incubating.metrics import otel_metrics

from logcapy.config import BatchConfig, LogCapyConfig, OtlpConfig
from logcapy.deliver import figures
from logcapy.deliver.batch import BatchLogRecordProcessor
from logcapy.export.otlp_grpc import OTLPGrpcLogRecordExporter
from servers.grpc import Reply, grpc_server
from servers.http import Answer, ScriptedServer, scripted_server

from .measured import SWITCH, Meters, by_error, emit, http_queue, wait_until

PROCESSED, EXPORTED = figures.PROCESSED.name, figures.EXPORTED.name
DURATION, INFLIGHT = figures.OPERATION_DURATION.name, figures.INFLIGHT.name
QUEUE_SIZE, CAPACITY = figures.QUEUE_SIZE.name, figures.QUEUE_CAPACITY.name


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture(autouse=True)
def switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "true")


def send(processor: Any, count: int) -> None:
    emit(processor, count)
    processor.force_flush(5000)


def test_records_that_arrive_are_processed_and_exported_and_no_longer_in_flight(server: ScriptedServer) -> None:
    meters = Meters()
    queue = http_queue(server.url, meter_provider=meters.provider, max_queue_size=100, max_export_batch_size=50)
    send(queue, 3)
    seen = meters.read()
    assert by_error(seen[PROCESSED]) == {None: 3}
    assert by_error(seen[EXPORTED]) == {None: 3}
    assert [point.value for point in seen[QUEUE_SIZE]] == [0]
    assert [point.value for point in seen[CAPACITY]] == [100]
    assert [point.value for point in seen[INFLIGHT]] == [0]
    assert by_error(seen[DURATION]) == {None: 1}
    queue.shutdown()


def test_the_attributes_name_the_component_the_server_and_the_status(server: ScriptedServer) -> None:
    meters = Meters()
    queue = http_queue(server.url, meter_provider=meters.provider)
    send(queue, 1)
    seen = meters.read()
    (processed,), (duration,) = seen[PROCESSED], seen[DURATION]
    assert processed.attributes["otel.component.type"] == "logcapy.BatchLogRecordProcessor"
    assert duration.attributes["otel.component.type"] == "otlp_http_log_exporter"
    assert str(duration.attributes["otel.component.name"]).startswith("logcapy.otlp_http_log_exporter/")
    assert duration.attributes["server.address"] == "127.0.0.1"
    assert duration.attributes["server.port"] == server.port
    assert duration.attributes["http.response.status_code"] == 200
    assert "http.response.status_code" not in seen[EXPORTED][0].attributes
    assert {point.scope for points in seen.values() for point in points} == {"logcapy"}
    queue.shutdown()


PARTIAL = ExportLogsServiceResponse(partial_success={"rejected_log_records": 2, "error_message": "too old"})


@pytest.mark.parametrize(
    ("answer", "ours", "stock"),
    [
        pytest.param(Answer(200), {None: 5}, {None: 5}, id="200"),
        pytest.param(
            Answer(200, {"Content-Type": "application/x-protobuf"}, PARTIAL.SerializeToString()),
            {None: 3, "rejected": 2},
            {None: 5},
            id="partial success",
        ),
        pytest.param(Answer(302, {"Location": "/elsewhere"}), {"export_failed": 5}, {None: 5}, id="302"),
        pytest.param(Answer(400), {"rejected": 5}, {None: 5}, id="400"),
    ],
)
def test_what_a_destination_refused_is_not_exported_where_the_stock_exporter_says_it_is(
    server: ScriptedServer, answer: Answer, ours: dict[str | None, int], stock: dict[str | None, int]
) -> None:
    server.answers = [answer]
    meters = Meters()
    queue = http_queue(server.url, meter_provider=meters.provider, timeout=1000)
    send(queue, 5)
    stats = queue.stats()
    assert by_error(meters.read()[EXPORTED]) == ours
    assert {None: stats.exported, **stats.dropped} == {None: 0, **ours}
    queue.shutdown()

    meters = Meters()
    exporter = OTLPLogExporter(endpoint=f"{server.url}/v1/logs", timeout=1, meter_provider=meters.provider)
    processor = StockProcessor(exporter, meter_provider=meters.provider)
    send(processor, 5)
    assert by_error(meters.read()[EXPORTED]) == stock
    processor.shutdown()


def test_the_attempts_to_send_a_batch_are_one_operation_that_ends_as_the_last_one(server: ScriptedServer) -> None:
    server.answers = [Answer(503, {"Retry-After": "0"}), Answer(503, {"Retry-After": "0"}), Answer(200)]
    meters = Meters()
    queue = http_queue(server.url, meter_provider=meters.provider, timeout=20000)
    emit(queue, 4)
    wait_until(lambda: queue.stats().exported == 4, 20)
    seen = meters.read()
    assert len(server.requests) == 3
    assert by_error(seen[EXPORTED]) == {None: 4}
    (duration,) = seen[DURATION]
    assert duration.value == 1
    assert duration.attributes["http.response.status_code"] == 200
    assert "error.type" not in duration.attributes
    assert duration.point.sum > 0.001
    queue.shutdown()


def test_durations_fall_into_buckets_of_seconds(server: ScriptedServer) -> None:
    server.answers = [Answer(200, hang_seconds=0.3)]
    meters = Meters()
    queue = http_queue(server.url, meter_provider=meters.provider)
    send(queue, 1)
    (duration,) = meters.read()[DURATION]
    bounds = list(duration.point.explicit_bounds)
    assert [bounds[place] for place, count in enumerate(duration.point.bucket_counts) if count] == [0.5]
    queue.shutdown()


def test_what_finds_the_queue_full_is_counted_and_what_is_being_sent_is_in_flight(server: ScriptedServer) -> None:
    server.answers = [Answer(200, hang_seconds=10)]
    meters = Meters()
    queue = http_queue(server.url, meter_provider=meters.provider, max_queue_size=4, max_export_batch_size=2)
    emit(queue, 2)
    wait_until(lambda: len(server.requests) == 1)
    emit(queue, 7)
    seen = meters.read()
    assert by_error(seen[PROCESSED]) == {None: 2, "queue_full": 3}
    assert [point.value for point in seen[QUEUE_SIZE]] == [4]
    assert [point.value for point in seen[INFLIGHT]] == [2]
    assert [(point.attributes["logcapy.drop.reason"], point.value) for point in seen["logcapy.log.dropped"]] == [
        ("queue_full", 3)
    ]
    assert [point.value for point in seen["logcapy.log.emitted"]] == [9]
    server.stopping.set()
    queue.shutdown()


def test_what_comes_after_the_end_is_counted(server: ScriptedServer) -> None:
    meters = Meters()
    queue = http_queue(server.url, meter_provider=meters.provider)
    send(queue, 1)
    queue.shutdown()
    emit(queue, 2)
    assert by_error(meters.read()[PROCESSED]) == {None: 1, "already_shutdown": 2}


def test_every_record_is_in_exactly_one_place_of_the_metrics(server: ScriptedServer) -> None:
    server.answers = [Answer(200), Answer(400), Answer(302), Answer(200)]
    meters = Meters()
    queue = http_queue(server.url, meter_provider=meters.provider, max_queue_size=4, max_export_batch_size=2)
    for _ in range(4):
        send(queue, 2)
    server.answers = [Answer(200, hang_seconds=10)]
    emit(queue, 2)
    wait_until(lambda: len(server.requests) == 5)
    emit(queue, 9)
    seen = meters.read()

    def total(name: str) -> float:
        return sum(point.value for point in seen[name])

    assert total("logcapy.log.emitted") == 19
    assert total(PROCESSED) + total(QUEUE_SIZE) == 19
    handed_over = by_error(seen[PROCESSED])[None]
    assert total(EXPORTED) + total(INFLIGHT) + total("logcapy.spool.records") == handed_over
    server.stopping.set()
    queue.shutdown()


def test_what_waits_on_disk_is_neither_exported_nor_in_flight(server: ScriptedServer, tmp_path: Path) -> None:
    server.answers = [Answer(503, {"Retry-After": "1"})] * 2 + [Answer(200)]
    meters = Meters()
    spooling = LogCapyConfig(spool="always", spool_dir=str(tmp_path / "spool"))
    queue = http_queue(server.url, meter_provider=meters.provider, delivery=spooling)
    emit(queue, 6)
    wait_until(lambda: queue.stats().on_disk == 6)
    seen = meters.read()
    (records,), (size,) = seen["logcapy.spool.records"], seen["logcapy.spool.size"]
    assert records.value == 6
    assert size.value > 6 * len("record 0")
    assert by_error(seen[PROCESSED]) == {None: 6}
    assert by_error(seen[EXPORTED]) == {}
    wait_until(lambda: queue.stats().exported == 6, 20)
    seen = meters.read()
    assert by_error(seen[EXPORTED]) == {None: 6}
    assert [point.value for point in seen["logcapy.spool.records"]] == [0]
    assert by_error(seen[DURATION]) == {None: 1, "export_failed": 2}
    queue.shutdown()


def test_each_of_several_queues_is_measured_where_of_stock_ones_only_the_first_is(server: ScriptedServer) -> None:
    meters = Meters()
    queues = [http_queue(server.url, meter_provider=meters.provider) for _ in range(2)]
    for queue in queues:
        send(queue, 1)
    names = {point.attributes["otel.component.name"] for point in meters.read()[QUEUE_SIZE]}
    assert len(names) == 2
    for queue in queues:
        queue.shutdown()

    meters = Meters()
    processors = [
        StockProcessor(OTLPLogExporter(endpoint=server.url), meter_provider=meters.provider) for _ in range(2)
    ]
    assert len(meters.read()[QUEUE_SIZE]) == 1
    for processor in processors:
        processor.shutdown()


def test_a_stock_exporter_behind_the_queue_is_left_to_measure_itself(server: ScriptedServer) -> None:
    meters = Meters()
    exporter = OTLPLogExporter(endpoint=f"{server.url}/v1/logs", meter_provider=meters.provider)
    queue = BatchLogRecordProcessor(exporter, meter_provider=meters.provider)
    send(queue, 3)
    seen = meters.read()
    assert by_error(seen[PROCESSED]) == {None: 3}
    assert [point.scope for point in seen[EXPORTED]] == ["opentelemetry-sdk"]
    assert [point.value for point in seen[DURATION]] == [1]
    queue.shutdown()


@pytest.mark.parametrize("value", ["false", "", "1"])
def test_nothing_is_measured_unless_the_sdk_measures_itself(
    server: ScriptedServer, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, value)
    meters = Meters()
    queue = http_queue(server.url, meter_provider=meters.provider)
    send(queue, 1)
    assert meters.read() == {}
    queue.shutdown()


def test_a_record_touches_no_instrument() -> None:
    touched: list[str] = []

    class TellingCounter(Counter):
        def __init__(self, name: str) -> None:
            self.name = name

        def add(self, amount: float, *args: Any, **kwargs: Any) -> None:
            touched.append(self.name)

    class TellingMeter(NoOpMeter):
        callbacks: list[Any] = []  # noqa: RUF012 - one test's

        def create_counter(self, name: str, unit: str = "", description: str = "") -> Any:
            return TellingCounter(name)

        create_up_down_counter = create_counter

        def create_observable_gauge(
            self, name: str, callbacks: Any = None, unit: str = "", description: str = ""
        ) -> Any:
            self.callbacks.extend(callbacks)

    class TellingProvider(NoOpMeterProvider):
        def get_meter(self, *args: Any, **kwargs: Any) -> Any:
            return TellingMeter("telling")

    with scripted_server() as server:
        queue = http_queue(server.url, meter_provider=TellingProvider())
        send(queue, 50)
        assert touched == []
        TellingMeter.callbacks[0](None)
        assert PROCESSED in touched
        queue.shutdown()


@pytest.mark.parametrize("figure", [one for one in figures.FIGURES if one.name.startswith("otel.")])
def test_names_units_and_texts_are_those_of_the_semantic_conventions(figure: figures.Figure) -> None:
    described: dict[str, str] = {}

    class Meter:
        def __getattr__(self, name: str) -> Callable[..., None]:
            return lambda **kwargs: described.update(kwargs, kind=name)

    getattr(otel_metrics, f"create_{figure.name.replace('.', '_')}")(Meter())
    kinds = {"counter": "create_counter", "updowncounter": "create_up_down_counter", "histogram": "create_histogram"}
    assert described == {
        "kind": kinds[figure.kind],
        "name": figure.name,
        "unit": figure.unit,
        "description": figure.description,
    }


def test_a_queue_that_is_no_more_has_no_capacity(server: ScriptedServer) -> None:
    meters = Meters()
    queue = http_queue(server.url, meter_provider=meters.provider, max_queue_size=100, max_export_batch_size=50)
    send(queue, 2)
    queue.shutdown()
    assert [point.value for point in meters.read()[CAPACITY]] == [100]
    del queue
    gc.collect()
    seen = meters.read()
    assert [point.value for point in seen[CAPACITY]] == [0]
    assert by_error(seen[EXPORTED]) == {None: 2}


def test_what_a_queue_did_last_is_told_of_though_it_is_no_more(server: ScriptedServer) -> None:
    meters = Meters()
    queue = http_queue(server.url, meter_provider=meters.provider)
    send(queue, 2)
    queue.shutdown()
    del queue
    gc.collect()
    assert by_error(meters.read()[EXPORTED]) == {None: 2}
    gc.collect()
    seen = meters.read()
    assert [point.value for point in seen[CAPACITY]] == [0]
    assert by_error(seen[EXPORTED]) == {None: 2}


@pytest.mark.parametrize(
    ("reply", "status", "error"),
    [(Reply(), "OK", None), (Reply(code="INVALID_ARGUMENT", details="no"), "INVALID_ARGUMENT", "rejected")],
)
def test_the_status_of_grpc_is_its_name(reply: Reply, status: str, error: str | None) -> None:
    import grpc

    if reply.code is not None:
        reply = Reply(code=grpc.StatusCode[str(reply.code)], details="no")
    meters = Meters()
    with grpc_server() as server:
        server.reply = reply
        exporter = OTLPGrpcLogRecordExporter(
            config=OtlpConfig(endpoint=f"http://127.0.0.1:{server.port}", protocol="grpc", timeout=5000)
        )
        queue = BatchLogRecordProcessor(exporter, meter_provider=meters.provider, config=BatchConfig(schedule_delay=10))
        send(queue, 2)
        (duration,) = meters.read()[DURATION]
        assert duration.attributes["rpc.response.status_code"] == status
        assert duration.attributes.get("error.type") == error
        assert duration.attributes["otel.component.type"] == "otlp_grpc_log_exporter"
        assert duration.attributes["server.port"] == server.port
        queue.shutdown()


def test_where_nobody_listens_the_duration_has_no_status(server: ScriptedServer) -> None:
    server.answers = [Answer(hang_up=True)]
    meters = Meters()
    queue = http_queue(server.url, meter_provider=meters.provider, timeout=300)
    emit(queue, 1)
    wait_until(lambda: queue.stats().dropped == {"export_failed": 1})
    (duration,) = meters.read()[DURATION]
    assert duration.attributes["error.type"] == "unreachable"
    assert "http.response.status_code" not in duration.attributes
    queue.shutdown()


def test_delta_temporality_tells_each_record_once(server: ScriptedServer) -> None:
    meters = Meters(preferred_temporality={SdkCounter: AggregationTemporality.DELTA})
    queue = http_queue(server.url, meter_provider=meters.provider)
    told = []
    for count in (3, 4):
        send(queue, count)
        told.append(by_error(meters.read()[EXPORTED]))
    assert told == [{None: 3}, {None: 4}]
    queue.shutdown()


def run_script(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, arguments[0], json.dumps(sys.path), *arguments[1:]],
        env={**os.environ, SWITCH: "true"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


_FORKING = """
import json, os, sys
sys.path[:0] = json.loads(sys.argv[2])
from opentelemetry.sdk.metrics import Counter
from opentelemetry.sdk.metrics.export import AggregationTemporality
from deliver.measured import Meters, by_error, emit, http_queue

meters = Meters(preferred_temporality={Counter: AggregationTemporality[sys.argv[3]]})
queue = http_queue(sys.argv[1], meter_provider=meters.provider)

def tell(count):
    emit(queue, count)
    queue.force_flush(5000)
    seen = meters.read()
    exported = by_error(seen["otel.sdk.exporter.log.exported"])
    told = [exported[None], seen["otel.sdk.processor.log.queue.size"][0].value]
    os.write(1, json.dumps(told).encode() + b"\\n")  # one write: two processes share the pipe

tell(5)
emit(queue, 2)
queue.force_flush(5000)
child = os.fork()
tell(4 if child == 0 else 1)
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
queue.shutdown()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize(
    ("temporality", "told"),
    [("DELTA", [[5, 0], [3, 0], [4, 0]]), ("CUMULATIVE", [[5, 0], [8, 0], [9, 0]])],
)
def test_a_forked_child_tells_of_its_own_records_and_never_of_fewer_than_before(
    server: ScriptedServer, temporality: str, told: list[list[int]]
) -> None:
    output = run_script(_FORKING, server.url, temporality)
    lines = [json.loads(line) for line in output.splitlines()]
    assert [lines[0], *sorted(lines[1:])] == told


def test_what_is_dropped_before_any_queue_has_it_is_in_the_metrics_too(server: ScriptedServer) -> None:
    script = """
import json, sys
sys.path[:0] = json.loads(sys.argv[2])
from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk._logs import LoggerProvider
from deliver.measured import Meters, http_queue
import logcapy

meters = Meters()
set_meter_provider(meters.provider)
processor = logcapy.LogCapyLogRecordProcessor(
    http_queue(sys.argv[1]), config=logcapy.LogCapyConfig(exception_repeats="drop")
)
provider = LoggerProvider(shutdown_on_exit=False)
provider.add_log_record_processor(processor)
error = ValueError("once")
for _ in range(3):
    provider.get_logger("shop").emit(body="failed", exception=error)
processor.force_flush(5000)
seen = meters.read()
print(sum(point.value for point in seen["logcapy.log.emitted"]))
print([(point.attributes["logcapy.drop.reason"], point.value) for point in seen["logcapy.log.dropped"]])
processor.shutdown()
"""
    assert run_script(script, server.url).splitlines() == ["3", "[('repeated', 2)]"]


def test_a_meter_provider_that_is_set_later_gets_everything(server: ScriptedServer) -> None:
    script = """
import json, sys
sys.path[:0] = json.loads(sys.argv[2])
from opentelemetry.metrics import set_meter_provider
from deliver.measured import Meters, emit, http_queue

queues = [http_queue(sys.argv[1])]
meters = Meters()
set_meter_provider(meters.provider)
queues += [http_queue(sys.argv[1]), http_queue(sys.argv[1], meter_provider=meters.provider)]
for queue in queues:
    emit(queue, 2)
    queue.force_flush(5000)
print([point.value for point in meters.read()["otel.sdk.exporter.log.exported"]])
for queue in queues:
    queue.shutdown()
"""
    assert run_script(script, server.url).splitlines() == ["[2, 2, 2]"]


def test_a_meter_provider_that_becomes_the_global_one_has_each_queue_once(server: ScriptedServer) -> None:
    script = """
import json, sys
sys.path[:0] = json.loads(sys.argv[2])
from opentelemetry.metrics import set_meter_provider
from deliver.measured import Meters, emit, http_queue

meters = Meters()
queues = [http_queue(sys.argv[1], meter_provider=meters.provider)]
set_meter_provider(meters.provider)
queues.append(http_queue(sys.argv[1]))
for queue in queues:
    emit(queue, 2)
    queue.force_flush(5000)
seen = meters.read()
print([point.value for point in seen["otel.sdk.exporter.log.exported"]], len(seen["logcapy.log.oldest.age"]))
for queue in queues:
    queue.shutdown()
"""
    assert run_script(script, server.url).splitlines() == ["[2, 2] 2"]
