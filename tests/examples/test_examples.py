"""The example applications, started as their READMEs say, seen from a real Collector and from their own consoles."""

from __future__ import annotations

import re
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from logcapy.config import LogCapyConfig
from servers.collector import Collector
from servers.processes import free_port, wait_until
from servers.shops import EMAIL, FLASK, SHOPS, Customer, Shop, console_lines, open_shop

pytestmark = [pytest.mark.slow, pytest.mark.servers]

_CARD = re.compile(rb"4111[^0-9a-zA-Z]*1111[^0-9a-zA-Z]*1111[^0-9a-zA-Z]*1111")

_MESSAGE = re.compile(r"gateway refused card \[REDACTED\] \(authorization: (Bearer )?\[REDACTED\]\)")
# What LogCapy and OpenTelemetry say where opentelemetry-distro and the logging instrumentation are installed too.
_SAID_AT_START = ("logcapy: takes the place of ", "Configuration of configurator not loaded")
_REQUEST_ATTRIBUTES = ("http.request.method", "http.route", "url.path", "client.address")


@dataclass(frozen=True)
class Visit:
    """What a shop under ``opentelemetry-instrument`` left behind, when its customer was gone and all had arrived."""

    shop: Shop
    customer: Customer
    logs: list[dict[str, Any]]
    spans: list[dict[str, Any]]
    raw: bytes
    console: str

    def server_span(self, request: str) -> dict[str, Any]:
        trace_id = self.customer.trace_ids[request]
        (span,) = [each for each in self.spans if each["trace_id"] == trace_id and each["kind"] == "SERVER"]
        return span

    def of_logger(self, name: str) -> list[dict[str, Any]]:
        return [log for log in self.logs if log["scope"] == name]


def _visit(shop: Shop, collector: Collector, folder: Path, **telemetry: str) -> Visit:
    service = f"{shop.name}-{uuid.uuid4().hex[:8]}"
    env = {
        "OTEL_SERVICE_NAME": service,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.http_endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",  # other distros have another default
        "OTEL_BLRP_SCHEDULE_DELAY": "200",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        **telemetry,
    }
    with open_shop(shop, folder, env) as opened:
        customer = Customer(opened.url)
        customer.visit()

        def everything_arrived() -> bool:
            traces = {span["trace_id"] for span in collector.spans(service) if span["kind"] == "SERVER"}
            return traces >= set(customer.trace_ids.values()) and bool(_failures(collector.logs(service)))

        def what_arrived() -> str:
            return f"{[(log['scope'], log['body']) for log in collector.logs(service)]} of {opened.process}"

        wait_until(everything_arrived, 15, what_arrived)
        console = opened.close()
    logs, spans = collector.logs(service), collector.spans(service)
    return Visit(shop, customer, logs, spans, collector.raw(), console)


