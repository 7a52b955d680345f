"""The conformance kit for OTLP: a server in this process that can be made to fail, and the real Collector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from fakes.arrivals import arrivals
from fakes.intake import serving
from fakes.otlp import OtlpIntake
from logcapy.config import OtlpConfig
from logcapy.export.otlp import DEFAULT_MAX_BYTES
from logcapy.export.otlp_grpc import OTLPGrpcLogRecordExporter
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.exporter import PayloadExporter
from logcapy.testing.conformance import Arrived, Fault, FaultConformance, PayloadConformance
from logcapy.types import Broken, Rejected, Retry
from servers.collector import Collector
from servers.grpc import Reply, grpc_server
from servers.otlp import as_otlp_json
from servers.otlp_json import logs_of

SECRET = "s3cr3t-t0ken"


class TestHttp(FaultConformance):
    max_payload_bytes = DEFAULT_MAX_BYTES
    secrets = (SECRET,)

    @pytest.fixture(autouse=True)
    def _intake(self) -> Iterator[None]:
        with serving(OtlpIntake) as self.intake:
            self.intake.header = ("x-api-key", SECRET)
            yield

    def make_exporter(self) -> PayloadExporter:
        return OTLPHttpLogRecordExporter(f"{self.intake.url}/v1/logs", headers={"X-Api-Key": SECRET})

    def arrived(self, service: str) -> Sequence[Arrived]:
        return arrivals(self.intake.records, service)

    def fail(self, fault: Fault) -> None:
        self.intake.fault = fault


class TestHttpToCollector(PayloadConformance):
    pytestmark = pytest.mark.servers
    max_payload_bytes = DEFAULT_MAX_BYTES

    @pytest.fixture(autouse=True)
    def _collector(self, collector: Collector) -> None:
        self.collector = collector

    def make_exporter(self) -> PayloadExporter:
        return OTLPHttpLogRecordExporter(f"{self.collector.http_endpoint}/v1/logs")

    def arrived(self, service: str) -> Sequence[Arrived]:
        return arrivals(self.collector.logs(service), service)


class TestGrpc(FaultConformance):
    max_payload_bytes = DEFAULT_MAX_BYTES
    secrets = (SECRET,)
    replies: ClassVar = {
        Fault.NONE: Reply(),
        Fault.BAD_REQUEST: Reply(code=grpc.StatusCode.INVALID_ARGUMENT),
        Fault.UNAUTHORIZED: Reply(code=grpc.StatusCode.UNAUTHENTICATED),
        Fault.UNAVAILABLE: Reply(code=grpc.StatusCode.UNAVAILABLE),
        Fault.HANG: Reply(hang_seconds=60),
    }
    outcomes: ClassVar = {
        Fault.BAD_REQUEST: Rejected,
        Fault.UNAUTHORIZED: Broken,
        Fault.UNAVAILABLE: Retry,
        Fault.HANG: Retry,
    }

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with grpc_server() as self.server:
            self.failed: list[int] = []
            yield

    def make_exporter(self) -> PayloadExporter:
        config = OtlpConfig(
            endpoint=f"http://127.0.0.1:{self.server.port}", protocol="grpc", headers={"x-api-key": SECRET}
        )
        return OTLPGrpcLogRecordExporter(config=config)

    def arrived(self, service: str) -> Sequence[Arrived]:
        taken = [call for number, call in enumerate(self.server.calls) if number not in self.failed]
        requests = (as_otlp_json(ExportLogsServiceRequest.FromString(call.body)) for call in taken)
        return arrivals((record for request in requests for record in logs_of(request)), service)

    def fail(self, fault: Fault) -> None:
        if fault is Fault.NONE:
            self.failed = [*range(len(self.server.calls))]
        self.server.reply = self.replies[fault]


class TestGrpcToCollector(TestHttpToCollector):
    def make_exporter(self) -> PayloadExporter:
        return OTLPGrpcLogRecordExporter(config=OtlpConfig(endpoint=self.collector.grpc_endpoint, protocol="grpc"))
