"""An application's telemetry in memory: its records and spans, with LogCapy on both."""

from __future__ import annotations

import logging
from typing import Any

from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from logcapy.capture.spans import LogCapySpanProcessor
from logcapy.capture.stdlib import LogCapyHandler
from logcapy.config import LogCapyConfig
from logcapy.processor import LogCapyLogRecordProcessor


class Observed:
    """Everything is exported at once, in the thread that tells."""

    def __init__(self, **config: Any) -> None:
        settings = LogCapyConfig(**config)
        self._records = InMemoryLogRecordExporter()
        self._spans = InMemorySpanExporter()
        self.processor = LogCapyLogRecordProcessor(SimpleLogRecordProcessor(self._records), config=settings)
        self.logger_provider = LoggerProvider(shutdown_on_exit=False)
        self.logger_provider.add_log_record_processor(self.processor)
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._spans))  # added first: it sends before ours is asked
        provider.add_span_processor(
            LogCapySpanProcessor(
                self.processor.redactor.text,
                logger_provider=self.logger_provider,
                exception_signal=settings.exception_signal,
            )
        )
        self.tracer = provider.get_tracer("instrumentation")
        self.log = logging.Logger("shop")
        self.log.addHandler(LogCapyHandler(logger_provider=self.logger_provider))

    @property
    def records(self) -> list[LogRecord]:
        return [one.log_record for one in self._records.get_finished_logs()]

    @property
    def full(self) -> list[LogRecord]:
        """The records that tell an exception in full."""
        return [one for one in self.records if "exception.stacktrace" in (one.attributes or {})]

    @property
    def references(self) -> list[LogRecord]:
        """The records that refer to one of these."""
        return [one for one in self.records if "logcapy.exception.reference" in (one.attributes or {})]

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self._spans.get_finished_spans()}

    def events(self, span: str) -> list[dict[str, Any]]:
        return [dict(event.attributes or {}) for event in self.spans[span].events if event.name == "exception"]
