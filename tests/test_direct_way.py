"""The direct way from a logging call to the queue gives the records that the SDK's way gives."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.context import Context
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider, LogRecordLimits, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

import logcapy
from logcapy.capture.logging_draft import emit_draft
from logcapy.capture.stdlib import LogCapyHandler
from logcapy.export.otlp import encode_logs
from logcapy.exporter import PayloadExporter
from logcapy.types import Delivered, Outcome, Payload, Record


class Keeping(PayloadExporter):
    """Keeps what it is given to send, decoded."""

    def __init__(self) -> None:
        super().__init__(timeout_seconds=5)
        self.requests: list[Any] = []

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        return encode_logs(records)

    def send(self, payload: Payload, deadline: float) -> Outcome:
        self.requests.append(MessageToDict(ExportLogsServiceRequest.FromString(payload.body)))
        return Delivered()

    def records(self) -> list[dict[str, Any]]:
        found = [
            {
                **record,
                "scope": scope["scope"]["name"],
                "resource": resource["resource"],
                "attributes": sorted(record.get("attributes", ()), key=lambda pair: str(pair.get("key"))),
            }
            for request in self.requests
            for resource in request["resourceLogs"]
            for scope in resource["scopeLogs"]
            for record in scope["logRecords"]
        ]
        for record in found:
            del record["observedTimeUnixNano"]
        return found


class Sibling(LogRecordProcessor):
    """Does nothing; that it is there closes the direct way."""

    seen = 0

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        self.seen += 1

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return True


class Way:
    """A provider with LogCapy's processor, alone or beside another one."""

    def __init__(self, *siblings: LogRecordProcessor, limits: LogRecordLimits | None = None) -> None:
        self.exporter = Keeping()
        self.provider = LoggerProvider(Resource.create({"service.name": "shop"}), False, log_record_limits=limits)
        self.processor = logcapy.LogCapyLogRecordProcessor(self.exporter)
        for one in (self.processor, *siblings):
            self.provider.add_log_record_processor(one)
        self.handler = LogCapyHandler(logger_provider=self.provider)

    def emit(self, record: logging.LogRecord) -> dict[str, Any]:
        self.handler.emit(record)
        assert self.processor.force_flush(5000)
        (found,) = self.exporter.records()
        self.exporter.requests.clear()
        return found


@pytest.fixture(scope="module")
def direct() -> Iterator[Way]:
    way = Way()
    yield way
    way.provider.shutdown()


@pytest.fixture(scope="module")
def beside() -> Iterator[Way]:
    way = Way(Sibling())
    yield way
    way.provider.shutdown()


def a_record(message: object = "x", *args: object, level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    return logging.getLogger("shop").makeRecord("shop", level, "/a/b.py", 7, message, args, None, "f", extra)


@contextmanager
def a_request() -> Iterator[None]:
    spans = TracerProvider(shutdown_on_exit=False)
    spans.add_span_processor(logcapy.LogCapySpanProcessor())
    attributes = {"http.method": "POST", "http.route": "/orders/{id}", "http.target": "/orders/7?token=x"}
    tracer = spans.get_tracer("t")
    with tracer.start_as_current_span("POST", kind=SpanKind.SERVER, attributes=attributes), tracer.start_span("inner"):
        yield


plain = st.one_of(
    st.text(max_size=30),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.binary(max_size=10),
    st.sampled_from(["4111 1111 1111 1111", "alice@example.com", "password=hunter2", 4111111111111111, "x" * 1500]),
)
keys = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["order_id", "password", "code.line.number", "http.route", "event.name", "otel.event.name", "who"]),
)
taken = set(vars(a_record())) | {"message", "asctime"}


