"""What enrichers add to records, from spans of old and new names and from requests."""

from __future__ import annotations

import copy
import logging
import pickle
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk._logs import LoggerProvider, LogRecordLimits, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, Tracer, set_span_in_context, use_span

from logcapy import config
from logcapy.capture.spans import LogCapySpanProcessor
from logcapy.process.context import bind, clear, context
from logcapy.process.enrich import ContextEnricher, RequestEnricher, request_attributes
from logcapy.process.enrichers import OWN
from logcapy.process.request import AsgiRequest, WsgiRequest, new_request
from logcapy.process.serving import current_request

_OLD = {
    "http.method": "GET",
    "http.url": "http://shop:8000/orders/7?token=secret",
    "http.scheme": "http",
    "http.route": "/orders/{id}",
    "net.peer.ip": "10.0.0.9",
    "http.user_agent": "shop/1.0",
    "net.host.name": "shop:8000",
    "http.status_code": 200,
    "http.flavor": "1.1",
}
_STABLE = {
    "http.request.method": "GET",
    "url.path": "/orders/7",
    "url.scheme": "http",
    "http.route": "/orders/{id}",
    "client.address": "10.0.0.9",
    "user_agent.original": "shop/1.0",
    "server.address": "shop",
    "http.response.status_code": 200,
}


@pytest.fixture(autouse=True)
def nothing_current() -> Iterator[None]:
    clear()
    yield
    clear()
    assert current_request.get() is None


@pytest.fixture
def tracer() -> Tracer:
    return _tracer_provider().get_tracer("tests")


def _tracer_provider(**kwargs: Any) -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False, **kwargs)
    provider.add_span_processor(LogCapySpanProcessor())
    return provider


def _record(attributes: Any = None, context: Context | None = None) -> ReadWriteLogRecord:
    return ReadWriteLogRecord(LogRecord(body="x", attributes=attributes, context=context))


def _enriched(attributes: Any = None, context: Context | None = None) -> dict[str, Any]:
    record = _record(attributes, context)
    RequestEnricher()(record)
    return dict(record.log_record.attributes or {})


def _asgi(**scope: Any) -> AsgiRequest:
    request = new_request({"type": "http", "method": "GET", "path": "/orders/7", **scope}, AsgiRequest)
    assert isinstance(request, AsgiRequest)
    return request


def test_the_enrichers_are_those_that_the_configuration_knows() -> None:
    assert tuple(OWN) == config.ENRICHERS


def test_old_names_become_stable_ones_and_the_query_is_left_out(tracer: Tracer) -> None:
    with tracer.start_as_current_span("GET", kind=SpanKind.SERVER, attributes=_OLD):
        assert _enriched() == _STABLE


def test_stable_names_stay_and_count_more_than_old_ones(tracer: Tracer) -> None:
    attributes = {**_OLD, **_STABLE, "http.method": "POST", "net.peer.ip": "10.0.0.1", "url.query": "token=secret"}
    with tracer.start_as_current_span("GET", kind=SpanKind.SERVER, attributes=attributes):
        assert _enriched() == _STABLE


@pytest.mark.parametrize(
    ("name", "value", "stable", "expected"),
    [
        ("http.target", "/orders?token=secret", "url.path", "/orders"),
        ("http.target", "//orders?token=secret", "url.path", "//orders"),
        ("http.url", "https://u:p@shop/orders?token=secret#x", "url.path", "/orders"),
        ("http.url", "https://[broken/orders?token=secret", "url.path", "https://[broken/orders"),
        ("http.client_ip", "10.0.0.9", "client.address", "10.0.0.9"),
        ("net.sock.peer.addr", "10.0.0.9", "client.address", "10.0.0.9"),
        ("http.server_name", "shop:80", "server.address", "shop"),
        ("http.host", "[::1]:80", "server.address", "::1"),
        ("http.host", "::1", "server.address", "::1"),
        ("http.user_agent", "x" * 5000, "user_agent.original", "x" * 1024),
    ],
)
def test_each_old_name_has_its_stable_one(tracer: Tracer, name: str, value: str, stable: str, expected: str) -> None:
    with tracer.start_as_current_span("GET", kind=SpanKind.SERVER, attributes={name: value}):
        assert _enriched() == {stable: expected}


def test_a_child_span_knows_the_request_of_its_server_span_also_after_the_end(tracer: Tracer) -> None:
    with (
        tracer.start_as_current_span("GET", kind=SpanKind.SERVER, attributes=_OLD),
        tracer.start_as_current_span("query"),
        tracer.start_as_current_span("connect") as span,
    ):
        assert _enriched() == _STABLE
    assert _enriched(context=set_span_in_context(span)) == _STABLE