def _failures(logs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records that tell of an exception: in full, or by reference."""
    return [log for log in logs if {"exception.type", "logcapy.exception.reference"} & log["attributes"].keys()]


@pytest.fixture(scope="module", params=SHOPS, ids=lambda shop: shop.name)
def visit(request: pytest.FixtureRequest, collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    return _visit(request.param, collector, tmp_path_factory.mktemp(request.param.name))


def test_every_record_of_the_failure_belongs_to_the_server_span(visit: Visit):
    span = visit.server_span("failed")
    failures = _failures(visit.logs)
    assert failures
    for log in failures:
        assert (log["trace_id"], log["span_id"]) == (span["trace_id"], span["span_id"]), log
        assert log["severity_text"] == "ERROR"


def test_exactly_one_record_tells_the_failure_in_full_and_every_other_refers_to_it(visit: Visit):
    (full,) = [log["attributes"] for log in visit.logs if "exception.type" in log["attributes"]]
    assert full["exception.type"] == visit.shop.exception_type
    assert _MESSAGE.fullmatch(full["exception.message"])
    stacktrace = full["exception.stacktrace"]
    assert "Traceback (most recent call last):" in stacktrace
    assert "in charge" in stacktrace
    assert "GatewayTimeout: no answer about 900.00 from card " in stacktrace
    assert "The above exception was the direct cause of the following exception:" in stacktrace
    assert f"{visit.shop.exception_type}: gateway refused card " in stacktrace
    assert re.fullmatch("[0-9a-f]{16}", full["logcapy.exception.fingerprint"])
    for log in _failures(visit.logs):
        attributes = log["attributes"]
        assert attributes["logcapy.exception.fingerprint"] == full["logcapy.exception.fingerprint"]
        if attributes is not full:
            assert attributes["logcapy.exception.reference"] == full["log.record.uid"]
            assert not [name for name in attributes if name.startswith("exception.")]


def test_every_record_of_the_failure_tells_of_its_request(visit: Visit):
    failures = _failures(visit.logs)
    assert failures
    for log in failures:
        told = {key: log["attributes"].get(key) for key in _REQUEST_ATTRIBUTES}
        assert told == {
            "http.request.method": "POST",
            "http.route": visit.shop.route,
            "url.path": f"/orders/{visit.customer.order_id}/payment",
            "client.address": "127.0.0.1",
        }, log


def test_the_failed_span_still_says_that_it_failed(visit: Visit):
    assert visit.server_span("failed")["status_code"] == "ERROR"


def test_neither_card_nor_token_nor_address_is_in_anything_that_was_sent(visit: Visit):
    assert not _CARD.search(visit.raw), _around(visit.raw, _CARD.search(visit.raw))
    token = re.compile(visit.customer.token.encode())
    assert not token.search(visit.raw), _around(visit.raw, token.search(visit.raw))
    email = re.compile(EMAIL.encode())
    assert not email.search(visit.raw), _around(visit.raw, email.search(visit.raw))


def test_info_records_of_the_application_arrive_with_their_fields_and_the_trace_of_their_request(visit: Visit):
    (placed,) = [log for log in visit.of_logger(visit.shop.logger) if log["body"] == "order placed"]
    assert placed["severity_text"] == "INFO"
    assert placed["attributes"]["order_id"] == visit.customer.order_id
    assert placed["attributes"]["total"] == 12.0
    assert placed["trace_id"] == visit.customer.trace_ids["order"]
    (charging, _) = [log for log in visit.of_logger(visit.shop.logger) if str(log["body"]).startswith("charging card")]
    assert str(charging["body"]).endswith(f"for order {visit.customer.order_id}")


def test_records_of_the_server_arrive_each_request_once(visit: Visit):
    assert visit.shop.server_loggers <= {log["scope"] for log in visit.logs}
    requests = [log["body"] for log in visit.logs if "HTTP/1.1" in str(log["body"])]
    assert len(requests) == len(visit.customer.trace_ids), requests


def test_no_record_arrives_twice(visit: Visit):
    counts = Counter((log["scope"], log["time_unix_nano"], str(log["body"])) for log in visit.logs)
    assert [record for record, count in counts.items() if count > 1] == []


def test_the_console_shows_what_it_shows_without_telemetry(visit: Visit, tmp_path: Path):
    with open_shop(visit.shop, tmp_path) as opened:
        Customer(opened.url).visit()
        expected = console_lines(opened.close())
    shown = console_lines(visit.console)
    assert expected - shown == Counter()
    assert [line for line in shown - expected if not line.startswith(_SAID_AT_START)] == []


def test_over_grpc_the_same_arrives(collector: Collector, tmp_path: Path):
    grpc = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.grpc_endpoint}
    visit = _visit(FLASK, collector, tmp_path, **grpc)
    (failure,) = [log for log in _failures(visit.logs) if "exception.type" in log["attributes"]]
    assert failure["span_id"] == visit.server_span("failed")["span_id"]
    assert failure["attributes"]["http.route"] == FLASK.route
    assert visit.shop.server_loggers <= {log["scope"] for log in visit.logs}
    test_neither_card_nor_token_nor_address_is_in_anything_that_was_sent(visit)


@pytest.mark.parametrize("shop", SHOPS, ids=lambda shop: shop.name)
def test_with_an_absent_collector_a_shop_serves_and_ends_in_time(shop: Shop, tmp_path: Path):
    telemetry = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_BLRP_SCHEDULE_DELAY": "200",
        "OTEL_TRACES_EXPORTER": "none",  # the stock exporters of the other signals have their own idea of an end
        "OTEL_METRICS_EXPORTER": "none",
    }
    with open_shop(shop, tmp_path, telemetry) as opened:
        start = time.monotonic()
        Customer(opened.url).visit()
        assert time.monotonic() - start < 3
        time.sleep(1)  # by now an export is being retried
        start = time.monotonic()
        opened.process.terminate(30)
        # gunicorn ends its worker, then itself: twice the shutdown timeout at most.
        assert time.monotonic() - start < 2 * LogCapyConfig().shutdown_timeout / 1000 + 1, str(opened.process)


def _around(text: bytes, match: re.Match[bytes] | None) -> bytes:
    return text[max(0, match.start() - 300) : match.end() + 100] if match else b""
