"""LogCapy, from the logging call to the bytes of OTLP."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider

from logcapy import LogCapyConfig, LogCapyLogRecordProcessor
from logcapy.capture.stdlib import LogCapyHandler
from logcapy.config import BatchConfig
from logcapy.export.otlp import encode_logs
from logcapy.exporter import PayloadExporter
from logcapy.types import Delivered, Outcome, Payload, Record

from .opened import Opened, standard


class _Kept(PayloadExporter):
    def __init__(self) -> None:
        super().__init__(timeout_seconds=5)
        self.bodies: list[bytes] = []

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        return encode_logs(records)

    def send(self, payload: Payload, deadline: float) -> Outcome:
        self.bodies.append(payload.body)
        return Delivered()


def open_setup(presets: Sequence[str]) -> Opened:
    exporter = _Kept()
    processor = LogCapyLogRecordProcessor(
        exporter, config=LogCapyConfig(redact=tuple(presets)), batch=BatchConfig(max_queue_size=200_000)
    )
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(processor)

    def written() -> list[str]:
        return [
            json.dumps(_plain(record), ensure_ascii=False)
            for body in exporter.bodies
            for resource in MessageToDict(ExportLogsServiceRequest.FromString(body))["resourceLogs"]
            for scope in resource["scopeLogs"]
            for record in scope["logRecords"]
        ]

    return Opened(standard(LogCapyHandler(logger_provider=provider)), lambda: processor.force_flush(300_000), written)


def _plain(value: object) -> object:
    """OTLP's values as text shows them: bytes are base64 in OTLP's JSON."""
    if isinstance(value, dict):
        if set(value) == {"bytesValue"}:
            return base64.b64decode(value["bytesValue"]).decode("latin-1")
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