def test_a_span_that_is_not_under_a_server_span_knows_no_request(tracer: Tracer) -> None:
    with tracer.start_as_current_span("job", attributes=_OLD):
        assert _enriched() == {}


def test_what_the_span_learns_later_is_seen_in_later_records(tracer: Tracer) -> None:
    with tracer.start_as_current_span("GET", kind=SpanKind.SERVER, attributes={"http.method": "GET"}) as span:
        assert _enriched() == {"http.request.method": "GET"}
        span.set_attribute("http.route", "/a")
        span.set_attribute("net.peer.ip", "10.0.0.9")
        assert _enriched() == {"http.request.method": "GET", "http.route": "/a", "client.address": "10.0.0.9"}
        span.set_attribute("http.status_code", 404)
        assert _enriched()["http.response.status_code"] == 404


def test_the_request_tells_what_the_span_does_not_know_and_the_span_counts_more(tracer: Tracer) -> None:
    headers = [(b"user-agent", b"shop/1.0"), (b"host", b"elsewhere"), (b"x-request-id", b"r-1")]
    with (
        _asgi(headers=headers, client=("10.0.0.1", 5)),
        tracer.start_as_current_span(
            "GET", kind=SpanKind.SERVER, attributes={"url.path": "/a", "server.address": "shop"}
        ),
    ):
        assert _enriched() == {
            "http.request.method": "GET",
            "url.path": "/a",
            "client.address": "10.0.0.1",
            "server.address": "shop",
            "user_agent.original": "shop/1.0",
            "http.request.header.x-request-id": ("r-1",),
        }


def test_a_request_that_is_not_sampled_is_known_all_the_same() -> None:
    tracer = _tracer_provider(sampler=ALWAYS_OFF).get_tracer("tests")
    with _asgi(), tracer.start_as_current_span("GET", kind=SpanKind.SERVER, attributes=_OLD):
        assert _enriched() == {"http.request.method": "GET", "url.path": "/orders/7"}


def test_what_the_record_says_itself_wins(tracer: Tracer) -> None:
    own = {"http.route": "mine", "order_id": 8}
    with tracer.start_as_current_span("GET", kind=SpanKind.SERVER, attributes=_OLD), context(order_id=7, user="a"):
        assert _enriched(own) == {**_STABLE, **own}
        record = _record(own)
        ContextEnricher()(record)
        assert dict(record.log_record.attributes or {}) == {**own, "user": "a"}


@pytest.mark.parametrize("attributes", [None, {}, {"own": 1}])
def test_attributes_may_be_missing_or_plain_and_a_plain_dict_that_others_share_is_not_changed(
    attributes: dict[str, Any] | None,
) -> None:
    before = copy.deepcopy(attributes)
    record = _record()
    record.log_record.attributes = attributes
    bind(order_id=7, own=2)
    ContextEnricher()(record)
    assert record.log_record.attributes == {"order_id": 7, "own": 2, **(attributes or {})}
    assert attributes == before


def test_bounded_attributes_keep_what_they_have_and_count_what_has_no_room(
    caplog: pytest.LogCaptureFixture,
) -> None:
    limits = LogRecordLimits(max_log_record_attributes=2)
    record = ReadWriteLogRecord(LogRecord(body="x", attributes={"own": 1}), limits=limits)
    bind(a=1, b=2, own=3)
    with caplog.at_level(logging.WARNING):
        ContextEnricher()(record)
    attributes = record.log_record.attributes
    assert isinstance(attributes, BoundedAttributes)
    assert dict(attributes) == {"own": 1, "a": 1}
    assert record.dropped_attributes == 1
    assert caplog.records == []


def test_an_empty_context_of_a_record_means_no_span(tracer: Tracer) -> None:
    record = _record()
    with tracer.start_as_current_span("GET", kind=SpanKind.SERVER, attributes=_OLD):
        record.log_record.context = Context()
        RequestEnricher()(record)
        assert dict(record.log_record.attributes or {}) == {}
        record.log_record.context = None
        RequestEnricher()(record)
        assert dict(record.log_record.attributes or {}) == _STABLE


def test_in_another_thread_the_context_of_the_record_still_leads_to_the_request(tracer: Tracer) -> None:
    found = []
    with (
        _asgi(client=("10.0.0.1", 5)),
        tracer.start_as_current_span("GET", kind=SpanKind.SERVER, attributes={"url.path": "/a"}) as span,
    ):
        _enriched()
        context = set_span_in_context(span)
        thread = threading.Thread(target=lambda: found.append(_enriched(context=context)))
        thread.start()
        thread.join()
    assert found == [{"url.path": "/a", "http.request.method": "GET", "client.address": "10.0.0.1"}]


