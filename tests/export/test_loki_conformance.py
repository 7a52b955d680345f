"""The conformance kit for Loki: the real one, in both formats."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import pytest

from logcapy.export.loki import MAX_BYTES, LokiLogRecordExporter
from logcapy.exporter import PayloadExporter
from logcapy.testing.conformance import Arrived, PayloadConformance
from servers.loki import Loki

PASSWORD = "s3cr3t-p4ss"


class TestJson(PayloadConformance):
    pytestmark = pytest.mark.servers
    max_payload_bytes = MAX_BYTES
    secrets = (PASSWORD,)
    #: Records of one moment are set apart.
    timestamp_resolution = 1_000
    shape = "json"

    @pytest.fixture(autouse=True)
    def _loki(self, loki: Loki) -> None:
        self.loki = loki
        self.tenant = f"conformance-{uuid.uuid4().hex[:8]}"

    def make_exporter(self) -> PayloadExporter:
        return LokiLogRecordExporter(
            endpoint=self.loki.endpoint, tenant=self.tenant, format=self.shape, username="u", password=PASSWORD
        )

    def arrived(self, service: str) -> Sequence[Arrived]:
        return [
            Arrived(
                body=entry.line,
                attributes=entry.labels,
                severity_number=int(entry.labels["severity_number"]) if "severity_number" in entry.labels else None,
                timestamp=entry.timestamp,
                trace_id=entry.labels.get("trace_id"),
                span_id=entry.labels.get("span_id"),
            )
            for entry in self.loki.query(f'{{service_name="{service}"}}', self.tenant)
        ]


class TestProtobuf(TestJson):
    shape = "protobuf"
