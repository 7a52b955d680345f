"""An OTLP receiver in this process that keeps what it is sent, logs and spans, as flat dictionaries."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from logcapy.tail.http_receiver import HttpReceiver
from logcapy.tail.intake import Intake

from .otlp_json import logs_of, spans_of

_IDENTIFIERS = ("traceId", "spanId", "parentSpanId")


class KeepingIntake(Intake):
    """Keeps log records and spans of protobuf requests; see ``otlp_json`` for their keys."""

    def __init__(self) -> None:
        super().__init__(lambda records: None)
        self.records: list[dict[str, Any]] = []
        self.spans: list[dict[str, Any]] = []

    def logs(self, body: bytes, *args: str) -> bytes:
        self.records += logs_of(as_otlp_json(ExportLogsServiceRequest.FromString(body)))
        return super().logs(body, *args)

    def traces(self, body: bytes, *args: str) -> bytes:
        self.spans += spans_of(as_otlp_json(ExportTraceServiceRequest.FromString(body)))
        return super().traces(body, *args)


@contextmanager
def otlp_receiver() -> Iterator[tuple[KeepingIntake, str]]:
    """What is received, and the endpoint for ``OTEL_EXPORTER_OTLP_ENDPOINT`` with ``http/protobuf``."""
    intake = KeepingIntake()
    receiver = HttpReceiver(intake, "127.0.0.1", 0)
    receiver.start()
    try:
        yield intake, f"http://127.0.0.1:{receiver.port}"
    finally:
        receiver.stop()


def as_otlp_json(request: Any) -> Any:
    """A request in OTLP's JSON, which has identifiers in hexadecimal where protobuf's has base64."""
    return _with_hexadecimal(MessageToDict(request, use_integers_for_enums=True))


def _with_hexadecimal(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: base64.b64decode(item).hex() if key in _IDENTIFIERS else _with_hexadecimal(item)
            for key, item in value.items()
        }
    return [_with_hexadecimal(item) for item in value] if isinstance(value, list) else value
