"""A queue that is measured, and what was measured, for the tests of metrics, health and Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from logcapy.config import BatchConfig, OtlpConfig
from logcapy.deliver.batch import BatchLogRecordProcessor
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter

SWITCH = "OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED"


@dataclass(frozen=True)
class Measured:
    """A data point: a number, or a histogram's count."""

    attributes: Mapping[str, Any]
    value: float
    unit: str
    description: str
    scope: str
    point: Any


class Meters:
    """A real MeterProvider that is read in memory."""

    def __init__(self, **preferred: Any) -> None:
        self.reader = InMemoryMetricReader(**preferred)
        self.provider = MeterProvider(metric_readers=[self.reader], shutdown_on_exit=False)

    def read(self) -> dict[str, list[Measured]]:
        """All points, by the name of their metric."""
        found: dict[str, list[Measured]] = {}
        data = self.reader.get_metrics_data()
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        value = point.count if hasattr(point, "bucket_counts") else point.value
                        measured = Measured(
                            point.attributes, value, metric.unit, metric.description, scope.scope.name, point
                        )
                        found.setdefault(metric.name, []).append(measured)
        return found


def by_error(points: list[Measured], component: str = "") -> dict[str | None, float]:
    """Values by ``error.type``, of components whose name begins so."""
    return {
        point.attributes.get("error.type"): point.value
        for point in points
        if str(point.attributes["otel.component.name"]).startswith(component) and point.value
    }


def http_queue(url: str, timeout: float = 5000, **settings: Any) -> BatchLogRecordProcessor:
    """LogCapy's queue with its OTLP exporter."""
    meter_provider = settings.pop("meter_provider", None)
    exporter = OTLPHttpLogRecordExporter(config=OtlpConfig(endpoint=f"{url}/v1/logs", timeout=timeout))
    delivery = settings.pop("delivery", None)
    config = BatchConfig(**{"schedule_delay": 10, "export_timeout": timeout, **settings})
    return BatchLogRecordProcessor(exporter, config=config, settings=delivery, meter_provider=meter_provider)


def emit(processor: LogRecordProcessor, count: int, **fields: Any) -> None:
    """Emit so many records for a processor alone."""
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    fields.setdefault("severity_number", SeverityNumber.INFO)
    logger = provider.get_logger("shop")
    for number in range(count):
        logger.emit(LogRecord(body=f"record {number}", **fields))


def wait_until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that another thread brings about."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.005)