@given(
    message=st.one_of(st.text(max_size=40), st.sampled_from(["%s", "order %s for %s", "%d", "a\nb", "token=%s"])),
    arguments=st.lists(plain, max_size=3),
    extra=st.dictionaries(keys.filter(lambda key: key not in taken), plain, max_size=5),
    level=st.sampled_from([0, 5, 10, 20, 21, 30, 40, 50, 70]),
    bound=st.dictionaries(keys, plain, max_size=2),
    in_request=st.booleans(),
)
def test_both_ways_give_the_same_record(
    direct: Way,
    beside: Way,
    message: str,
    arguments: list[object],
    extra: dict[str, object],
    level: int,
    bound: dict[str, object],
    in_request: bool,
) -> None:
    record = a_record(message, *arguments, level=level, **extra)
    with logcapy.context(**bound):
        if in_request:
            with a_request():
                results = direct.emit(record), beside.emit(record)
        else:
            results = direct.emit(record), beside.emit(record)
    assert results[0] == results[1]


def test_the_usual_record_takes_the_direct_way() -> None:
    way, sibling = Way(), Sibling()
    way.handler.emit(a_record("order %s", 7, total=12.5))
    assert way.handler.listener.way is not None
    assert emit_draft(a_record("order %s", 7, total=12.5), way.handler.listener.way, Context())
    way.provider.add_log_record_processor(sibling)
    way.handler.emit(a_record("order %s", 7, total=12.5))
    assert sibling.seen == 1
    assert way.handler.listener.way.taker() is None
    way.provider.shutdown()


@pytest.mark.parametrize(
    "record",
    [
        a_record("%s", ["a list"]),
        a_record("%(a)s", {"a": 1}),
        a_record(object()),
        a_record("x", items=[1]),
        a_record("x", **{"exception.stacktrace": "Traceback"}),
        a_record("x", **{f"a{number}": number for number in range(126)}),
    ],
    ids=["mutable argument", "mapping argument", "no text", "mutable extra", "told exception", "over the limit"],
)
def test_what_may_change_or_is_not_usual_is_no_draft(direct: Way, record: logging.LogRecord) -> None:
    direct.emit(a_record("find the way"))
    assert direct.handler.listener.way is not None
    assert not emit_draft(record, direct.handler.listener.way, Context())


def test_the_records_of_one_place_may_have_other_extras_each_time(direct: Way, beside: Way) -> None:
    for extra in ({"a": 1, "b": "x"}, {"a": 2, "c": 3}, {"b": 4}, {}, {"a": 5, "b": 6, "c": 7}, {"c": 8, "a": 9}):
        record = a_record(**extra)
        assert direct.emit(record) == beside.emit(record), extra


def test_what_a_later_handler_changes_on_the_record_is_not_seen(direct: Way) -> None:
    record = a_record("order %s", 7, total=1)
    direct.handler.emit(record)
    record.msg, record.args, record.levelname = "changed", (), "\x1b[1mINFO"
    vars(record)["total"] = 2
    direct.processor.force_flush(5000)
    (found,) = direct.exporter.records()
    direct.exporter.requests.clear()
    assert found["body"] == {"stringValue": "order 7"}
    assert found["severityText"] == "INFO"
    assert {"key": "total", "value": {"intValue": "1"}} in found["attributes"]


def test_arguments_that_do_not_fit_are_told_as_on_the_sdks_way(direct: Way, beside: Way) -> None:
    record = a_record("%d of %d", "seven")
    told = direct.emit(record)
    assert told == beside.emit(record)
    assert told["body"]["stringValue"].startswith("%d of %d <arguments could not be formatted: TypeError")


def test_an_own_way_of_formatting_is_kept(direct: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.LogRecord, "getMessage", lambda self: self.msg.format(*self.args))
    assert direct.emit(a_record("order {}", 7))["body"] == {"stringValue": "order 7"}


def test_a_limit_on_the_length_of_values_closes_the_direct_way() -> None:
    way = Way(limits=LogRecordLimits(max_log_record_attribute_length=3))
    found = way.emit(a_record("x", who="longer"))
    assert {"key": "who", "value": {"stringValue": "lon"}} in found["attributes"]
    way.provider.shutdown()


def test_a_logger_that_the_configurator_switches_off_is_silent() -> None:
    way = Way()
    way.emit(a_record("seen"))
    way.provider._set_logger_configurator(logger_configurator=lambda scope: type("Off", (), {"is_enabled": False})())
    way.handler.emit(a_record("not seen"))
    assert way.processor.force_flush(5000)
    assert way.exporter.records() == []
    assert way.processor.stats().emitted == 1
    way.provider.shutdown()
