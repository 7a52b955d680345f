"""The same figures for Prometheus."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor as StockProcessor
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from deliver.measured import SWITCH, Meters, emit, http_queue, wait_until
from logcapy.config import LogCapyConfig
from logcapy.deliver.batch import BatchLogRecordProcessor
from logcapy.deliver.figures import FIGURES
from logcapy.handle import Handle
from logcapy.processor import LogCapyLogRecordProcessor
from logcapy.prometheus import LogCapyCollector, Source, prometheus_name
from servers.http import Answer, ScriptedServer, scripted_server


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


def registry_of(source: Source) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(LogCapyCollector(source))
    return registry


def samples(source: Source) -> dict[str, list[Sample]]:
    """What is scraped, by the name of the sample."""
    found: dict[str, list[Sample]] = {}
    for family in text_string_to_metric_families(generate_latest(registry_of(source)).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample)
    return found


def by_error(found: list[Sample]) -> dict[str, float]:
    return {sample.labels.get("error_type", ""): sample.value for sample in found if sample.value}


def test_a_scrape_shows_what_became_of_the_records(server: ScriptedServer) -> None:
    server.answers = [Answer(200), Answer(400)]
    queue = http_queue(server.url, max_queue_size=64, max_export_batch_size=32)
    for count in (3, 2):
        emit(queue, count)
        queue.force_flush(5000)
    seen = samples(queue)
    assert by_error(seen["otel_sdk_exporter_log_exported_total"]) == {"": 3, "rejected": 2}
    assert by_error(seen["otel_sdk_processor_log_processed_total"]) == {"": 5}
    assert by_error(seen["otel_sdk_exporter_operation_duration_seconds_count"]) == {"": 1, "rejected": 1}
    assert [one.value for one in seen["otel_sdk_processor_log_queue_capacity"]] == [64]
    assert [one.value for one in seen["logcapy_log_emitted_total"]] == [5]
    assert [(one.labels["logcapy_drop_reason"], one.value) for one in seen["logcapy_log_dropped_total"]] == [
        ("rejected", 2)
    ]
    exported = seen["otel_sdk_exporter_log_exported_total"][0].labels
    assert exported["server_address"] == "127.0.0.1"
    assert exported["server_port"] == str(server.port)
    assert exported["otel_component_type"] == "otlp_http_log_exporter"
    queue.shutdown()


def test_buckets_are_cumulative_and_in_seconds(server: ScriptedServer) -> None:
    server.answers = [Answer(200, hang_seconds=2.6), Answer(200)]
    queue = http_queue(server.url)
    for _ in range(2):
        emit(queue, 1)
        queue.force_flush(5000)
    seen = samples(queue)
    buckets = {
        float(one.labels["le"]): one.value for one in seen["otel_sdk_exporter_operation_duration_seconds_bucket"]
    }
    assert buckets[2.5] == 1
    assert buckets[float("inf")] == 2
    assert list(buckets.values()) == sorted(buckets.values())
    (total,) = seen["otel_sdk_exporter_operation_duration_seconds_sum"]
    assert 2.6 < total.value < 10
    queue.shutdown()


def test_the_figures_are_those_of_opentelemetry_in_prometheus_names(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, "true")
    meters = Meters()
    queue = http_queue(server.url, meter_provider=meters.provider, max_queue_size=3, max_export_batch_size=1)
    server.answers = [Answer(200), Answer(200, hang_seconds=20)]
    emit(queue, 1)
    wait_until(lambda: queue.stats().exported == 1)
    emit(queue, 1)
    wait_until(lambda: len(server.requests) == 2)
    emit(queue, 5)
    otel = meters.read()
    seen = samples(queue)
    compared = 0
    for figure in FIGURES:
        if figure.kind in ("counter", "updowncounter"):
            ours = sorted(one.value for one in seen.get(prometheus_name(figure), []) if one.value)
            assert ours == sorted(one.value for one in otel.get(figure.name, []) if one.value), figure.name
            compared += len(ours)
    assert compared >= 8
    server.stopping.set()
    queue.shutdown()


@pytest.mark.parametrize(
    ("figure", "name"),
    [
        ("otel.sdk.processor.log.processed", "otel_sdk_processor_log_processed_total"),
        ("otel.sdk.processor.log.queue.size", "otel_sdk_processor_log_queue_size"),
        ("otel.sdk.exporter.operation.duration", "otel_sdk_exporter_operation_duration_seconds"),
        ("logcapy.spool.size", "logcapy_spool_size_bytes"),
        ("logcapy.log.oldest.age", "logcapy_log_oldest_age_seconds"),
        ("logcapy.worker.restarts", "logcapy_worker_restarts_total"),
    ],
)
def test_names_follow_opentelemetrys_rules_for_prometheus(figure: str, name: str) -> None:
    assert [prometheus_name(one) for one in FIGURES if one.name == figure] == [name]


def test_all_destinations_of_a_processor_are_told_of_and_somebody_elses_processor_is_not(
    server: ScriptedServer,
) -> None:
    others = StockProcessor(InMemoryLogRecordExporter())
    processor = LogCapyLogRecordProcessor(
        [http_queue(server.url), http_queue(server.url), others], config=LogCapyConfig()
    )
    emit(processor, 2)
    processor.force_flush(5000)
    exported = samples(processor)["otel_sdk_exporter_log_exported_total"]
    assert [one.value for one in exported] == [2, 2]
    assert len({one.labels["otel_component_name"] for one in exported}) == 2
    processor.shutdown()


def test_a_handle_is_followed_to_its_new_processor(server: ScriptedServer) -> None:
    first = LogCapyLogRecordProcessor(http_queue(server.url), config=LogCapyConfig())
    second = LogCapyLogRecordProcessor(http_queue(server.url), config=LogCapyConfig())
    handle = Handle(LoggerProvider(shutdown_on_exit=False), first)
    registry = registry_of(handle)
    emit(second, 3)
    second.force_flush(5000)
    handle.processor = second
    assert b"} 3.0" in generate_latest(registry)
    handle.processor = None
    assert b"} " not in generate_latest(registry)
    first.shutdown()
    second.shutdown()


def test_a_second_collector_in_one_registry_is_refused(server: ScriptedServer) -> None:
    queue = http_queue(server.url)
    registry = registry_of(queue)
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        registry.register(LogCapyCollector(queue))
    queue.shutdown()


def test_openmetrics_can_be_made_of_it(server: ScriptedServer) -> None:
    queue = http_queue(server.url)
    emit(queue, 1)
    queue.force_flush(5000)
    text = generate_openmetrics(registry_of(queue)).decode()
    assert "# TYPE otel_sdk_exporter_log_exported counter" in text
    assert text.endswith("# EOF\n")
    queue.shutdown()


def test_a_label_that_holds_anything_stays_in_its_line() -> None:
    class Hostile(InMemoryLogRecordExporter):
        pass

    Hostile.__qualname__ = 'a"\n} 7'
    queue = BatchLogRecordProcessor(Hostile())
    families = list(text_string_to_metric_families(generate_latest(registry_of(queue)).decode()))
    types = {sample.labels.get("otel_component_type") for family in families for sample in family.samples}
    assert f'{__name__}.a"\n}} 7' in types
    queue.shutdown()


def test_importing_logcapy_does_not_import_the_client() -> None:
    code = "import logcapy, sys; print('prometheus_client' in sys.modules, 'logcapy.prometheus' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False False"
