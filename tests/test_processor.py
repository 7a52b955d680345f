"""The one object that joins the rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    InMemoryLogRecordExporter,
    LogRecordExporter,
    SimpleLogRecordProcessor,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from logcapy import _guard
from logcapy.config import LogCapyConfig
from logcapy.deliver import batch
from logcapy.export.otlp_grpc import OTLPGrpcLogRecordExporter
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.processor import LogCapyLogRecordProcessor
from logcapy.render.received import Received
from logcapy.tail.decode import PROTOBUF, decode_logs
from logcapy.tail.grpc_receiver import GrpcReceiver
from logcapy.tail.http_receiver import HttpReceiver
from logcapy.tail.intake import Intake

RESOURCE = Resource({"service.name": "shop"})


class Receiver:
    """Both protocols on loopback."""

    def __init__(self) -> None:
        self.records: list[Received] = []
        intake = Intake(self.records.extend)
        self._http = HttpReceiver(intake, "127.0.0.1", 0)
        self._grpc = GrpcReceiver(intake, "127.0.0.1", 0)
        self._http.start()
        self.http_endpoint = f"http://127.0.0.1:{self._http.port}/v1/logs"
        self.grpc_endpoint = f"http://127.0.0.1:{self._grpc.port}"

    def stop(self) -> None:
        self._http.stop()
        self._grpc.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


def emit_some(*processors: LogRecordProcessor) -> None:
    provider = LoggerProvider(resource=RESOURCE, shutdown_on_exit=False)
    for processor in processors:
        provider.add_log_record_processor(processor)
    logger = provider.get_logger("shop", "1.0")
    with TracerProvider(shutdown_on_exit=False).get_tracer("t").start_as_current_span("pay"):
        logger.emit(
            LogRecord(
                timestamp=1_700_000_000_000_000_000,
                severity_number=SeverityNumber.INFO,
                severity_text="INFO",
                body="order placed, password=hunter2",
                attributes={"order_id": 7, "items": ["a", "b"], "authorization": "Bearer abc.def.ghi"},
            )
        )
        try:
            raise ValueError("card 4111 1111 1111 1111 refused")
        except ValueError as error:
            logger.emit(timestamp=1_700_000_000_000_000_001, body={"failed": ["payment", 7]}, exception=error)
    provider.force_flush(10_000)


def comparable(record: Received) -> tuple[object, ...]:
    of_one_run = ("exception.stacktrace", "log.record.uid")
    attributes = {key: value for key, value in record.attributes.items() if key not in of_one_run}
    return (
        record.time_unix_nano,
        record.severity_number,
        record.severity_text,
        record.body,
        attributes,
        record.resource,
        record.scope_name,
        record.scope_version,
        bool(record.trace_id),
        bool(record.span_id),
    )


def in_memory(exporter: InMemoryLogRecordExporter) -> list[Received]:
    """The same view of what an exporter in memory was given."""
    from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs

    return list(decode_logs(encode_logs(exporter.get_finished_logs()).SerializeToString(), PROTOBUF))


DESTINATIONS: dict[str, Callable[[Receiver], LogRecordExporter | LogRecordProcessor]] = {
    "the stock exporter": lambda receiver: OTLPLogExporter(endpoint=receiver.http_endpoint),
    "ours over HTTP": lambda receiver: OTLPHttpLogRecordExporter(receiver.http_endpoint),
    "ours over gRPC": lambda receiver: OTLPGrpcLogRecordExporter(receiver.grpc_endpoint),
    "the SDK's batch": lambda receiver: BatchLogRecordProcessor(OTLPLogExporter(endpoint=receiver.http_endpoint)),
    "our batch": lambda receiver: batch.BatchLogRecordProcessor(OTLPHttpLogRecordExporter(receiver.http_endpoint)),
    "ours in the SDK's batch": lambda receiver: BatchLogRecordProcessor(
        OTLPHttpLogRecordExporter(receiver.http_endpoint)
    ),
}


@pytest.mark.parametrize("name", DESTINATIONS)
def test_every_kind_of_destination_receives_the_same_records(receiver: Receiver, name: str) -> None:
    reference = InMemoryLogRecordExporter()
    emit_some(LogCapyLogRecordProcessor(reference))
    processor = LogCapyLogRecordProcessor(DESTINATIONS[name](receiver))
    emit_some(processor)
    processor.shutdown()
    assert [comparable(record) for record in receiver.records] == [comparable(one) for one in in_memory(reference)]
    order, failure = receiver.records
    assert order.body == "order placed, password=[REDACTED]"
    assert order.attributes["authorization"] == "[REDACTED]"
    assert failure.attributes["exception.message"] == "card [REDACTED] refused"
    assert "4111 1111" not in str(failure.attributes["exception.stacktrace"])


def test_several_destinations_share_one_enriched_and_redacted_record() -> None:
    redactions = 0
    first, second, third = (InMemoryLogRecordExporter() for _ in range(3))
    processor = LogCapyLogRecordProcessor([first, second, SimpleLogRecordProcessor(third)])
    redact = processor.redactor

    def count(record: ReadWriteLogRecord) -> None:
        nonlocal redactions
        redactions += 1
        redact(record)

    processor.redactor = count  # type: ignore[assignment]
    emit_some(processor)
    for exporter in (first, second, third):
        assert [comparable(one) for one in in_memory(exporter)] == [comparable(one) for one in in_memory(first)]
        assert "hunter2" not in str(in_memory(exporter))
    assert redactions == 2, "two records, each redacted once"
    assert processor.stats().emitted == processor.stats().exported == 6


def test_without_a_destination_records_are_edited_in_place_for_later_processors() -> None:
    exporter = InMemoryLogRecordExporter()
    emit_some(LogCapyLogRecordProcessor(), SimpleLogRecordProcessor(exporter))
    order, failure = in_memory(exporter)
    assert order.body == "order placed, password=[REDACTED]"
    assert failure.attributes["exception.message"] == "card [REDACTED] refused"


def test_with_a_destination_the_other_processors_see_the_record_as_it_was() -> None:
    untouched, ours = InMemoryLogRecordExporter(), InMemoryLogRecordExporter()
    emit_some(LogCapyLogRecordProcessor(ours), SimpleLogRecordProcessor(untouched))
    assert in_memory(untouched)[0].body == "order placed, password=hunter2"
    assert in_memory(ours)[0].body == "order placed, password=[REDACTED]"


def test_redaction_that_is_switched_off_masks_nothing() -> None:
    exporter = InMemoryLogRecordExporter()
    emit_some(LogCapyLogRecordProcessor(exporter, config=LogCapyConfig(redact=())))
    assert in_memory(exporter)[0].body == "order placed, password=hunter2"


def test_an_enricher_that_fails_costs_neither_the_record_nor_the_application(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(record: ReadWriteLogRecord) -> None:
        raise RuntimeError("broken")

    exporter = InMemoryLogRecordExporter()
    processor = LogCapyLogRecordProcessor(exporter)
    processor._transforms = (fail, *processor._transforms)
    emit_some(processor)
    assert len(exporter.get_finished_logs()) == 2


def test_an_exporter_that_logs_while_exporting_starts_no_endless_loop() -> None:
    import logging

    from logcapy.capture.stdlib import LogCapyHandler, install

    class Chatty(InMemoryLogRecordExporter):
        def export(self, batch):  # type: ignore[no-untyped-def]
            logging.getLogger("urllib3").error("sending %d records", len(batch))
            return super().export(batch)

    exporter = Chatty()
    provider = LoggerProvider(shutdown_on_exit=False)
    processor = LogCapyLogRecordProcessor(exporter)
    provider.add_log_record_processor(processor)
    uninstall = install(LogCapyHandler(logger_provider=provider))
    try:
        logging.getLogger("shop").error("one")
        assert provider.force_flush(5000)
        assert provider.force_flush(5000)
    finally:
        uninstall()
    assert [record.log_record.body for record in exporter.get_finished_logs()] == ["one"]


def test_what_waits_holds_no_exception_and_no_context_of_the_caller() -> None:
    seen: list[ReadableLogRecord] = []

    class Looking(InMemoryLogRecordExporter):
        def export(self, batch):  # type: ignore[no-untyped-def]
            seen.extend(batch)
            return super().export(batch)

    emit_some(LogCapyLogRecordProcessor(Looking()))
    assert [record.log_record.exception for record in seen] == [None, None]
    assert [dict(record.log_record.context or {}) for record in seen] == [{}, {}]


def test_what_is_told_on_stderr_is_redacted_too(capsys: pytest.CaptureFixture[str]) -> None:
    before = _guard._reporter.redact
    try:
        LogCapyLogRecordProcessor([], config=LogCapyConfig(redact=()))
        assert _guard._reporter.redact is before
        LogCapyLogRecordProcessor([], config=LogCapyConfig())
        _guard.say("an error of the application", "RuntimeError: token=abc123secret")
    finally:
        _guard.redact_messages(before)
    assert capsys.readouterr().err == "logcapy: RuntimeError: token=[REDACTED]\n"
