"""CloudWatch Logs: the conformance kit against a strict fake, and what is sent to moto's emulation."""

from __future__ import annotations

import json
import logging
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import boto3
import pytest
from moto.server import ThreadedMotoServer

from fakes.cloudwatch import KEY_ID, SECRET, TOKEN, CloudwatchIntake, arrived_at_cloudwatch
from fakes.intake import serving
from logcapy.errors import ConfigError
from logcapy.export.cloudwatch import MAX_PAYLOAD_BYTES, MAX_RECORDS, CloudwatchLogRecordExporter
from logcapy.exporter import PayloadExporter
from logcapy.testing.conformance import Arrived, Fault, FaultConformance
from logcapy.testing.hostile import make_record
from logcapy.types import Broken, Delivered, Outcome, Payload, Rejected, Retry
from servers.http import Answer

GROUP = "/shop/test"
DAY = 24 * 3600 * 10**9


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Nobody's credentials, and no service for them on the network."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)


@pytest.fixture
def intake(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudwatchIntake]:
    with serving(CloudwatchIntake) as intake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", intake.url)
        yield intake


class TestCloudwatch(FaultConformance):
    max_payload_bytes = MAX_PAYLOAD_BYTES
    max_payload_records = MAX_RECORDS
    timestamp_resolution = 10**6
    secrets = (SECRET, TOKEN)
    outcomes: ClassVar[Mapping[Fault, type[Outcome]]] = {
        Fault.BAD_REQUEST: Rejected,
        Fault.UNAUTHORIZED: Broken,
        Fault.UNAVAILABLE: Retry,
        Fault.HANG: Retry,
        Fault.CUT: Retry,
    }

    @pytest.fixture(autouse=True)
    def _intake(self, intake: CloudwatchIntake) -> None:
        self.intake = intake

    def make_exporter(self) -> PayloadExporter:
        return CloudwatchLogRecordExporter(group=GROUP, timeout=1_500)

    def arrived(self, service: str) -> Sequence[Arrived]:
        return arrived_at_cloudwatch(self.intake.events, service)

    def fail(self, fault: Fault) -> None:
        self.intake.fault = fault


def send(exporter: CloudwatchLogRecordExporter, *records: Any) -> list[Any]:
    return [exporter.send(payload, time.monotonic() + 10) for payload in exporter.encode(records)]


def of(moment: int, number: int = 0) -> Any:
    return make_record(f"good-{number:04}", "shop", timestamp=moment)


def signs(intake: CloudwatchIntake) -> list[str | None]:
    return [one.sign for one in arrived_at_cloudwatch(intake.events, "shop")]


def test_events_are_in_the_order_of_time_and_no_request_spans_a_day(intake: CloudwatchIntake) -> None:
    now = time.time_ns()
    exporter = CloudwatchLogRecordExporter(group=GROUP)
    outcomes = send(exporter, of(now, 3), of(now - 3 * DAY, 0), of(now - DAY - 10**9, 1), of(now - DAY + 10**9, 2))
    assert outcomes == [Delivered()] * 3
    assert signs(intake) == ["good-0000", "good-0001", "good-0002", "good-0003"]


def test_what_is_too_old_or_too_new_is_counted_and_the_rest_is_stored(intake: CloudwatchIntake) -> None:
    now = time.time_ns()
    exporter = CloudwatchLogRecordExporter(group=GROUP)
    old, present, new = now - 14 * DAY - 10**12, now, now + 3 * 3600 * 10**9
    outcomes = send(exporter, of(old, 1), of(present, 2), of(new, 3))
    assert [(type(one).__name__, getattr(one, "count", 0)) for one in outcomes] == [("Rejected", 1), ("Rejected", 1)]
    assert signs(intake) == ["good-0002"]


