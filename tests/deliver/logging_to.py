"""What the tests of queues share: records, and what came of them."""

from __future__ import annotations

import time
from collections.abc import Callable

from opentelemetry._logs import LogRecord
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider

from logcapy.deliver.batch import BatchLogRecordProcessor
from servers.http import ScriptedServer


def emit(processor: BatchLogRecordProcessor, *bodies: str) -> None:
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    for body in bodies:
        provider.get_logger("test").emit(LogRecord(body=body))


def balance(processor: BatchLogRecordProcessor) -> bool:
    stats = processor.stats()
    return stats.emitted == stats.exported + stats.on_disk + stats.in_memory + sum(stats.dropped.values())


def until(holds: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "did not come to hold in time"
        time.sleep(0.005)


def bodies_of(body: bytes) -> list[str]:
    request = ExportLogsServiceRequest.FromString(body)
    return [
        record.body.string_value
        for resource_logs in request.resource_logs
        for scope_logs in resource_logs.scope_logs
        for record in scope_logs.log_records
    ]


def received(server: ScriptedServer) -> list[str]:
    """The bodies of all requests, in order, whatever was answered."""
    return [body for request in server.requests for body in bodies_of(request.body)]
