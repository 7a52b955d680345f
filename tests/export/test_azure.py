"""Azure Monitor: the conformance kit against a strict fake, and what of a record becomes what."""

from __future__ import annotations

import json
import logging
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import trustme

from fakes.azure import KEY, AzureIntake, arrived_at_azure, messages_at_azure
from fakes.intake import serving
from logcapy.errors import ConfigError
from logcapy.export.azure import MAX_PAYLOAD_BYTES, AzureLogRecordExporter
from logcapy.exporter import Patience, PayloadExporter, deliver
from logcapy.testing.conformance import Arrived, Fault, FaultConformance
from logcapy.testing.hostile import make_record
from logcapy.types import Broken, Delivered, Outcome, Payload, Rejected, Retry
from servers.http import Answer, scripted_server
from servers.processes import clean_environment

from .test_entry_points import run

#: Microsoft's exporter would ask Microsoft for its settings.
NO_CONTROL_PLANE = ("APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED", "true")


@pytest.fixture(autouse=True)
def _no_control_plane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(*NO_CONTROL_PLANE)


class TestAzure(FaultConformance):
    max_payload_bytes = MAX_PAYLOAD_BYTES
    timestamp_resolution = 2000
    secrets = (KEY,)

    @pytest.fixture(autouse=True)
    def _intake(self) -> Iterator[None]:
        with serving(AzureIntake) as self.intake:
            yield

    def make_exporter(self) -> PayloadExporter:
        return AzureLogRecordExporter(connection_string=self.intake.connection_string)

    def arrived(self, service: str) -> Sequence[Arrived]:
        return arrived_at_azure(self.intake.envelopes, service)

    def fail(self, fault: Fault) -> None:
        self.intake.fault = fault


@pytest.fixture
def intake() -> Iterator[AzureIntake]:
    with serving(AzureIntake) as intake:
        yield intake


def payload_of(exporter: PayloadExporter, *bodies: str) -> Payload:
    (payload,) = exporter.encode([make_record("good-0000", "shop", body=body) for body in bodies])
    return payload


def send(intake: AzureIntake, *bodies: str) -> Outcome:
    exporter = AzureLogRecordExporter(connection_string=intake.connection_string)
    outcome = exporter.send(payload_of(exporter, *bodies), time.monotonic() + 5)
    exporter.shutdown()
    return outcome


def test_of_a_request_that_is_taken_in_part_what_is_refused_for_good_is_counted(intake: AzureIntake) -> None:
    intake.refuses = {"bad": 400}
    outcome = send(intake, "one", "bad two", "three", "bad four")
    assert isinstance(outcome, Rejected)
    assert outcome.count == 2
    assert "for the test" in outcome.reason
    assert messages_at_azure(intake) == ["one", "three"]


def test_of_a_request_that_is_taken_in_part_only_what_may_come_again_does(intake: AzureIntake) -> None:
    intake.refuses = {"later": 503, "never": 400}
    exporter = AzureLogRecordExporter(connection_string=intake.connection_string)
    payload = payload_of(exporter, "one", "later two", "never three", "four", "later five")
    assert isinstance(exporter.send(payload, time.monotonic() + 5), Retry)
    intake.refuses = {"five": 500}
    assert isinstance(exporter.send(payload, time.monotonic() + 5), Retry)
    intake.refuses = {}
    outcome = exporter.send(payload, time.monotonic() + 5)
    exporter.shutdown()
    assert isinstance(outcome, Rejected)
    assert outcome.count == 1
    assert messages_at_azure(intake) == ["one", "four", "later two", "later five"]


def test_what_was_taken_in_part_is_forgotten_once_all_of_it_was(intake: AzureIntake) -> None:
    intake.refuses = {"later": 503}
    exporter = AzureLogRecordExporter(connection_string=intake.connection_string)
    payload = payload_of(exporter, "one", "later")
    assert isinstance(exporter.send(payload, time.monotonic() + 5), Retry)
    intake.refuses = {}
    for _ in range(2):
        assert exporter.send(payload, time.monotonic() + 5) == Delivered()
    exporter.shutdown()
    assert messages_at_azure(intake) == ["one", "later", "one", "later"]