def test_group_and_stream_are_made_and_each_process_has_a_stream(intake: CloudwatchIntake) -> None:
    exporter = CloudwatchLogRecordExporter(group=GROUP)
    assert send(exporter, of(time.time_ns(), 1)) == [Delivered()]
    child = os.fork()
    if not child:
        signal.alarm(30)
        os._exit(0 if send(exporter, of(time.time_ns(), 2)) == [Delivered()] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert [len(events) for events in intake.groups[GROUP].values()] == [1, 1]


def test_a_stream_may_be_named_and_be_there(intake: CloudwatchIntake) -> None:
    intake.groups[GROUP] = {"web": []}
    assert send(CloudwatchLogRecordExporter(group=GROUP, stream="web"), of(time.time_ns())) == [Delivered()]
    assert list(intake.groups[GROUP]) == ["web"]


def test_throttling_is_answered_by_waiting(intake: CloudwatchIntake) -> None:
    intake.fault = Fault.TOO_MANY
    (outcome,) = send(CloudwatchLogRecordExporter(group=GROUP), of(time.time_ns()))
    assert isinstance(outcome, Retry)
    assert "ThrottlingException" in outcome.reason
    assert len(intake.server.requests) == 1, "boto3 has retried it too"


def test_a_group_that_may_not_be_made_is_a_set_up_to_be_mended(intake: CloudwatchIntake) -> None:
    denied = Answer(400, {}, json.dumps({"__type": "AccessDeniedException", "message": f"{TOKEN} may not"}).encode())
    missing = Answer(400, {}, json.dumps({"__type": "ResourceNotFoundException", "message": "no group"}).encode())
    intake.server.respond = lambda asked: missing if "Put" in asked.headers["x-amz-target"] else denied
    (outcome,) = send(CloudwatchLogRecordExporter(group=GROUP), of(time.time_ns()))
    assert isinstance(outcome, Broken)
    assert "AccessDeniedException" in outcome.reason
    assert TOKEN not in outcome.reason


def test_without_credentials_nothing_is_sent_and_it_is_told_how_to_set_them(
    intake: CloudwatchIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    (outcome,) = send(CloudwatchLogRecordExporter(group=GROUP), of(time.time_ns()))
    assert isinstance(outcome, Broken)
    assert "AWS_ACCESS_KEY_ID" in outcome.reason


def test_nobody_at_the_endpoint_is_unreachable(intake: CloudwatchIntake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://127.0.0.1:9")
    (outcome,) = send(CloudwatchLogRecordExporter(group=GROUP), of(time.time_ns()))
    assert isinstance(outcome, Retry)
    assert outcome.unreachable


@pytest.mark.parametrize(
    ("fields", "told"),
    [({}, "LOGCAPY_CLOUDWATCH_GROUP"), ({"group": "a b"}, "group"), ({"group": "g", "stream": "a:b"}, "stream")],
)
def test_a_setting_that_cannot_be_used_is_told(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        CloudwatchLogRecordExporter(**fields)


def test_a_region_must_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(ConfigError, match="region"):
        CloudwatchLogRecordExporter(group=GROUP)


def test_variables_say_where(intake: CloudwatchIntake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGCAPY_CLOUDWATCH_GROUP", GROUP)
    assert CloudwatchLogRecordExporter().destination == f"{intake.url}/{GROUP}"


def test_a_message_over_the_limit_of_an_event_is_cut_and_says_so(intake: CloudwatchIntake) -> None:
    record = make_record("good-0000", "shop", timestamp=time.time_ns(), attributes={"long": '"' * 2_000_000})
    assert send(CloudwatchLogRecordExporter(group=GROUP), record) == [Delivered()]
    (event,) = intake.events
    assert len(event["message"].encode()) <= 1_000_000
    assert json.loads(event["message"])["attributes"]["logcapy.truncated"] == "true"


def test_moto_has_what_was_sent(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)  # the emulation tells of each request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", f"http://{host}:{port}")
        exporter = CloudwatchLogRecordExporter(group=GROUP, stream="web")
        now = time.time_ns()
        assert send(exporter, *(of(now + number, number) for number in range(100))) == [Delivered()]
        client = boto3.client("logs", region_name="eu-central-1")
        found = client.get_log_events(logGroupName=GROUP, logStreamName="web", startFromHead=True, limit=1000)["events"]
        assert [one.sign for one in arrived_at_cloudwatch(found, "shop")] == [f"good-{n:04}" for n in range(100)]
        payload = Payload(b'[{"timestamp":2,"message":"b"},{"timestamp":1,"message":"a"}]', range(2))  # type: ignore[arg-type]
        assert isinstance(exporter.send(payload, time.monotonic() + 10), Rejected)  # it has a sense of order
    finally:
        server.stop()