def test_a_request_gives_nothing_to_the_server_span_of_another(tracer: Tracer) -> None:
    mine = tracer.start_span("GET", kind=SpanKind.SERVER, attributes={"url.path": "/mine"})
    other = tracer.start_span("GET", kind=SpanKind.SERVER, attributes={"url.path": "/other"})
    with _asgi(client=("10.0.0.1", 5)):
        assert _enriched(context=set_span_in_context(mine))["client.address"] == "10.0.0.1"
        assert _enriched(context=set_span_in_context(other)) == {"url.path": "/other"}


def test_a_route_that_the_framework_finds_later_is_seen_in_later_records() -> None:
    request = _asgi()
    with request:
        assert "http.route" not in _enriched()
        request.find_route = lambda: "/orders/{id}"
        assert _enriched()["http.route"] == "/orders/{id}"


def test_a_span_that_begins_without_attributes_is_seen_to_learn_them_where_the_route_is_known(tracer: Tracer) -> None:
    request = _asgi()
    request.find_route = lambda: "/orders/{id}"
    with request, tracer.start_as_current_span("GET", kind=SpanKind.SERVER) as span:
        assert "http.response.status_code" not in _enriched()
        span.set_attribute("http.request.method", "GET")
        span.set_attribute("http.response.status_code", 404)
        assert _enriched()["http.response.status_code"] == 404


def test_once_the_route_is_known_nothing_of_the_request_is_read_again() -> None:
    read = []

    def find_route() -> str:
        read.append("route")
        return "/orders/{id}"

    request = _asgi()
    request.find_route = find_route
    with request:
        assert _enriched() == _enriched()
    assert read == ["route"]


def test_headers_are_kept_short(tracer: Tracer) -> None:
    with _asgi(headers=[(b"x-request-id", b"r" * 5000), (b"user-agent", b"u" * 5000)]):
        found = _enriched()
    assert found["http.request.header.x-request-id"] == ("r" * 1024,)
    assert found["user_agent.original"] == "u" * 1024


def test_request_attributes_can_be_asked_for_a_span_a_request_or_neither(tracer: Tracer) -> None:
    span = tracer.start_span("GET", kind=SpanKind.SERVER, attributes=_OLD)
    request = WsgiRequest({"REQUEST_METHOD": "PUT", "PATH_INFO": "/a", "HTTP_X_REQUEST_ID": "r-1"})
    assert request_attributes(None, None) == {}
    assert request_attributes(span, None) == _STABLE
    assert request_attributes(None, request)["http.request.method"] == "PUT"
    assert request_attributes(span, request) == {**_STABLE, "http.request.header.x-request-id": ("r-1",)}
    request_attributes(span, request).clear()
    assert request_attributes(span, request)["http.route"] == "/orders/{id}"


def test_an_exception_that_has_left_its_request_can_still_be_pickled_and_copied() -> None:
    error = RuntimeError("no money")
    with pytest.raises(RuntimeError), _asgi(unpicklable=threading.Lock()):
        raise error
    assert repr(pickle.loads(pickle.dumps(error))) == repr(copy.deepcopy(error)) == repr(error)


def test_an_enricher_alone_on_a_provider_edits_for_the_processors_after_it() -> None:
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(ContextEnricher())
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    with context(order_id=7):
        provider.get_logger("tests").emit(LogRecord(body="x"))
    (data,) = exporter.get_finished_logs()
    assert dict(data.log_record.attributes or {}) == {"order_id": 7}
    assert all(isinstance(make(config.LogCapyConfig()), LogRecordProcessor) for make in OWN.values())
    assert provider.force_flush()
    provider.shutdown()


def test_an_enricher_that_fails_lets_the_record_go_on_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    request = _asgi()
    request.find_route = lambda: [][0]
    record = _record({"own": 1})
    with request:
        RequestEnricher().on_emit(record)
    assert dict(record.log_record.attributes or {}) == {"own": 1}
    assert "RequestEnricher failed, the record goes on without it: IndexError" in capsys.readouterr().err


def test_a_span_that_is_used_after_its_end_is_still_the_records_span(tracer: Tracer) -> None:
    span = tracer.start_span("GET", kind=SpanKind.SERVER, attributes=_OLD)
    span.end()
    with use_span(span):
        assert _enriched() == _STABLE
