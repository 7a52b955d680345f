"""CloudWatch Logs: the conformance kit against a strict fake, and what moto's server makes of the same requests."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource

from fakes.cloudwatch import (
    GROUP,
    SECRET_KEY,
    TOKEN,
    VARIABLES,
    CloudWatchIntake,
    arrived_at_cloudwatch,
    error_answer,
)
from fakes.intake import serving
from logcapy.errors import ConfigError
from logcapy.export.cloudwatch import MAX_PAYLOAD_BYTES, MAX_RECORDS, CloudWatchLogRecordExporter
from logcapy.exporter import PayloadExporter
from logcapy.testing.conformance import Arrived, Fault, FaultConformance
from logcapy.testing.hostile import make_record
from logcapy.types import Broken, Delivered, Outcome, Payload, Rejected, Retry
from servers.moto import aws_variables, client, moto_server

HOUR = 3600 * 10**9


@pytest.fixture
def intake(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudWatchIntake]:
    with serving(CloudWatchIntake) as fake:
        for name, value in VARIABLES.items():
            monkeypatch.setenv(name, value.format(url=fake.url))
        yield fake


class TestCloudWatch(FaultConformance):
    max_payload_bytes = MAX_PAYLOAD_BYTES
    max_payload_records = MAX_RECORDS
    secrets = (SECRET_KEY, TOKEN)

    @pytest.fixture(autouse=True)
    def _intake(self, intake: CloudWatchIntake) -> None:
        self.intake = intake

    def make_exporter(self) -> PayloadExporter:
        return CloudWatchLogRecordExporter(group=GROUP, timeout=2000)

    def arrived(self, service: str) -> Sequence[Arrived]:
        return arrived_at_cloudwatch(self.intake.events, service)

    def fail(self, fault: Fault) -> None:
        self.intake.fault = fault


def send(records: Sequence[ReadableLogRecord], **fields: Any) -> list[Outcome]:
    exporter = CloudWatchLogRecordExporter(**fields)
    outcomes = [exporter.send(payload, time.monotonic() + 20) for payload in exporter.encode(records)]
    exporter.shutdown()
    return outcomes


def at(*moments: int) -> list[ReadableLogRecord]:
    return [make_record(f"good-{n:04}", "shop", timestamp=moment) for n, moment in enumerate(moments)]


def test_records_out_of_order_and_of_many_days_are_sent_in_order_each_call_within_a_day(
    intake: CloudWatchIntake,
) -> None:
    now = time.time_ns() - HOUR
    outcomes = send(at(now, now - 50 * HOUR, now - 23 * HOUR, now - 25 * HOUR, now - 24 * HOUR))
    assert outcomes == [Delivered()] * 3
    times = [event["timestamp"] for event in intake.events]
    assert times == sorted(times)
    assert len(times) == 5


def test_events_that_are_too_old_or_too_new_are_counted_and_cost_no_other(intake: CloudWatchIntake) -> None:
    now = time.time_ns()
    (taken, soon) = send(at(now + 4 * HOUR, now + 5 * HOUR, now, now - HOUR)), send(at(now - 15 * 24 * HOUR))
    assert [type(one) for one in taken] == [Rejected]
    assert isinstance(taken[0], Rejected)
    assert taken[0].count == 2
    assert isinstance(soon[0], Rejected)
    assert soon[0].count == 1
    assert len(intake.events) == 2


def test_the_stream_is_the_instances_and_is_made_with_its_group_only_where_it_is_missing(
    intake: CloudWatchIntake,
) -> None:
    record = make_record("good-0000", "shop")
    named = Resource({"service.name": "shop", "service.instance.id": "web:1"})
    exporter = CloudWatchLogRecordExporter()
    for _ in range(3):
        for payload in exporter.encode([ReadableLogRecord(record.log_record, named, record.instrumentation_scope)]):
            nothing: Any = range(1)
            assert exporter.send(Payload(payload.body, nothing), time.monotonic() + 20) == Delivered()
    exporter.shutdown()
    assert list(intake.groups[GROUP]) == ["web-1"]
    assert intake.calls.count("CreateLogStream") == 2  # the first one found no group
    assert intake.calls.count("PutLogEvents") == 4


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "ThrottlingException", Retry),
        (400, "ServiceUnavailableException", Retry),
        (500, "InternalFailure", Retry),
        (400, "AccessDeniedException", Broken),
        (400, "ExpiredTokenException", Broken),
    ],
)
def test_boto3_does_not_try_again_by_itself_and_each_error_has_its_outcome(
    intake: CloudWatchIntake, status: int, code: str, kind: type[Outcome]
) -> None:
    intake.server.respond = lambda request: error_answer(status, code)
    (outcome,) = send(at(time.time_ns()))
    assert type(outcome) is kind, outcome
    assert len(intake.server.requests) == 1


def test_what_is_said_of_a_signature_is_not_shown(intake: CloudWatchIntake) -> None:
    intake.server.respond = lambda request: error_answer(403, "SignatureDoesNotMatch", f"it was {SECRET_KEY}")
    (outcome,) = send(at(time.time_ns()))
    assert isinstance(outcome, Broken)
    assert outcome.reason.endswith("SignatureDoesNotMatch")


def test_without_credentials_it_says_how_to_get_some(intake: CloudWatchIntake, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    (outcome,) = send(at(time.time_ns()))
    assert isinstance(outcome, Broken)
    assert "AWS_PROFILE" in outcome.reason


def test_a_setting_that_cannot_be_used_is_told_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="LOGCAPY_CLOUDWATCH_GROUP"):
        CloudWatchLogRecordExporter()
    with pytest.raises(ConfigError, match="stream"):
        CloudWatchLogRecordExporter(group="shop", stream="a:b")


def test_moto_has_the_records_too_in_a_group_that_was_made_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with moto_server() as url:
        for name, value in aws_variables(url).items():
            monkeypatch.setenv(name, value)
        now = time.time_ns()
        assert send(at(now, now - HOUR), group="shop", stream="one") == [Delivered()]
        logs = client("logs", url)
        events = logs.get_log_events(logGroupName="shop", logStreamName="one", startFromHead=True)["events"]
        logs.close()
    assert [event["timestamp"] for event in events] == [(now - HOUR) // 10**6, now // 10**6]
    assert json.loads(events[1]["message"])["body"]["text"] == "record good-0000"


def test_boto3s_own_logging_is_not_sent(intake: CloudWatchIntake) -> None:
    import logcapy

    handle = logcapy.configure(CloudWatchLogRecordExporter())
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    try:
        logging.getLogger("shop").info("the only one")
        assert handle.force_flush()
    finally:
        root.setLevel(level)
        handle.shutdown()
    assert [json.loads(event["message"])["body"]["text"] for event in intake.events] == ["the only one"]
