"""LogCapy and OpenTelemetry alone, each set up in the same way for the same fault."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor as StockBatch
from opentelemetry.sdk._logs.export import LogRecordExporter

from logcapy.capture.stdlib import LogCapyHandler
from logcapy.config import BatchConfig, DeliveryConfig, LogCapyConfig, OtlpConfig
from logcapy.deliver.accounting import Stats
from logcapy.deliver.batch import BatchLogRecordProcessor
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.processor import LogCapyLogRecordProcessor
from tests.deliver.logging_to import bodies_of


class Pipeline:
    """A LoggerProvider with one processor."""

    def __init__(self, processor: LogRecordProcessor, handler: Callable[..., logging.Handler]) -> None:
        self.processor = processor
        self.provider = LoggerProvider(shutdown_on_exit=False)
        self.provider.add_log_record_processor(processor)
        self._emit = self.provider.get_logger("shop").emit
        self._handler = handler

    def log(self, *bodies: Any, **fields: Any) -> None:
        """Emit records by OpenTelemetry's own interface."""
        fields.setdefault("severity_number", SeverityNumber.INFO)
        for body in bodies:
            self._emit(LogRecord(body=body, timestamp=time.time_ns(), **fields))

    def logger(self) -> logging.Logger:
        """A logger of the standard library that reaches this alone."""
        logger = logging.Logger("shop")
        logger.addHandler(self._handler(logging.NOTSET, logger_provider=self.provider))
        return logger

    def flush(self, seconds: float = 20) -> bool:
        return bool(self.processor.force_flush(int(seconds * 1000)))

    def shutdown(self, seconds: float = 5) -> None:
        """End; stock takes up to 30 s for it, and may have them for itself."""
        if isinstance(self.processor, LogCapyLogRecordProcessor):
            self.processor.shutdown(seconds * 1000)
            return
        thread = threading.Thread(target=self.processor.shutdown, daemon=True)
        thread.start()
        thread.join(seconds)


class Ours(Pipeline):
    """LogCapy's processor, queue and exporter."""

    def __init__(self, exporter: LogRecordExporter, batch: BatchConfig, settings: DeliveryConfig) -> None:
        self.queue = BatchLogRecordProcessor(exporter, config=batch, settings=settings)
        super().__init__(LogCapyLogRecordProcessor(self.queue, config=LogCapyConfig()), LogCapyHandler)

    @property
    def stats(self) -> Stats:
        return self.queue.stats()

    @property
    def dropped(self) -> int:
        return sum(self.stats.dropped.values())

    def balances(self) -> bool:
        """Whether every record is in exactly one account."""
        stats = self.stats
        return stats.emitted == stats.exported + stats.on_disk + stats.in_memory + sum(stats.dropped.values())


def ours(
    url: str,
    folder: Path | None = None,
    mode: str = "always",
    *,
    delay_millis: float = 20,
    timeout_millis: float = 10_000,
    max_queue_size: int = 2048,
    exporter: LogRecordExporter | None = None,
    **settings: Any,
) -> Ours:
    """LogCapy, with a spool where there is a folder."""
    if exporter is None:
        exporter = OTLPHttpLogRecordExporter(config=OtlpConfig(endpoint=f"{url}/v1/logs", timeout=timeout_millis))
    if folder is not None:
        settings |= {"spool": mode, "spool_dir": str(folder)}
    batch = BatchConfig(schedule_delay=delay_millis, max_queue_size=max_queue_size)
    return Ours(exporter, batch, DeliveryConfig(**settings))


def stock(
    url: str, *, delay_millis: float = 20, timeout_millis: float = 10_000, exporter: LogRecordExporter | None = None
) -> Pipeline:
    """OpenTelemetry's own processor and exporter."""
    exporter = exporter or OTLPLogExporter(f"{url}/v1/logs", timeout=timeout_millis / 1000)
    return Pipeline(StockBatch(exporter, schedule_delay_millis=delay_millis), LoggingHandler)


def all_bodies(requests: list[Any]) -> list[str]:
    """The texts of all records in requests, in order."""
    return [body for request in list(requests) for body in bodies_of(request.body)]


def until(holds: Callable[[], object], seconds: float = 15, every: float = 0.01) -> bool:
    """Wait until something holds; False where it did not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one measurement."""
    with tempfile.TemporaryDirectory(prefix="logcapy-faults-") as folder:
        yield Path(folder)
