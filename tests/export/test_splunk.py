"""Splunk: the conformance kit against a strict fake, acknowledgement, and what of a record becomes what."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from fakes.intake import serving
from fakes.splunk import TOKEN, SplunkIntake, arrived_at_splunk
from logcapy.errors import ConfigError
from logcapy.export.splunk import MAX_PAYLOAD_BYTES, SplunkLogRecordExporter
from logcapy.exporter import PayloadExporter
from logcapy.testing.conformance import Arrived, Fault, FaultConformance
from logcapy.testing.hostile import make_record
from logcapy.types import Broken, Delivered, Outcome, Retry


class TestSplunk(FaultConformance):
    max_payload_bytes = MAX_PAYLOAD_BYTES
    timestamp_resolution = 10**6
    secrets = (TOKEN,)
    acknowledge = False

    @pytest.fixture(autouse=True)
    def _intake(self) -> Iterator[None]:
        with serving(SplunkIntake) as self.intake:
            self.intake.acknowledges = self.acknowledge
            yield

    def make_exporter(self) -> PayloadExporter:
        return SplunkLogRecordExporter(endpoint=self.intake.url, token=TOKEN, acknowledge=self.acknowledge)

    def arrived(self, service: str) -> Sequence[Arrived]:
        return arrived_at_splunk(self.intake.events, service)

    def fail(self, fault: Fault) -> None:
        self.intake.fault = fault


class TestSplunkThatAcknowledges(TestSplunk):
    acknowledge = True


@pytest.fixture
def intake() -> Iterator[SplunkIntake]:
    with serving(SplunkIntake) as running:
        yield running


def sent(intake: SplunkIntake, seconds: float = 10.0, **fields: Any) -> Outcome:
    exporter = SplunkLogRecordExporter(**{"endpoint": intake.url, "token": TOKEN, **fields})
    (payload,) = exporter.encode([make_record("good-0000", "shop")])
    outcome = exporter.send(payload, time.monotonic() + seconds)
    exporter.shutdown()
    return outcome


def test_it_asks_until_the_indexer_has_acknowledged(intake: SplunkIntake) -> None:
    intake.acknowledges, intake.polls_until_indexed = True, 2
    assert sent(intake, acknowledge=True) == Delivered()
    assert intake.polls == {0: 3}


def test_what_is_not_acknowledged_in_time_may_be_sent_again_and_be_there_twice(intake: SplunkIntake) -> None:
    intake.acknowledges, intake.polls_until_indexed = True, 10**9
    outcome = sent(intake, 1.0, acknowledge=True)
    assert isinstance(outcome, Retry)
    assert "may be there twice" in outcome.reason
    assert intake.polls[0] > 1


def test_a_token_without_acknowledgement_delivers_what_it_takes(
    intake: SplunkIntake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sent(intake, acknowledge=True) == Delivered()
    assert intake.polls == {}


def test_a_token_with_acknowledgement_wants_a_channel_and_says_so(intake: SplunkIntake) -> None:
    intake.acknowledges = True
    outcome = sent(intake, acknowledge=False)
    assert isinstance(outcome, Broken)
    assert "Data channel is missing" in outcome.reason


def test_a_wrong_index_is_a_wrong_set_up(intake: SplunkIntake) -> None:
    assert isinstance(sent(intake, index="other"), Broken)
    assert sent(intake, index="main", source="s", sourcetype="_json") == Delivered()
    assert {"index": "main", "source": "s", "sourcetype": "_json"}.items() <= intake.events[-1].items()


def test_fields_are_flat_and_the_time_is_a_plain_decimal() -> None:
    exporter = SplunkLogRecordExporter(endpoint="http://splunk.example:8088", token=TOKEN)
    record = make_record(
        "good-0000",
        "shop",
        timestamp=1_795_359_970_143_302_400,
        attributes={"a": {"b": True}, "l": [1, None], "n": None},
    )
    (payload,) = exporter.encode([record])
    assert b'"time":1795359970.143' in payload.body
    fields = json.loads(payload.body)["fields"]
    assert fields["a.b"] == "true"
    assert fields["l"] == ["1", ""]
    assert "n" not in fields


def test_where_and_the_token_must_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="LOGCAPY_SPLUNK_ENDPOINT"):
        SplunkLogRecordExporter()
    monkeypatch.setenv("LOGCAPY_SPLUNK_ENDPOINT", "https://splunk.example:8088")
    with pytest.raises(ConfigError, match="LOGCAPY_SPLUNK_TOKEN"):
        SplunkLogRecordExporter()
    monkeypatch.setenv("LOGCAPY_SPLUNK_TOKEN", TOKEN)
    assert SplunkLogRecordExporter().destination == "https://splunk.example:8088/services/collector/event"
