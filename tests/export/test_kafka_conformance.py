"""The conformance kit for Kafka: a cluster that librdkafka mocks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from fakes.arrivals import arrivals
from logcapy.export.kafka import MAX_BYTES, KafkaLogRecordExporter
from logcapy.exporter import PayloadExporter
from logcapy.testing.conformance import Arrived, PayloadConformance
from servers.kafka import mock_brokers
from servers.otlp import as_otlp_json
from servers.otlp_json import logs_of

PASSWORD = "s3cr3t-p4ss"


class TestKafka(PayloadConformance):
    max_payload_bytes = MAX_BYTES
    secrets = (PASSWORD,)
    may_duplicate = True

    @pytest.fixture(autouse=True)
    def _brokers(self) -> Iterator[None]:
        with mock_brokers() as self.brokers:
            self.topic = f"t{uuid.uuid4().hex[:8]}"
            yield

    def make_exporter(self) -> PayloadExporter:
        options = {"sasl.username": "u", "sasl.password": PASSWORD}  # which are of no use to a cluster without SASL
        return KafkaLogRecordExporter(brokers=self.brokers.addresses, topic=self.topic, options=options)

    def arrived(self, service: str) -> Sequence[Arrived]:
        messages = self.brokers.written(self.topic)
        requests = (as_otlp_json(ExportLogsServiceRequest.FromString(message.value())) for message in messages)
        return arrivals((record for request in requests for record in logs_of(request)), service)
