"""The public interface as a program: checked by mypy --strict, never run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import loguru
import structlog
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter
from opentelemetry.sdk.trace import TracerProvider

import logcapy
from logcapy.export.otlp_grpc import OTLPGrpcLogRecordExporter
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.exporter import PayloadExporter
from logcapy.integrations.loguru import LogCapySink
from logcapy.integrations.structlog import LogCapyRenderer
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


def own_logger() -> None:
    log: logcapy.CapyLogger = logcapy.get_logger(__name__)
    log.info("order %s paid", 7, total=12.5, event_name="shop.paid", exc_info=ValueError("no"), stack_info=True)
    log.log(25, "x", message="an attribute", stacklevel=2, extra={"order_id": 7})
    bound: logcapy.CapyLogger = log.bind(order_id=7)
    if bound.is_enabled_for(10):
        bound.debug(7)
    log.info()  # type: ignore[call-arg]
    log.error("x", stack_info="yes")  # type: ignore[arg-type]
    log.error("x", event_name=7)  # type: ignore[arg-type]


def other_loggers() -> None:
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, LogCapyRenderer(ends_chain=False)])
    number: int = LogCapySink().add_to(loguru.logger, "INFO", filter=lambda record: record["line"] > 0)
    loguru.logger.remove(number)
    loguru.logger.add(LogCapySink(), format="{message}", enqueue=True)
