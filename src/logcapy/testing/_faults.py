"""What an exporter of two halves makes of a destination that fails."""

from __future__ import annotations

import enum
import logging
import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import pytest

from logcapy.exporter import PayloadExporter
from logcapy.types import Broken, Delivered, Outcome, Payload, Rejected, Retry, TooLarge

from ._payloads import PayloadConformance
from .hostile import make_record

#: The wait that ``Fault.TOO_MANY`` is to ask for, in seconds.
RETRY_AFTER_SECONDS = 7


class Fault(enum.Enum):
    """What a destination does from now on."""

    NONE = "works"
    BAD_REQUEST = "refuses the request: 400"
    UNAUTHORIZED = "does not know the credentials: 401"
    TOO_LARGE = "finds it too large: 413"
    TOO_MANY = "asks to come back in 7 seconds: 429 with Retry-After: 7"
    UNAVAILABLE = "is not ready: 503"
    HANG = "takes the request and says nothing for a minute"
    CUT = "takes the request and closes the connection"


class FaultConformance(PayloadConformance):
    """Base of a test class for a destination that can be made to fail; what fails stores nothing."""

    #: What each fault is answered by; a fault that the destination cannot have is left out.
    outcomes: ClassVar[Mapping[Fault, type[Outcome]]] = {
        Fault.BAD_REQUEST: Rejected,
        Fault.UNAUTHORIZED: Broken,
        Fault.TOO_LARGE: TooLarge,
        Fault.TOO_MANY: Retry,
        Fault.UNAVAILABLE: Retry,
        Fault.HANG: Retry,
        Fault.CUT: Retry,
    }

    @abstractmethod
    def fail(self, fault: Fault) -> None:
        """Make the destination do this from now on; ``Fault.NONE`` makes it work again."""

    def test_each_fault_has_its_outcome_and_shows_no_credential(
        self, service: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        outcomes = self._outcomes_of_faults(service)
        wrong = {
            fault.name: str(outcome) for fault, outcome in outcomes.items() if type(outcome) is not self.outcomes[fault]
        }
        assert not wrong, f"other outcomes than expected: {wrong}"
        for fault, outcome in outcomes.items():
            if fault is Fault.TOO_MANY and isinstance(outcome, Retry):
                assert outcome.after_seconds == RETRY_AFTER_SECONDS, f"Retry-After is not honoured: {outcome}"
            if isinstance(outcome, Rejected):
                assert outcome.count == 3, f"3 records were sent, and {outcome.count} are refused"
        said = capfd.readouterr()
        self._check_secrets(*map(str, outcomes.values()), caplog.text, said.out, said.err)

    def test_what_may_be_sent_again_arrives_once_the_destination_works(self, service: str) -> None:
        exporter = self.make_exporter()
        again = [fault for fault, outcome in self.outcomes.items() if outcome is Retry and fault is not Fault.HANG]
        for number, fault in enumerate(again):
            (payload,) = exporter.encode([make_record(f"good-{number:04}", service)])
            self.fail(fault)
            outcome = exporter.send(payload, time.monotonic() + 5)
            assert isinstance(outcome, Retry), f"{fault.name} is answered by {outcome}"
            self.fail(Fault.NONE)
            outcome = exporter.send(payload, time.monotonic() + 30)
            assert outcome == Delivered(), f"after {fault.name}: {outcome}"
        exporter.shutdown()
        self._check_once(self._wait(service, len(again)), at_most=2 if self.may_duplicate else 1)

    def _outcomes_of_faults(self, service: str) -> dict[Fault, Outcome]:
        records = [make_record(f"good-{number:04}", service) for number in range(3)]
        outcomes: dict[Fault, Outcome] = {}
        for fault in self.outcomes:
            exporter: PayloadExporter = self.make_exporter()
            (payload,) = exporter.encode(records)
            self.fail(fault)
            started = time.monotonic()
            outcomes[fault] = exporter.send(Payload(payload.body, records), started + 1.0)
            seconds = time.monotonic() - started
            assert seconds < 30, f"{fault.name} took {seconds:.0f} s with a deadline of one"
            self.fail(Fault.NONE)
            exporter.shutdown()
        return outcomes
