"""The conformance kit itself: an exporter with a fault does not pass, and the message says what the fault is."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from fakes.arrivals import arrivals
from logcapy.export._split import split_logs
from logcapy.export.otlp import encode_logs
from logcapy.exporter import PayloadExporter
from logcapy.testing.conformance import Arrived, Fault, FaultConformance
from logcapy.types import Broken, Delivered, Outcome, Payload, Record, Rejected, Retry
from servers.otlp import as_otlp_json
from servers.otlp_json import logs_of

SERVICE = "conformance-of-the-kit"
SECRET = "s3cr3t-t0ken"


class Good(PayloadExporter):
    """Sends to a list of bodies, and does nothing wrong."""

    def __init__(self, taken: list[bytes]) -> None:
        super().__init__(5)
        self.taken = taken

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        return encode_logs(records, 1_000_000)

    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:
        return split_logs(body)

    def send(self, payload: Payload, deadline: float) -> Outcome:
        self.taken.append(payload.body)
        return Delivered()


class Raising(Good):
    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        json.dumps([record.log_record.body for record in records])
        return super().encode(records)


class Losing(Good):
    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        return super().encode(records[1:])


class Counting(Good):
    """Says that it sent what it did not."""

    def send(self, payload: Payload, deadline: float) -> Outcome:
        return Delivered()


class Repeating(Good):
    def send(self, payload: Payload, deadline: float) -> Outcome:
        self.taken.append(payload.body)
        return super().send(payload, deadline)


class Reversing(Good):
    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        return super().encode(records[::-1])


class Large(Good):
    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        return encode_logs(records, 3_000_000)


class NeedingRecords(Good):
    def send(self, payload: Payload, deadline: float) -> Outcome:
        payload.records[0].log_record  # noqa: B018 - a spool does not have it
        return super().send(payload, deadline)


class Halving(Good):
    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:
        halves = split_logs(body)
        return halves and halves[:1]


class Showing(Good):
    def __repr__(self) -> str:
        return f"Showing(key={SECRET})"


class Deaf(Good):
    """Retries what is refused for good, and gives up what is not."""

    fault = Fault.NONE

    def send(self, payload: Payload, deadline: float) -> Outcome:
        return Retry("bad request") if Deaf.fault is Fault.BAD_REQUEST else super().send(payload, deadline)


class Kit(FaultConformance):
    __test__ = False  # it is called by the tests below
    max_payload_bytes = 1_000_000
    secrets = (SECRET,)
    settle_seconds = 0.2
    outcomes = {Fault.BAD_REQUEST: Rejected, Fault.UNAUTHORIZED: Broken}  # noqa: RUF012 - read only

    def __init__(self, kind: type[Good]) -> None:
        self.kind = kind
        self.taken: list[bytes] = []

    def make_exporter(self) -> PayloadExporter:
        return self.kind(self.taken)

    def arrived(self, service: str) -> Sequence[Arrived]:
        requests = (as_otlp_json(ExportLogsServiceRequest.FromString(body)) for body in self.taken)
        return arrivals((record for request in requests for record in logs_of(request)), service)

    def fail(self, fault: Fault) -> None:
        Deaf.fault = fault


Check = Callable[[Kit], None]
CHECKS: dict[type[Good], tuple[Check, str]] = {
    Raising: (lambda kit: kit.test_each_hostile_record_alone_is_in_one_payload(SERVICE), "not JSON serializable"),
    Losing: (lambda kit: kit.test_each_record_is_in_exactly_one_payload_that_keeps_its_limits(), "in payloads"),
    Counting: (lambda kit: kit.test_records_arrive_in_order_once(SERVICE), "0 of 1000 records arrived"),
    Repeating: (lambda kit: kit.test_records_arrive_in_order_once(SERVICE), "more than 1 times"),
    Reversing: (lambda kit: kit.test_records_arrive_in_order_once(SERVICE), "not in order"),
    Large: (lambda kit: kit.test_each_record_is_in_exactly_one_payload_that_keeps_its_limits(), "bytes"),
    NeedingRecords: (
        lambda kit: kit.test_a_payload_that_was_on_disk_is_sent_by_another_exporter(SERVICE),
        "'int' object has no attribute",
    ),
    Halving: (lambda kit: kit.test_halves_of_a_payload_that_was_on_disk_have_all_its_records(SERVICE), "in halves"),
}


@pytest.mark.parametrize("kind", CHECKS, ids=lambda kind: kind.__name__)
def test_an_exporter_with_a_fault_does_not_pass(kind: type[Good]) -> None:
    check, message = CHECKS[kind]
    with pytest.raises(Exception, match=message):
        check(Kit(kind))
    check(Kit(Good))


@pytest.mark.parametrize("kind", [Losing, Large])
def test_sizes_are_tried_without_hypothesis_too(kind: type[Good], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(AssertionError, match=r"in payloads|a payload of"):
        Kit(kind).test_each_record_is_in_exactly_one_payload_that_keeps_its_limits()
    Kit(Good).test_each_record_is_in_exactly_one_payload_that_keeps_its_limits()


def test_a_secret_that_is_shown_does_not_pass(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(AssertionError, match="a secret is shown") as told:
        Kit(Showing).test_credentials_are_not_shown(SERVICE, capfd, caplog)
    assert SECRET not in str(told.value)
    Kit(Good).test_credentials_are_not_shown(SERVICE, capfd, caplog)


def test_an_outcome_other_than_expected_does_not_pass(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(AssertionError, match=r"other outcomes than expected.*BAD_REQUEST"):
        Kit(Deaf).test_each_fault_has_its_outcome_and_shows_no_credential(SERVICE, capfd, caplog)
