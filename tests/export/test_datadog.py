"""Datadog: the conformance kit against a strict fake, and what of a record becomes what."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource

from fakes.datadog import KEY, DatadogIntake, arrived_at_datadog
from fakes.intake import serving
from logcapy._version import __version__
from logcapy.errors import ConfigError
from logcapy.export.datadog import MAX_PAYLOAD_BYTES, MAX_RECORDS, DatadogLogRecordExporter
from logcapy.exporter import PayloadExporter
from logcapy.testing.conformance import Arrived, Fault, FaultConformance
from logcapy.testing.hostile import make_record
from logcapy.types import Payload, Retry
from servers.http import Answer


class TestDatadog(FaultConformance):
    max_payload_bytes = MAX_PAYLOAD_BYTES
    max_payload_records = MAX_RECORDS
    timestamp_resolution = 10**6
    secrets = (KEY,)

    @pytest.fixture(autouse=True)
    def _intake(self) -> Iterator[None]:
        with serving(DatadogIntake) as self.intake:
            yield

    def make_exporter(self) -> PayloadExporter:
        return DatadogLogRecordExporter(api_key=KEY, endpoint=f"{self.intake.url}/api/v2/logs")

    def arrived(self, service: str) -> Sequence[Arrived]:
        return arrived_at_datadog(self.intake.logs, service)

    def fail(self, fault: Fault) -> None:
        self.intake.fault = fault

    def test_its_requests_say_which_exporter_they_come_from(self) -> None:
        exporter = self.make_exporter()
        exporter.export([make_record("good-0000", "shop")])
        exporter.shutdown()
        (request,) = self.intake.server.requests
        assert request.headers["user-agent"] == f"LogCapy/{__version__} (Python; datadog exporter)"

    def test_its_own_header_says_how_long_to_wait(self) -> None:
        self.intake.server.respond = lambda request: Answer(429, {"X-Ratelimit-Reset": "12"})
        exporter = self.make_exporter()
        outcome = exporter.send(Payload(b"[{}]", range(1)), time.monotonic() + 5)
        exporter.shutdown()
        assert isinstance(outcome, Retry)
        assert outcome.after_seconds == 12


def event(record: ReadableLogRecord, **fields: Any) -> dict[str, Any]:
    exporter = DatadogLogRecordExporter(api_key=KEY, **fields)
    ((log,),) = [json.loads(payload.body) for payload in exporter.encode([record])]
    assert isinstance(log, dict)
    return log


def of_resource(**attributes: str) -> ReadableLogRecord:
    record = make_record("good-0000", "shop", severity_number=SeverityNumber.ERROR)
    named = {name.replace("_", "."): value for name, value in attributes.items()}
    return ReadableLogRecord(record.log_record, Resource(named), record.instrumentation_scope)


def test_a_record_has_datadogs_own_fields_and_opentelemetrys() -> None:
    log = event(of_resource(service_name="shop", service_version="1.2", host_name="web-1"), env="test")
    assert log["service"] == "shop"
    assert log["hostname"] == "web-1"
    assert log["ddtags"] == "version:1.2,env:test"
    assert log["status"] == "error"
    assert log["dd.trace_id"] == str(0x8448EB211C80319C)
    assert log["otel.trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", log["@timestamp"])


def test_an_attribute_named_like_a_field_of_datadogs_does_not_take_its_place() -> None:
    record = make_record("good-0000", "shop", attributes={"message": "mine", "http": {"route": "/a"}})
    log = event(record)
    assert log["message"] == "record good-0000"
    assert log["attributes.message"] == "mine"
    assert log["http.route"] == "/a"


def test_dd_variables_name_the_service_only_where_nobody_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DD_SERVICE", "of-datadog")
    monkeypatch.setenv("DD_ENV", "production")
    assert event(of_resource(service_name="unknown_service:python"))["service"] == "of-datadog"
    log = event(of_resource(service_name="shop", deployment_environment_name="test"))
    assert (log["service"], log["ddtags"]) == ("shop", "env:test")


def test_the_site_says_where_and_the_key_is_told_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="LOGCAPY_DATADOG_API_KEY"):
        DatadogLogRecordExporter()
    monkeypatch.setenv("DD_API_KEY", KEY)
    monkeypatch.setenv("DD_SITE", "datadoghq.eu")
    assert DatadogLogRecordExporter().destination == "https://http-intake.logs.datadoghq.eu/api/v2/logs"
    with pytest.raises(ConfigError, match="site"):
        DatadogLogRecordExporter(site="evil/@x")