def test_bytes_that_are_no_array_are_refused_and_hold_nothing_up(intake: AzureIntake) -> None:
    exporter = AzureLogRecordExporter(connection_string=intake.connection_string)
    nothing: Any = range(2)
    outcome = exporter.send(Payload(b"[{", nothing), time.monotonic() + 5)
    exporter.shutdown()
    assert isinstance(outcome, Rejected)
    assert outcome.count == 2


def test_a_payload_that_was_given_up_in_part_leaves_the_next_one_alone(intake: AzureIntake) -> None:
    intake.refuses = {"later": 503}
    exporter = AzureLogRecordExporter(connection_string=intake.connection_string)
    assert isinstance(exporter.send(payload_of(exporter, "one", "later"), time.monotonic() + 5), Retry)
    assert exporter.send(payload_of(exporter, "three", "four"), time.monotonic() + 5) == Delivered()
    exporter.shutdown()
    assert messages_at_azure(intake) == ["one", "three", "four"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, Retry) for status in (408, 429, 500, 502, 503, 504)),
        *((status, Rejected) for status in (400, 402, 439)),
        *((status, Broken) for status in (401, 403, 404)),
    ],
)
def test_each_status_says_whether_to_send_again_and_is_asked_for_once(
    intake: AzureIntake, status: int, kind: type[Outcome]
) -> None:
    intake.server.respond = lambda request: Answer(status, {"Content-Type": "application/json"}, b"no JSON")
    outcome = send(intake, "order")
    assert type(outcome) is kind, outcome
    assert outcome.status == status
    assert len(intake.server.requests) == 1  # neither Microsoft's client nor its exporter tries again by itself


def test_an_answer_that_is_not_azures_does_not_count_as_taken(intake: AzureIntake) -> None:
    intake.server.respond = lambda request: Answer(200, {"Content-Type": "text/html"}, b"<html>Please log in</html>")
    assert isinstance(send(intake, "order"), Retry)


def test_a_redirect_within_the_domain_is_followed_and_remembered(intake: AzureIntake) -> None:
    with serving(AzureIntake) as other:
        intake.redirect_to = other.url
        exporter = AzureLogRecordExporter(connection_string=intake.connection_string)
        for body in ("one", "two"):
            assert exporter.send(payload_of(exporter, body), time.monotonic() + 5) == Delivered()
        exporter.shutdown()
        assert messages_at_azure(other) == ["one", "two"]
        assert len(intake.server.requests) == 1


def test_a_redirect_to_somewhere_else_is_not_followed(intake: AzureIntake) -> None:
    with serving(AzureIntake) as other:
        intake.redirect_to = other.url.replace("127.0.0.1", "localhost")
        assert isinstance(send(intake, "order"), Broken)
        assert other.server.requests == []


def test_a_redirect_in_a_circle_has_an_end(intake: AzureIntake) -> None:
    intake.redirect_to = intake.url
    assert isinstance(send(intake, "order"), Broken)
    assert len(intake.server.requests) < 10


