"""The stock SDK as a sender, and a receiver that keeps what it is told to show."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import LogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from logcapy.render.received import Received


class Shown:
    """Stands where the printer stands."""

    def __init__(self) -> None:
        self.records: list[Received] = []
        self.trouble: Exception | None = None

    def __call__(self, records: Sequence[Received]) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.records += records


def send_one(exporter: LogRecordExporter, body: str = "payment failed") -> None:
    """One record through the SDK; returns when it was acknowledged."""
    provider = LoggerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    provider.get_logger("shop.payments", "1").emit(
        LogRecord(
            timestamp=5,
            severity_number=SeverityNumber.ERROR,
            severity_text="ERROR",
            body=body,
            attributes={"order_id": 7},
        )
    )
    provider.shutdown()
