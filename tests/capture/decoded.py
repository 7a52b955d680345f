"""Records as they arrive: encoded as OTLP and decoded again, through LogCapy's whole chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import opentelemetry._logs._internal as global_provider
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

import logcapy
from logcapy.capture.stdlib import LogCapyHandler
from logcapy.export.otlp import encode_logs
from logcapy.exporter import PayloadExporter
from logcapy.types import Delivered, Outcome, Payload, Record


class Sibling(LogRecordProcessor):
    """Does nothing; that it is there closes the direct way."""

    def on_emit(self, log_record: ReadWriteLogRecord) -> None: ...

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return True


class Decoded(PayloadExporter):
    """Keeps what it is given to send, decoded."""

    def __init__(self) -> None:
        super().__init__(timeout_seconds=5)
        self.kept: list[dict[str, Any]] = []
        self.provider: LoggerProvider

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        return encode_logs(records)

    def send(self, payload: Payload, deadline: float) -> Outcome:
        request = MessageToDict(ExportLogsServiceRequest.FromString(payload.body))
        for resource in request["resourceLogs"]:
            for scope in resource["scopeLogs"]:
                for record in scope["logRecords"]:
                    pairs = {pair["key"]: pair.get("value", {}) for pair in record.get("attributes", ())}
                    assert len(pairs) == len(record.get("attributes", ())), "a key came twice"
                    self.kept.append({**record, "scope": scope["scope"]["name"], "attributes": pairs})
        return Delivered()

    def records(self) -> list[dict[str, Any]]:
        assert self.provider.force_flush()
        kept, self.kept = self.kept, []
        return kept

    def only(self) -> dict[str, Any]:
        (record,) = self.records()
        return record

    def bodies(self) -> list[str]:
        return [record["body"]["stringValue"] for record in self.records()]

    def attributes(self) -> dict[str, Any]:
        """Of the only record, each value without the name of its type."""
        return {key: next(iter(value.values()), None) for key, value in self.only()["attributes"].items()}


def decoded(*siblings: LogRecordProcessor) -> Decoded:
    """The exporter of a provider with LogCapy's processor, alone or beside others."""
    exporter = Decoded()
    exporter.provider = LoggerProvider(Resource.create({"service.name": "shop"}), shutdown_on_exit=False)
    for one in (logcapy.LogCapyLogRecordProcessor(exporter, config=logcapy.LogCapyConfig()), *siblings):
        exporter.provider.add_log_record_processor(one)
    return exporter


@contextmanager
def receiving(*siblings: LogRecordProcessor) -> Iterator[Decoded]:
    """The global LoggerProvider is one whose records are kept."""
    exporter = decoded(*siblings)
    before = global_provider._LOGGER_PROVIDER
    global_provider._LOGGER_PROVIDER = exporter.provider
    try:
        yield exporter
    finally:
        global_provider._LOGGER_PROVIDER = before
        exporter.provider.shutdown()


def handler_of(exporter: Decoded) -> LogCapyHandler:
    return LogCapyHandler(logger_provider=exporter.provider)


@contextmanager
def a_request() -> Iterator[None]:
    """A server span that LogCapy watches, and one inside it."""
    spans = TracerProvider(shutdown_on_exit=False)
    spans.add_span_processor(logcapy.LogCapySpanProcessor())
    attributes = {"http.method": "POST", "http.route": "/orders/{id}", "http.target": "/orders/7?token=x"}
    tracer = spans.get_tracer("t")
    with (
        tracer.start_as_current_span("POST", kind=SpanKind.SERVER, attributes=attributes),
        tracer.start_as_current_span("inner"),
    ):
        yield
