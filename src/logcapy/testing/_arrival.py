"""What every exporter must hold: that records arrive, once, in order, and no secret is shown."""

from __future__ import annotations

import logging
import re
import time
import uuid
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.resources import Resource

from logcapy.exporter import Patience, PayloadExporter, deliver

from .hostile import SIGN, SPAN_ID, TRACE_ID, hostile_records, make_record

_SIGN_IN_BODY = re.compile(r"hostile-\d\d|good-\d{4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A record as it is at the destination. What the destination does not keep is None.

    Args:
        body: As text.
        attributes: By the names that the destination has for them.
        severity_number: OpenTelemetry's.
        timestamp: Nanoseconds since the epoch.
        trace_id: 32 hexadecimal digits.
        span_id: 16 hexadecimal digits.
    """

    body: str | None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    severity_number: int | None = None
    timestamp: int | None = None
    trace_id: str | None = None
    span_id: str | None = None

    @property
    def sign(self) -> str | None:
        """By which a record of the kit is told from others."""
        found = _SIGN_IN_BODY.search(self.body or "")
        return str(self.attributes[SIGN]) if SIGN in self.attributes else found and found.group()


class ExporterConformance:
    """Base of a test class. It needs :meth:`make_exporter` and :meth:`arrived`; the attributes have usual values.

    A subclass may take fixtures in an autouse fixture of its own and keep them in ``self``.
    """

    #: Whether records arrive in the order in which they were given.
    keeps_order = True
    #: Whether a record may arrive twice where an answer was lost. Without a fault none ever may.
    may_duplicate = False
    #: What is never to be shown: keys, tokens, passwords, also as they are encoded in headers.
    secrets: Sequence[str] = ()
    #: How exactly the destination keeps times, in nanoseconds.
    timestamp_resolution = 1
    #: How long what was sent may take until :meth:`arrived` tells of it.
    settle_seconds = 15.0

    @abstractmethod
    def make_exporter(self) -> LogRecordExporter:
        """A new exporter to the destination of this test."""

    @abstractmethod
    def arrived(self, service: str) -> Sequence[Arrived]:
        """All that has arrived up to now, in the destination's order.

        Args:
            service: The ``service.name`` of this test's records, for a destination that is shared.
        """

    @pytest.fixture
    def service(self) -> str:
        """A ``service.name`` for one test."""
        return f"conformance-{uuid.uuid4().hex[:12]}"

    def test_an_ordinary_record_arrives_with_its_fields(self, service: str) -> None:
        moment = time.time_ns() - 10**9
        record = make_record(
            "good-0000", service, timestamp=moment, severity_number=SeverityNumber.WARN2, attributes={"color": "blue"}
        )
        self._give([record])
        (found,) = self._wait(service, 1)
        assert found.body is not None, "the body did not arrive"
        assert "record good-0000" in found.body, f"the body arrived as {found.body!r}"
        assert found.attributes.get("color", "blue") == "blue", f"the attributes arrived as {found.attributes!r}"
        assert found.severity_number in (None, 13, 14), f"WARN2 arrived as {found.severity_number}"
        assert found.trace_id in (None, f"{TRACE_ID:032x}"), f"the trace id arrived as {found.trace_id}"
        assert found.span_id in (None, f"{SPAN_ID:016x}"), f"the span id arrived as {found.span_id}"
        if found.timestamp is not None:
            assert abs(found.timestamp - moment) < max(self.timestamp_resolution, 1), f"{moment} is {found.timestamp}"

    def test_hostile_records_arrive_readable_or_are_counted_and_cost_no_other(self, service: str) -> None:
        hostile = hostile_records(service)
        good = [make_record(f"good-{number:04}", service) for number in range(len(hostile))]
        lost = self._give([record for pair in zip(good, hostile, strict=True) for record in (pair[0], pair[1].record)])
        arrived = self._wait(service, 2 * len(hostile) - lost)
        found = {each.sign: each for each in arrived}
        missing_good = [f"good-{number:04}" for number in range(len(good)) if f"good-{number:04}" not in found]
        assert not missing_good, f"hostile records cost others: {missing_good}"
        missing = [each.name for each in hostile if each.sign not in found]
        assert len(missing) <= lost, f"{len(missing)} did not arrive, {lost} were counted: {missing}"
        unreadable = {
            each.name: str(found[each.sign].body)[:80]
            for each in hostile
            if each.sign in found and each.says not in (found[each.sign].body or "")
        }
        assert not unreadable, f"not readable any more: {unreadable}"
        self._check_once(arrived)

    def test_records_arrive_in_order_once(self, service: str) -> None:
        start = time.time_ns() - 10**9
        given = [make_record(f"good-{n:04}", service, timestamp=start + n * 10**6) for n in range(1000)]
        for first in range(0, len(given), 300):
            self._give(given[first : first + 300])
        arrived = self._wait(service, len(given))
        self._check_once(arrived)
        signs = [each.sign for each in arrived]
        wanted = [f"good-{number:04}" for number in range(len(given))]
        assert (signs if self.keeps_order else sorted(map(str, signs))) == wanted, "not all, or not in order"

    def test_it_works_in_the_sdks_batch_processor(self, service: str) -> None:
        exporter = self.make_exporter()
        provider = LoggerProvider(Resource({"service.name": service}), shutdown_on_exit=False)
        provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
        logger = provider.get_logger("conformance")
        for number in range(50):
            logger.emit(make_record(f"good-{number:04}", service).log_record)
        assert provider.force_flush() is not False, "force_flush failed"
        provider.shutdown()
        assert len(self._wait(service, 50)) == 50

    def test_after_shutdown_it_refuses_records_and_raises_nothing(self, service: str) -> None:
        exporter = self.make_exporter()
        record = make_record("good-0000", service)
        assert exporter.export([record]) is LogRecordExportResult.SUCCESS, "export() failed"
        assert exporter.force_flush(5000) is not False, "force_flush() failed"
        _shut_down(exporter)
        _shut_down(exporter)
        assert exporter.export([record]) is LogRecordExportResult.FAILURE, "it took a record after shutdown()"
        assert len(self._wait(service, 1)) == 1

    def test_credentials_are_not_shown(
        self, service: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        exporter = self.make_exporter()
        shown = [repr(exporter), str(exporter), str(getattr(exporter, "destination", ""))]
        exporter.export([make_record("good-0000", service)])
        _shut_down(exporter)
        said = capfd.readouterr()
        self._check_secrets(*shown, caplog.text, said.out, said.err)

    def _check_secrets(self, *shown: str) -> None:
        for text in shown:
            for secret in self.secrets:
                assert secret not in text, f"a secret is shown: {text.replace(secret, '[the secret]')[:300]}"

    def _give(self, records: Sequence[ReadableLogRecord]) -> int:
        """Send records by a new exporter; returns how many it counts as lost, or may have lost."""
        exporter = self.make_exporter()
        try:
            if isinstance(exporter, PayloadExporter):
                tally = deliver(exporter, records, 30.0, Patience())
                assert tally.count == len(records), f"{len(records)} records, {tally.count} accounted for"
                return len(records) - tally.exported
            return 0 if exporter.export(records) is LogRecordExportResult.SUCCESS else len(records)
        finally:
            _shut_down(exporter)

    def _wait(self, service: str, count: int) -> Sequence[Arrived]:
        """What has arrived, as soon as it is ``count`` different records, or after ``settle_seconds``."""
        deadline = time.monotonic() + self.settle_seconds
        while True:
            arrived = [each for each in self.arrived(service) if each.sign is not None]
            found = len({each.sign for each in arrived})
            if found >= count:
                return arrived
            assert time.monotonic() < deadline, f"{found} of {count} records arrived"
            time.sleep(0.05)

    def _check_once(self, arrived: Sequence[Arrived], *, at_most: int = 1) -> None:
        twice = [sign for sign, count in Counter(each.sign for each in arrived).items() if count > at_most]
        assert not twice, f"arrived more than {at_most} times: {twice[:10]}"


def _shut_down(exporter: LogRecordExporter) -> None:
    exporter.shutdown()  # type: ignore[no-untyped-call]  # the SDK leaves its type out
