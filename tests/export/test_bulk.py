"""OpenSearch and Elasticsearch: what the real OpenSearch stores, and what each answer means."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber

from fakes.intake import Intake, serving
from logcapy.config.destinations.bulk import ElasticsearchConfig, OpenSearchConfig
from logcapy.errors import ConfigError
from logcapy.export.bulk import MAX_PAYLOAD_BYTES, ElasticsearchLogRecordExporter, OpenSearchLogRecordExporter
from logcapy.exporter import PayloadExporter
from logcapy.testing.conformance import Arrived, Fault, FaultConformance, PayloadConformance
from logcapy.types import Delivered, Outcome, Payload, Rejected, Retry
from servers.http import Answer, Request, scripted_server
from servers.opensearch import OpenSearch
from tests.export.test_loki import a_record

PASSWORD = "s3cr3t-p4ss"


def arrived(document: dict[str, Any]) -> Arrived:
    """A document in ECS."""
    stamp = datetime.fromisoformat(document["@timestamp"][:19] + "+00:00")
    levels = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}
    return Arrived(
        body=document.get("message", ""),
        attributes=document["labels"],
        severity_number=levels.get(document.get("log.level", "")),
        timestamp=int(stamp.timestamp()) * 10**9 + int(document["@timestamp"][20:29]),
        trace_id=document.get("trace.id"),
        span_id=document.get("span.id"),
    )


class TestOpenSearch(PayloadConformance):
    pytestmark = pytest.mark.servers
    max_payload_bytes = MAX_PAYLOAD_BYTES
    secrets = (PASSWORD,)

    @pytest.fixture(autouse=True)
    def _opensearch(self, opensearch: OpenSearch) -> None:
        self.opensearch = opensearch
        self.index = f"conformance-{uuid.uuid4().hex[:8]}"

    def make_exporter(self) -> PayloadExporter:
        return OpenSearchLogRecordExporter(
            endpoint=self.opensearch.endpoint, index=self.index, username="u", password=PASSWORD, timeout=30_000
        )

    def arrived(self, service: str) -> Sequence[Arrived]:
        return [arrived(one) for one in self.opensearch.documents(self.index, value=service)]


class BulkIntake(Intake):
    """Takes bulk requests as Elasticsearch does, as far as its answers' shape goes: the real one is tested above.

    Source: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
    """

    header: tuple[str, str] = ("authorization", "ApiKey k3y-of-the-shop")

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.documents: dict[str, dict[str, Any]] = {}

    def respond(self, request: Request) -> Answer:
        name, value = self.header
        if request.headers.get(name) != value:
            return Answer(401)
        if request.headers["content-type"] != "application/x-ndjson" or not request.body.endswith(b"\n"):
            return Answer(400)
        lines = request.body.split(b"\n")[:-1]
        items = []
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            identifier = json.loads(action)["create"]["_id"]
            is_new = identifier not in self.documents
            self.documents.setdefault(identifier, json.loads(document))
            items.append({"create": {"status": 201 if is_new else 409}})
        errors = any(item["create"]["status"] == 409 for item in items)
        return Answer(200, body=json.dumps({"errors": errors, "items": items}).encode())


class TestElasticsearch(FaultConformance, PayloadConformance):
    max_payload_bytes = MAX_PAYLOAD_BYTES
    secrets = ("k3y-of-the-shop",)

    @pytest.fixture(autouse=True)
    def _intake(self) -> Iterator[None]:
        with serving(BulkIntake) as self.intake:
            yield

    def make_exporter(self) -> PayloadExporter:
        return ElasticsearchLogRecordExporter(endpoint=self.intake.url, api_key="k3y-of-the-shop")

    def arrived(self, service: str) -> Sequence[Arrived]:
        return [arrived(one) for one in self.intake.documents.values() if one.get("service.name") == service]

    def fail(self, fault: Fault) -> None:
        self.intake.fault = fault


@pytest.mark.servers
def test_a_record_is_a_document_of_a_data_stream_in_ecs(opensearch: OpenSearch) -> None:
    template = {
        "index_patterns": ["logs-shop-*"],
        "data_stream": {},
        "template": {"mappings": {"properties": {"labels": {"type": "flat_object"}}}},
    }
    opensearch.put("/_index_template/shop", template)
    exporter = OpenSearchLogRecordExporter(endpoint=opensearch.endpoint, index="logs-shop-test", timeout=30_000)
    record = a_record(
        "failed",
        timestamp=1_795_359_970_123_456_789,
        severity_number=SeverityNumber.ERROR,
        trace_id=0xAF7,
        span_id=0xB7,
        attributes={"exception.type": "ValueError", "order.id": 7, "a": 1, "a.b": 2, "code.line.number": 3},
    )
    (payload,) = exporter.encode([record])
    assert exporter.send(payload, time.monotonic() + 30) == Delivered()
    assert exporter.send(payload, time.monotonic() + 30) == Delivered()  # again: it is there already
    (document,) = opensearch.documents("logs-shop-test")
    assert document == {
        "@timestamp": "2026-11-22T15:06:10.123456789Z",
        "ecs.version": "8.11.0",
        "message": "failed",
        "log.level": "error",
        "log.logger": "shop.orders",
        "log.origin.file.line": 3,
        "trace.id": f"{0xAF7:032x}",
        "span.id": f"{0xB7:016x}",
        "service.name": "shop",
        "host.name": "h1",
        "error.type": "ValueError",
        "labels": {"order_id": "7", "a": "1", "a_b": "2"},
    }


@pytest.mark.servers
def test_opentelemetrys_own_names_keep_types_and_what_conflicts_is_counted(opensearch: OpenSearch) -> None:
    index = f"otel-{uuid.uuid4().hex[:8]}"
    exporter = OpenSearchLogRecordExporter(endpoint=opensearch.endpoint, index=index, mapping="otel", timeout=30_000)
    records = [a_record("fine", attributes={"n": 7}), a_record("conflict", attributes={"n": {"deep": 1}})]
    (payload,) = exporter.encode(records)
    outcome = exporter.send(payload, time.monotonic() + 30)
    assert isinstance(outcome, Rejected)
    assert outcome.count == 1
    assert "mapper_parsing_exception" in outcome.reason or "illegal_argument" in outcome.reason
    (document,) = opensearch.documents(index)
    assert (document["body"]["text"], document["attributes"]["n"]) == ("fine", 7)


@pytest.mark.parametrize(
    ("statuses", "wanted"),
    [
        ((201, 201, 201), Delivered()),
        ((201, 409, 201), Delivered()),
        ((201, 400, 201), Rejected(1, "")),
        ((201, 429, 400), Retry("")),
        ((503, 201, 201), Retry("")),
    ],
)
def test_each_item_of_an_answer_counts(statuses: tuple[int, ...], wanted: Outcome) -> None:
    items = [{"create": {"status": one, **({"error": {"type": "t"}} if one > 299 else {})}} for one in statuses]
    answer = {"errors": any(one > 299 for one in statuses), "items": items}
    with scripted_server() as server:
        server.answers = [Answer(200, body=json.dumps(answer).encode())]
        exporter = OpenSearchLogRecordExporter(endpoint=server.url)
        (payload,) = exporter.encode([a_record(str(number)) for number in range(3)])
        outcome = exporter.send(payload, time.monotonic() + 5)
        exporter.shutdown()
    assert type(outcome) is type(wanted)
    assert getattr(outcome, "count", 0) == getattr(wanted, "count", 0)


def test_an_answer_that_cannot_be_read_is_asked_for_again() -> None:
    with scripted_server() as server:
        server.answers = [Answer(200, body=b'{"errors":true,"items":[')]
        exporter = OpenSearchLogRecordExporter(endpoint=server.url)
        outcome = exporter.send(Payload(b"{}\n{}\n", range(1)), time.monotonic() + 5)  # type: ignore[arg-type]
        exporter.shutdown()
    assert isinstance(outcome, Retry)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"index": "Logs"}, "index"),
        ({"index": "_x"}, "index"),
        ({"mapping": "flat"}, "mapping"),
        ({"password": PASSWORD}, "username"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        OpenSearchLogRecordExporter(**fields)


def test_secrets_are_not_shown() -> None:
    shown = repr((OpenSearchConfig(username="u", password=PASSWORD), ElasticsearchConfig(api_key=PASSWORD)))
    assert PASSWORD not in shown