def test_what_is_sent_is_not_logged(intake: AzureIntake, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    intake.refuses = {"bad": 400}
    for bodies in (("order",), ("order", "bad")):
        send(intake, *bodies)
    intake.fault = Fault.UNAVAILABLE
    send(intake, "order")
    assert [record.name for record in caplog.records] == []


def test_nobody_who_answers_is_told(intake: AzureIntake) -> None:
    intake.fault = Fault.CUT
    outcome = send(intake, "order")
    assert isinstance(outcome, Retry)
    assert outcome.unreachable


def test_a_short_outage_costs_nothing(intake: AzureIntake) -> None:
    answers = [Answer(503), Answer(429, {"Retry-After": "1"})]
    intake.server.respond = lambda request: answers.pop(0) if answers else intake.respond(request)
    exporter = AzureLogRecordExporter(connection_string=intake.connection_string)
    tally = deliver(exporter, [make_record("good-0000", "shop", body="order")], 20, Patience())
    exporter.shutdown()
    assert tally.exported == 1
    assert messages_at_azure(intake) == ["order"]


def envelope(**fields: Any) -> dict[str, Any]:
    exporter = AzureLogRecordExporter(connection_string=f"InstrumentationKey={KEY}")
    (payload,) = exporter.encode([make_record("good-0000", "shop", **fields)])
    exporter.shutdown()
    (found,) = json.loads(payload.body)
    assert isinstance(found, dict)
    return found


def test_a_record_has_azures_own_fields() -> None:
    found = envelope(attributes={"paid": True, "items": ["a", None], "route": "/pay"}, event_name="shop.paid")
    assert found["data"]["baseType"] == "MessageData"
    data = found["data"]["baseData"]
    assert (data["message"], data["severityLevel"]) == ("record good-0000", 1)
    assert data["properties"] == {
        "conformance_id": "good-0000",
        "paid": "true",
        "items": '["a",null]',
        "route": "/pay",
        "event.name": "shop.paid",
        "logger_name": "conformance",
    }
    assert found["tags"]["ai.operation.id"] == "0af7651916cd43dd8448eb211c80319c"
    assert found["tags"]["ai.operation.parentId"] == "b7ad6b7169203331"
    assert found["tags"]["ai.cloud.role"] == "shop"
    assert "iKey" not in found


def test_a_record_with_an_exception_is_one_of_azures() -> None:
    found = envelope(
        attributes={
            "exception.type": "ValueError",
            "exception.message": "boom",
            "exception.stacktrace": "Traceback: boom",
        }
    )
    assert found["data"]["baseType"] == "ExceptionData"
    (exception,) = found["data"]["baseData"]["exceptions"]
    assert exception == {
        "typeName": "ValueError",
        "message": "record good-0000",
        "hasFullStack": True,
        "stack": "Traceback: boom",
    }


@pytest.mark.parametrize(
    "fields", [{"body": "a" * 40_000}, {"attributes": {"long": "a" * 9000}}, {"attributes": {"many": ["é"] * 90_000}}]
)
def test_what_azure_would_cut_without_a_word_is_cut_and_says_so(fields: dict[str, Any]) -> None:
    assert envelope(**fields)["data"]["baseData"]["properties"]["logcapy.truncated"] == "true"


def test_a_setting_that_cannot_be_used_is_told_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="LOGCAPY_AZURE_CONNECTION_STRING"):
        AzureLogRecordExporter()
    monkeypatch.setenv("APPLICATIONINSIGHTS_CONNECTION_STRING", f"InstrumentationKey={KEY[:-1]}")
    with pytest.raises(ConfigError, match="APPLICATIONINSIGHTS_CONNECTION_STRING") as told:
        AzureLogRecordExporter()
    assert KEY[:-1] not in str(told.value)
    monkeypatch.setenv("APPLICATIONINSIGHTS_CONNECTION_STRING", f"InstrumentationKey={KEY};nonsense")
    with pytest.raises(ConfigError, match="connection_string"):
        AzureLogRecordExporter()


def test_it_sends_no_statistics_keeps_no_store_and_has_no_thread(tmp_path: Any) -> None:
    program = f"""
import threading
from logcapy.export.azure import AzureLogRecordExporter
from logcapy.testing.hostile import make_record
exporter = AzureLogRecordExporter(connection_string="InstrumentationKey={KEY};IngestionEndpoint=http://127.0.0.1:9")
exporter.export([make_record("good-0000", "shop")])
print([thread.name for thread in threading.enumerate()])
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=clean_environment(**dict([NO_CONTROL_PLANE]), TMPDIR=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "['MainThread']\n", done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("expected", ["token-of-a-test", "another"])
def test_a_managed_identity_sends_with_its_token(expected: str, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with scripted_server() as identity, scripted_server(context) as server:
        told = {"access_token": "token-of-a-test", "expires_on": str(int(time.time()) + 3600), "token_type": "Bearer"}
        identity.answers = [Answer(200, {"Content-Type": "application/json"}, json.dumps(told).encode())]
        intake = AzureIntake(server)
        intake.bearer = expected
        said = run(
            server.url.replace("127.0.0.1", "localhost"),
            "logcapy_azure",
            {"APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey={KEY};IngestionEndpoint={{url}}"},
            tmp_path,
            APPLICATIONINSIGHTS_AUTHENTICATION_STRING="Authorization=AAD",
            IDENTITY_ENDPOINT=f"{identity.url}/token",
            IDENTITY_HEADER="header-of-a-test",
            REQUESTS_CA_BUNDLE=str(tmp_path / "ca.pem"),
            **dict([NO_CONTROL_PLANE]),
        )
        assert len(intake.envelopes) == (2 if expected == "token-of-a-test" else 0), said
    assert ("HTTP 401" in said) == (expected == "another"), said
    assert "token-of-a-test" not in said
