"""Google Cloud Logging: the conformance kit against a strict fake, and what of a record becomes what."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from google.cloud.logging_v2.types import WriteLogEntriesRequest
from google.protobuf.json_format import MessageToDict
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource

from fakes.gcp import PROJECT, GcpIntake, arrived_at_gcp, gcp_intake
from logcapy.errors import ConfigError
from logcapy.export.gcp import MAX_PAYLOAD_BYTES, GcpLogRecordExporter
from logcapy.exporter import Patience, PayloadExporter, deliver
from logcapy.testing.conformance import Arrived, Fault, FaultConformance
from logcapy.testing.hostile import make_record
from logcapy.types import Broken, Delivered, Payload, Rejected, Retry, TooLarge

INVALID_ARGUMENT, RESOURCE_EXHAUSTED = 3, 8


class TestGcp(FaultConformance):
    max_payload_bytes = MAX_PAYLOAD_BYTES

    @pytest.fixture(autouse=True)
    def _intake(self) -> Iterator[None]:
        with gcp_intake() as self.intake:
            yield

    def make_exporter(self) -> PayloadExporter:
        return GcpLogRecordExporter(project=PROJECT, endpoint=self.intake.url)

    def arrived(self, service: str) -> Sequence[Arrived]:
        return arrived_at_gcp(self.intake.logs, service)

    def fail(self, fault: Fault) -> None:
        self.intake.fault = fault


@pytest.fixture
def intake() -> Iterator[GcpIntake]:
    with gcp_intake() as intake:
        yield intake


def send(intake: GcpIntake, *bodies: str, **fields: Any) -> Any:
    exporter = GcpLogRecordExporter(**{"project": PROJECT, "endpoint": intake.url, **fields})
    (payload,) = exporter.encode([make_record("good-0000", "shop", body=body) for body in bodies])
    outcome = exporter.send(payload, time.monotonic() + 5)
    exporter.shutdown()
    return outcome


def written(intake: GcpIntake) -> list[str]:
    return [MessageToDict(entry.json_payload)["message"] for entry in intake.logs]


def test_entries_that_google_refuses_are_counted_and_the_others_written(intake: GcpIntake) -> None:
    intake.refuses = {"bad": INVALID_ARGUMENT}
    outcome = send(intake, "one", "bad two", "three", "bad four")
    assert isinstance(outcome, Rejected)
    assert outcome.count == 2
    assert "refused for the test" in outcome.reason
    assert written(intake) == ["one", "three"]


def test_entries_that_are_refused_for_now_come_again_and_nothing_is_written_twice(intake: GcpIntake) -> None:
    intake.refuses = {"later": RESOURCE_EXHAUSTED}
    exporter = GcpLogRecordExporter(project=PROJECT, endpoint=intake.url)
    records = [make_record("good-0000", "shop", body=body) for body in ("now", "later")]
    threading.Timer(0.3, intake.refuses.clear).start()
    tally = deliver(exporter, records, 20, Patience())
    exporter.shutdown()
    assert tally.exported == 2
    assert len(intake.requests) > 1
    assert written(intake) == ["now", "later"]


def test_a_request_whose_answer_was_lost_is_sent_again_and_written_once(intake: GcpIntake) -> None:
    intake.loses_answers = 1
    exporter = GcpLogRecordExporter(project=PROJECT, endpoint=intake.url)
    tally = deliver(exporter, [make_record("good-0000", "shop", body="order")], 20, Patience())
    exporter.shutdown()
    assert tally.exported == 1
    assert len(intake.requests) == 2
    assert written(intake) == ["order"]


def test_a_project_that_may_not_be_written_to_is_a_set_up_to_mend(intake: GcpIntake) -> None:
    outcome = send(intake, "order", project="other-project")
    assert isinstance(outcome, Broken)
    assert "PERMISSION_DENIED" in outcome.reason
    assert len(intake.requests) == 1  # Google's library does not try again by itself


def test_bytes_that_are_no_request_are_refused_and_hold_nothing_up() -> None:
    exporter = GcpLogRecordExporter(project=PROJECT)
    nothing: Any = range(2)
    outcome = exporter.send(Payload(b"\xff", nothing), time.monotonic() + 5)
    exporter.shutdown()
    assert isinstance(outcome, Rejected)
    assert outcome.count == 2


def test_google_is_asked_once_a_send(intake: GcpIntake) -> None:
    intake.loses_answers = 9
    assert isinstance(send(intake, "order"), Retry)
    assert len(intake.requests) == 1


def test_who_does_not_answer_is_told_from_who_says_no(intake: GcpIntake) -> None:
    intake.fault = Fault.HANG
    exporter = GcpLogRecordExporter(project=PROJECT, endpoint=intake.url)
    (payload,) = exporter.encode([make_record("good-0000", "shop")])
    threading.Timer(0.5, intake.server.stop, (0,)).start()
    cut = exporter.send(payload, time.monotonic() + 20)
    refused = exporter.send(payload, time.monotonic() + 20)
    exporter.shutdown()
    assert isinstance(cut, Retry), cut
    assert isinstance(refused, Retry), refused
    assert refused.unreachable


def entry(record: ReadableLogRecord, **fields: Any) -> Any:
    exporter = GcpLogRecordExporter(**{"project": PROJECT, **fields})
    (payload,) = exporter.encode([record])
    (found,) = WriteLogEntriesRequest.pb(WriteLogEntriesRequest.deserialize(payload.body)).entries
    return found


def test_a_record_has_googles_own_fields() -> None:
    record = make_record(
        "good-0000",
        "shop",
        severity_number=SeverityNumber.INFO3,
        attributes={
            "code.file.path": "shop/orders.py",
            "code.line.number": 42,
            "code.function.name": "pay",
            "http.request.method": "POST",
            "http.response.status_code": 503,
            "client.address": "10.0.0.7",
            "big": 2**53 + 1,
        },
    )
    found = entry(record)
    assert found.severity == 300  # NOTICE
    assert found.timestamp.ToNanoseconds() == record.log_record.timestamp
    assert found.trace == f"projects/{PROJECT}/traces/0af7651916cd43dd8448eb211c80319c"
    assert found.span_id == "b7ad6b7169203331"
    assert found.trace_sampled
    location = found.source_location
    assert (location.file, location.line, location.function) == ("shop/orders.py", 42, "pay")
    request = found.http_request
    assert (request.request_method, request.status, request.remote_ip) == ("POST", 503, "10.0.0.7")
    payload = MessageToDict(found.json_payload)
    assert payload["message"] == "record good-0000"
    assert payload["attributes"] == {"conformance_id": "good-0000", "big": str(2**53 + 1)}
    assert payload["resource"]["service.name"] == "shop"


@pytest.mark.parametrize("value", [True, "n/a", -1, 2**40, [1]])
def test_what_does_not_fit_into_a_field_of_googles_stays_an_attribute(value: Any) -> None:
    found = entry(
        make_record(
            "good-0000", "shop", attributes={"http.response.status_code": value, "code.line.number": "somewhere"}
        )
    )
    assert (found.http_request.status, found.source_location.line) == (0, 0)
    attributes = MessageToDict(found.json_payload)["attributes"]
    assert attributes["http.response.status_code"] == value
    assert attributes["code.line.number"] == "somewhere"


@pytest.mark.parametrize(
    ("attributes", "kind", "labels"),
    [
        (
            {
                "k8s.cluster.name": "eu",
                "k8s.namespace.name": "shop",
                "k8s.pod.name": "web-1",
                "k8s.container.name": "web",
                "cloud.region": "europe-west1",
            },
            "k8s_container",
            {
                "location": "europe-west1",
                "cluster_name": "eu",
                "namespace_name": "shop",
                "pod_name": "web-1",
                "container_name": "web",
            },
        ),
        (
            {"service.name": "shop", "service.instance.id": "7"},
            "generic_task",
            {"location": "global", "namespace": "", "job": "shop", "task_id": "7"},
        ),
        (
            {"service.name": "shop", "host.name": "web-1"},
            "generic_node",
            {"location": "global", "namespace": "", "node_id": "web-1"},
        ),
    ],
)
def test_what_the_resource_is_says_which_monitored_resource_it_becomes(
    attributes: dict[str, str], kind: str, labels: dict[str, str]
) -> None:
    record = make_record("good-0000", "shop")
    found = entry(ReadableLogRecord(record.log_record, Resource(attributes), record.instrumentation_scope)).resource
    assert (found.type, dict(found.labels)) == (kind, labels)


def test_the_log_and_the_labels_are_those_of_the_configuration(
    intake: GcpIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
    monkeypatch.setenv("LOGCAPY_GCP_LOG", "shop/orders")
    monkeypatch.setenv("LOGCAPY_GCP_LABELS", "team=blue,stage=test")
    exporter = GcpLogRecordExporter(endpoint=intake.url)
    assert exporter.export([make_record("good-0000", "shop")]).name == "SUCCESS"
    exporter.shutdown()
    (request,) = intake.requests
    assert request.log_name == f"projects/{PROJECT}/logs/shop%2Forders"
    assert request.labels == {"team": "blue", "stage": "test"}


def test_a_request_over_googles_limit_is_refused_as_too_large(intake: GcpIntake) -> None:
    exporter = GcpLogRecordExporter(project=PROJECT, endpoint=intake.url)
    records = [make_record("good-0000", "shop", body="a" * 120_000) for _ in range(90)]
    bodies = [payload.body for payload in exporter.encode(records)]
    body = b"".join(bodies)  # messages that are joined are one with the entries of all
    nothing: Any = range(90)
    outcome = exporter.send(Payload(body, nothing), time.monotonic() + 20)
    halves = exporter.split(body)
    assert isinstance(outcome, TooLarge), outcome
    assert halves is not None
    assert [count for _, count in halves] == [45, 45]
    for half, count in halves:
        nothing = range(count)
        assert exporter.send(Payload(half, nothing), time.monotonic() + 20) == Delivered()
    exporter.shutdown()
    assert len(intake.logs) == 90


def test_without_credentials_it_says_how_to_get_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    exporter = GcpLogRecordExporter(project=PROJECT)
    (payload,) = exporter.encode([make_record("good-0000", "shop")])
    outcome = exporter.send(payload, time.monotonic() + 20)
    exporter.shutdown()
    assert isinstance(outcome, Broken)
    assert "gcloud auth application-default login" in outcome.reason


def test_a_setting_that_cannot_be_used_is_told_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="LOGCAPY_GCP_PROJECT"):
        GcpLogRecordExporter()
    monkeypatch.setenv("LOGCAPY_GCP_LOG", "no blanks")
    with pytest.raises(ConfigError, match="LOGCAPY_GCP_LOG"):
        GcpLogRecordExporter(project=PROJECT)
    with pytest.raises(ConfigError, match="endpoint"):
        GcpLogRecordExporter(project=PROJECT, log="shop", endpoint="http://user:pass@host")
