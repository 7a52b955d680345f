"""What is done with a request, whatever it came over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from logcapy.render.received import Received

from .decode import PROTOBUF, count_spans, decode_logs

#: The most bytes that a request may have, compressed or not.
MAX_REQUEST_BYTES: Final = 64 * 1024 * 1024


class Intake:
    """Shows log records and counts spans; metrics are welcome and forgotten.

    An application exports all of its signals to one place, and should not be told of errors for two of them.

    Args:
        show: Prints records; raises :class:`~logcapy.tail.refusal.Refusal` where it cannot.
    """

    def __init__(self, show: Callable[[Sequence[Received]], None]) -> None:
        self._show = show
        self._lock = threading.Lock()
        self.record_count = 0
        self.span_count = 0

    def logs(self, body: bytes, media_type: str = PROTOBUF) -> bytes:
        """Take an ``ExportLogsServiceRequest``; the answer is protobuf.

        Raises:
            Refusal: It cannot be decoded or shown.
        """
        records = sorted(decode_logs(body, media_type), key=_when)  # a request has them by logger, people read by time
        self._show(records)
        with self._lock:
            self.record_count += len(records)
        return ExportLogsServiceResponse().SerializeToString()

    def traces(self, body: bytes, media_type: str = PROTOBUF) -> bytes:
        """Take an ``ExportTraceServiceRequest``; the answer is protobuf.

        Raises:
            Refusal: It cannot be decoded.
        """
        spans = count_spans(body, media_type)
        with self._lock:
            self.span_count += spans
        return ExportTraceServiceResponse().SerializeToString()

    def metrics(self, body: bytes, media_type: str = PROTOBUF) -> bytes:  # noqa: ARG002 - like the other two
        """Take an ``ExportMetricsServiceRequest`` without a look; the answer is protobuf."""
        return ExportMetricsServiceResponse().SerializeToString()

    def summary(self) -> str:
        """``42 records, 7 spans received``."""
        records = f"{self.record_count} record{'' if self.record_count == 1 else 's'}"
        spans = f"{self.span_count} span{'' if self.span_count == 1 else 's'}"
        return f"{records}, {spans} received"


def _when(record: Received) -> int:
    return record.time_unix_nano or record.observed_time_unix_nano
