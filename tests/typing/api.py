"""The public interface as a program: checked by mypy --strict, never run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter
from opentelemetry.sdk.trace import TracerProvider

import logcapy
from logcapy.export.otlp_grpc import OTLPGrpcLogRecordExporter
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.exporter import PayloadExporter
from logcapy.types import Delivered, Outcome, Payload, Record, Retry


def set_up() -> None:
    handle: logcapy.Handle = logcapy.configure(redact_keys=["note"], shutdown_timeout=2000)
    flushed: bool = handle.force_flush(timeout_millis=100)
    dropped: int = sum(handle.stats().dropped.values())
    health: logcapy.Health = handle.health()
    print(flushed, dropped, health.state == "failing", health.reasons)
    handle.shutdown()


def as_a_part(provider: LoggerProvider, tracer_provider: TracerProvider, exporter: LogRecordExporter) -> None:
    provider.add_log_record_processor(logcapy.LogCapyLogRecordProcessor(OTLPHttpLogRecordExporter()))
    provider.add_log_record_processor(
        logcapy.LogCapyLogRecordProcessor(
            [
                OTLPGrpcLogRecordExporter("https://collector:4317", headers={"key": "value"}),
                BatchLogRecordProcessor(exporter),
            ],
            config=logcapy.LogCapyConfig(redact=("pci",)),
        )
    )
    provider.add_log_record_processor(logcapy.BatchLogRecordProcessor(exporter, 500, 64))
    provider.add_log_record_processor(logcapy.ExceptionProcessor())
    tracer_provider.add_span_processor(logcapy.LogCapySpanProcessor())


def in_context() -> None:
    with logcapy.context(order_id=7):
        logcapy.context.bind(customer="c-1")
        logcapy.context.unbind("customer")
    logcapy.context.clear()


class Mine(PayloadExporter):
    """An exporter of one's own."""

    def encode(self, records: Sequence[Record]) -> Iterable[Payload]:
        yield Payload(b"".join(str(record.log_record.body).encode() for record in records), records)

    def send(self, payload: Payload, deadline: float) -> Outcome:
        return Delivered() if payload.body else Retry("nothing to send")
