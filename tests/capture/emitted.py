"""The records that LogCapy emits through the global LoggerProvider, for the tests of what it captures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import opentelemetry._logs._internal as global_provider
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter

from logcapy import LogCapyConfig, LogCapyLogRecordProcessor


class Emitted:
    """What has been exported, through LogCapy's whole chain: completed, redacted, queued."""

    def __init__(self, provider: LoggerProvider, exporter: InMemoryLogRecordExporter) -> None:
        self._provider = provider
        self._exporter = exporter

    def records(self) -> tuple[ReadableLogRecord, ...]:
        assert self._provider.force_flush()
        return self._exporter.get_finished_logs()

    def only(self) -> ReadableLogRecord:
        (record,) = self.records()
        return record

    def attributes(self) -> Mapping[str, Any]:
        return dict(self.only().log_record.attributes or {})

    def arguments(self) -> Any:
        return self.attributes()["logcapy.call.arguments"]

    def bodies(self) -> list[Any]:
        return [record.log_record.body for record in self.records()]


@contextmanager
def emitting() -> Iterator[Emitted]:
    """The global LoggerProvider is one that keeps what it exports."""
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(LogCapyLogRecordProcessor(exporter, config=LogCapyConfig()))
    before = global_provider._LOGGER_PROVIDER
    global_provider._LOGGER_PROVIDER = provider
    try:
        yield Emitted(provider, exporter)
    finally:
        global_provider._LOGGER_PROVIDER = before
        provider.shutdown()
