"""An exporter that keeps the bytes that would leave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from logcapy.export.otlp import encode_logs
from logcapy.exporter import PayloadExporter
from logcapy.types import Delivered, Outcome, Payload, Record


class Keeping(PayloadExporter):
    """Encodes as for OTLP, and sends nothing."""

    def __init__(self) -> None:
        super().__init__(timeout_seconds=60)
        self.bodies: list[bytes] = []

    def encode(self, records: Sequence[Record]) -> Iterable[Payload]:
        return encode_logs(records)

    def send(self, payload: Payload, deadline: float) -> Outcome:
        self.bodies.append(payload.body)
        return Delivered()
