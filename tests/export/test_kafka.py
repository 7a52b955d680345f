"""Kafka: what is in the messages, what the Collector reads of them, and what each failure means."""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk.resources import Resource

import logcapy
from logcapy.config import DeliveryConfig
from logcapy.config.destinations.kafka import KafkaConfig
from logcapy.deliver.batch import BatchLogRecordProcessor
from logcapy.errors import ConfigError
from logcapy.export.kafka import MAX_BYTES, KafkaLogRecordExporter
from logcapy.types import Broken, Delivered, Payload, Retry, TooLarge
from servers.collector import running_collector
from servers.kafka import Brokers, at_port, mock_brokers
from servers.processes import free_port

PASSWORD = "s3cr3t-p4ss"


def records(count: int, body: str = "order", service: str = "shop") -> list[ReadableLogRecord]:
    resource = Resource({"service.name": service})
    return [ReadableLogRecord(LogRecord(timestamp=n + 1, body=f"{body} {n}"), resource) for n in range(count)]


def bodies(value: bytes) -> list[str]:
    request = ExportLogsServiceRequest.FromString(value)
    return [
        record.body.string_value
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]


@pytest.fixture(scope="module")
def brokers() -> Iterator[Brokers]:
    with mock_brokers() as running:
        yield running


def soon(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


def test_a_message_is_an_otlp_request_and_its_key_the_services_name(brokers: Brokers) -> None:
    exporter = KafkaLogRecordExporter(brokers=brokers.addresses, topic="requests")
    for payload in exporter.encode(records(3)):
        assert exporter.send(payload, soon()) == Delivered()
    (message,) = brokers.messages("requests", 1)
    assert (bodies(message.value()), message.key()) == (["order 0", "order 1", "order 2"], b"shop")


def test_records_of_one_service_are_read_in_the_order_in_which_they_were_logged(brokers: Brokers) -> None:
    exporter = KafkaLogRecordExporter(brokers=brokers.addresses, topic="ordered")
    provider = LoggerProvider(shutdown_on_exit=False)
    processor = logcapy.LogCapyLogRecordProcessor(exporter)
    provider.add_log_record_processor(processor)
    for number in range(1_000):
        provider.get_logger("shop").emit(body=str(number))
    assert processor.force_flush()
    provider.shutdown()
    assert processor.stats().exported == 1_000
    found = [body for message in brokers.written("ordered") for body in bodies(message.value())]
    assert found == [str(number) for number in range(1_000)]


def test_no_message_is_larger_than_brokers_take_by_default(brokers: Brokers) -> None:
    exporter = KafkaLogRecordExporter(brokers=brokers.addresses, topic="large")
    payloads = list(exporter.encode(records(40, "x" * 100_000)))
    assert len(payloads) > 3
    assert all(len(payload.body) <= MAX_BYTES for payload in payloads)
    assert [exporter.send(payload, soon()) for payload in payloads] == [Delivered()] * len(payloads)


def test_a_message_over_the_producers_limit_is_too_large_and_can_be_cut(brokers: Brokers) -> None:
    exporter = KafkaLogRecordExporter(
        brokers=brokers.addresses, topic="too-large", options={"message.max.bytes": "2000"}
    )
    (payload,) = exporter.encode(records(4, "x" * 1_000))
    assert isinstance(exporter.send(payload, soon()), TooLarge)
    pieces = exporter.split(payload.body)
    assert pieces is not None
    assert [len(bodies(body)) for body, _ in pieces] == [2, 2]


def test_what_a_spool_has_kept_is_sent_by_an_exporter_that_never_saw_its_records(brokers: Brokers) -> None:
    (payload,) = KafkaLogRecordExporter(brokers=brokers.addresses).encode(records(2))
    exporter = KafkaLogRecordExporter(brokers=brokers.addresses, topic="from-disk")
    assert exporter.send(Payload(payload.body, range(2)), soon()) == Delivered()  # type: ignore[arg-type]
    (message,) = brokers.messages("from-disk", 1)
    assert bodies(message.value()) == ["order 0", "order 1"]


def test_brokers_that_are_away_lose_nothing_that_a_spool_keeps(brokers: Brokers, tmp_path: Path) -> None:
    port = free_port()
    settings = DeliveryConfig(spool="always", spool_dir=str(tmp_path), shutdown_timeout=1_000)

    def log(*texts: str) -> BatchLogRecordProcessor:
        exporter = KafkaLogRecordExporter(brokers=(f"127.0.0.1:{port}",), topic="after-an-outage", timeout=500)
        queue = BatchLogRecordProcessor(exporter, settings=settings)
        provider = LoggerProvider(shutdown_on_exit=False)
        provider.add_log_record_processor(queue)
        for text in texts:
            provider.get_logger("shop").emit(body=text)
        return queue

    queue = log("first", "second")
    outcome = queue.exporter.send(Payload(b"x", range(1)), soon(2))  # type: ignore[attr-defined]
    assert isinstance(outcome, Retry)
    assert outcome.unreachable
    queue.shutdown()
    assert (queue.stats().on_disk, queue.stats().dropped) == (2, {})
    with at_port(brokers, port):
        queue = log("third")
        messages = brokers.messages("after-an-outage", 2)
        queue.shutdown()
    assert sorted(bodies(message.value()) for message in messages) == [["first", "second"], ["third"]]


def test_a_broker_that_speaks_no_tls_does_not_get_what_was_meant_for_one_that_does(brokers: Brokers) -> None:
    options = {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.username": "u"}
    exporter = KafkaLogRecordExporter(
        brokers=brokers.addresses, timeout=1_500, options={**options, "sasl.password": PASSWORD}
    )
    outcome = exporter.send(Payload(b"x", range(1)), soon(2))  # type: ignore[arg-type]
    assert isinstance(outcome, (Retry, Broken))
    assert PASSWORD not in repr((exporter, outcome, KafkaConfig(options={"sasl.password": PASSWORD})))


def test_a_forked_child_sends_by_a_producer_of_its_own(brokers: Brokers) -> None:
    exporter = KafkaLogRecordExporter(brokers=brokers.addresses, topic="forked")
    (payload,) = exporter.encode(records(1, "parent's"))
    assert exporter.send(payload, soon()) == Delivered()
    child = os.fork()
    if not child:
        signal.alarm(30)  # a child that hangs is a failure, and must not be one of the whole run
        (payload,) = exporter.encode(records(1, "child's"))
        os._exit(0 if exporter.send(payload, soon()) == Delivered() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert [bodies(message.value()) for message in brokers.messages("forked", 2)] == [["parent's 0"], ["child's 0"]]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"brokers": ()}, "brokers"),
        ({"topic": "no spaces"}, "topic"),
        ({"timeout": 0}, "timeout"),
        ({"options": {"acks": "0"}}, "options"),
        ({"options": {"no.such.option": "1"}}, "no.such.option"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told(fields: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        KafkaLogRecordExporter(**fields)


def test_variables_say_where_it_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGCAPY_KAFKA_BROKERS", "127.0.0.1:1,127.0.0.1:2")
    monkeypatch.setenv("LOGCAPY_KAFKA_TOPIC", "shop_logs")
    monkeypatch.setenv("LOGCAPY_KAFKA_OPTIONS", f"sasl.username=u,sasl.password={PASSWORD}")
    exporter = KafkaLogRecordExporter()
    assert exporter.destination == "kafka://127.0.0.1:1,127.0.0.1:2/shop_logs"
    monkeypatch.setenv("LOGCAPY_KAFKA_OPTIONS", PASSWORD)
    with pytest.raises(ConfigError, match="LOGCAPY_KAFKA_OPTIONS") as told:
        KafkaLogRecordExporter()
    assert PASSWORD not in str(told.value)


def test_a_forked_child_does_not_end_a_producer_that_is_garbage(brokers: Brokers) -> None:
    for _ in range(3):
        cycle: list[object] = [KafkaLogRecordExporter(brokers=brokers.addresses)]
        cycle.append(cycle)
        del cycle
    child = os.fork()
    if not child:
        signal.alarm(30)
        gc.collect()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.servers
@pytest.mark.slow
def test_a_collector_that_is_restarted_in_the_middle_has_all_records_in_the_end(
    collector_binary: Path, tmp_path: Path
) -> None:
    with mock_brokers() as brokers:
        where = {"OTELCOL_KAFKA_BROKERS": ",".join(brokers.addresses)}
        exporter = KafkaLogRecordExporter(brokers=brokers.addresses)
        wanted = {f"order {n}" for n in range(2_000)}
        received: list[str] = []

        def send(first: int, last: int) -> None:
            for start in range(first, last, 100):
                for payload in exporter.encode(records(last, "order")[start : start + 100]):
                    assert exporter.send(payload, soon()) == Delivered()

        send(0, 1_000)
        with running_collector(collector_binary, tmp_path / "first", "config.kafka.test.yaml", **where) as collector:
            collector.wait_for(lambda: len(collector.logs()) >= 100, timeout=30)
        received += [record["body"] for record in collector.logs()]
        send(1_000, 2_000)
        with running_collector(collector_binary, tmp_path / "second", "config.kafka.test.yaml", **where) as collector:
            collector.wait_for(
                lambda: wanted <= {*received, *(record["body"] for record in collector.logs())}, timeout=60
            )
