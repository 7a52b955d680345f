"""Exception events of spans become log records where no log told of the exception."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, Context, attach, detach, set_value
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from logcapy.capture.spans import LogCapySpanProcessor

from .observed import Observed

HTTP = {"http.request.method": "GET", "http.response.status_code": 500}


class PaymentError(Exception):
    """An error of an application."""


@pytest.fixture
def observed() -> Observed:
    return Observed()


@contextlib.contextmanager
def request(observed: Observed, kind: SpanKind = SpanKind.SERVER, **attributes: Any) -> Iterator[Span]:
    named = {name.replace("__", "."): value for name, value in attributes.items()}
    with (
        contextlib.suppress(PaymentError),
        observed.tracer.start_as_current_span("request", kind=kind, attributes=named) as span,
    ):
        yield span


def test_an_exception_that_nobody_logged_is_a_record_of_its_span(observed: Observed) -> None:
    with request(observed, http__request__method="GET", http__response__status_code=500):
        raise PaymentError("card 4111 1111 1111 1111 refused")
    (record,) = observed.records
    span = observed.spans["request"]
    assert span.context is not None
    assert (record.trace_id, record.span_id) == (span.context.trace_id, span.context.span_id)
    assert record.timestamp == span.events[0].timestamp
    assert record.event_name == "http.server.request.exception"
    assert record.severity_number is SeverityNumber.ERROR
    told = dict(record.attributes or {})
    assert told["exception.type"] == f"{__name__}.PaymentError"
    assert told["exception.message"] == "card [REDACTED] refused"
    assert "in test_an_exception_that_nobody_logged" in str(told["exception.stacktrace"])
    assert len(str(told["logcapy.exception.fingerprint"])) == 16
    assert told["http.request.method"] == "GET", "the record knows its request"
    assert "exception.escaped" not in told


@pytest.mark.parametrize(
    ("kind", "attributes", "event_name"),
    [
        (SpanKind.SERVER, {"http.method": "GET"}, "http.server.request.exception"),
        (SpanKind.SERVER, {"rpc.system": "grpc"}, "rpc.server.call.exception"),
        (SpanKind.SERVER, {"faas.trigger": "http", "http.method": "GET"}, "faas.invocation.exception"),
        (SpanKind.CONSUMER, {"messaging.system": "kafka"}, "messaging.process.exception"),
        (SpanKind.INTERNAL, {}, "exception"),
    ],
)
def test_an_exception_that_ends_a_local_root_is_an_error_with_the_name_of_its_kind(
    observed: Observed, kind: SpanKind, attributes: dict[str, str], event_name: str
) -> None:
    with request(observed, kind, **attributes):
        raise PaymentError
    (record,) = observed.records
    assert (record.event_name, record.severity_text) == (event_name, "ERROR")


@pytest.mark.parametrize(
    ("attributes", "event_name"),
    [
        ({"http.request.method": "GET"}, "http.client.request.exception"),
        ({"db.system.name": "postgresql"}, "db.client.operation.exception"),
        ({"rpc.system": "grpc"}, "rpc.client.call.exception"),
        ({}, "exception"),
    ],
)
def test_an_exception_of_a_client_that_the_application_handled_is_a_warning_when_the_root_ends(
    observed: Observed, attributes: dict[str, str], event_name: str
) -> None:
    with request(observed, http__response__status_code=200):
        with (
            contextlib.suppress(PaymentError),
            observed.tracer.start_as_current_span("call", kind=SpanKind.CLIENT, attributes=attributes),
        ):
            raise PaymentError
        assert observed.records == [], "the application may still log it"
    (record,) = observed.records
    assert (record.event_name, record.severity_text) == (event_name, "WARN")
    call = observed.spans["call"].context
    assert call is not None
    assert record.span_id == call.span_id


def test_an_exception_that_passed_several_spans_is_one_error_of_the_outermost(observed: Observed) -> None:
    with (
        request(observed, **HTTP) as root,
        observed.tracer.start_as_current_span("inner"),
        observed.tracer.start_as_current_span("call", kind=SpanKind.CLIENT),
    ):
        raise PaymentError
    (record,) = observed.records
    assert record.span_id == root.get_span_context().span_id
    assert (record.event_name, record.severity_text) == ("http.server.request.exception", "ERROR")
    assert [len(observed.events(name)) for name in ("request", "inner", "call")] == [1, 1, 1]


@pytest.mark.parametrize("status", [404, 403, 422])
def test_what_a_framework_answers_with_a_status_below_500_is_no_error(observed: Observed, status: int) -> None:
    with request(observed, http__request__method="GET", http__response__status_code=status) as root:
        try:
            with observed.tracer.start_as_current_span("view"):
                raise PaymentError("not found")
        except PaymentError as error:
            root.record_exception(error)
            root.set_status(Status(StatusCode.ERROR))
    assert observed.records == []


def test_a_handled_exception_on_a_span_that_did_not_fail_is_a_warning(observed: Observed) -> None:
    with request(observed, http__request__method="GET", http__response__status_code=200) as root:
        try:
            raise PaymentError
        except PaymentError as error:
            root.record_exception(error)
    (record,) = observed.records
    assert (record.event_name, record.severity_text) == ("exception", "WARN")


@pytest.mark.parametrize("at_hand", [True, False])
def test_an_exception_that_was_logged_is_not_told_again(observed: Observed, at_hand: bool) -> None:
    """Also where the span ends when the exception is no longer being handled: then the texts are compared."""
    span = observed.tracer.start_span("request", kind=SpanKind.SERVER, attributes=HTTP)
    token = attach(set_span_in_context(span))
    try:
        raise PaymentError("declined")
    except PaymentError as error:
        observed.log.exception("failed")
        span.record_exception(error)
        if at_hand:
            span.end()
    if not at_hand:
        span.end()
    detach(token)
    assert [record.body for record in observed.records] == ["failed"]
    assert len(observed.events("request")) == 1


def test_a_log_after_the_span_refers_to_the_record_of_the_span(observed: Observed) -> None:
    error = PaymentError("declined")
    with request(observed, **HTTP):
        raise error
    observed.log.error("Exception in application", exc_info=error)
    (of_span,), (of_server,) = observed.full, observed.references
    assert (of_server.trace_id, of_server.span_id) == (of_span.trace_id, of_span.span_id)
    assert (of_server.attributes or {})["logcapy.exception.reference"] == (of_span.attributes or {})["log.record.uid"]


def test_two_events_of_one_exception_on_one_span_become_one_and_other_events_stay(observed: Observed) -> None:
    with request(observed, **HTTP) as root:
        root.add_event("cache miss")
        error = PaymentError("declined")
        root.record_exception(error)
        root.record_exception(error)
        root.record_exception(PaymentError("another"))
    assert [event.name for event in observed.spans["request"].events] == ["cache miss", "exception", "exception"]
    assert [event["exception.message"] for event in observed.events("request")] == ["declined", "another"]
    assert len(observed.records) == 2


def test_with_logs_only_the_events_are_taken_off_and_other_events_stay() -> None:
    observed = Observed(exception_signal="logs")
    with request(observed, **HTTP) as root:
        root.add_event("cache miss")
        with observed.tracer.start_as_current_span("inner"):
            raise PaymentError
    assert [event.name for event in observed.spans["request"].events] == ["cache miss"]
    assert observed.events("inner") == []
    assert observed.spans["request"].status.status_code is StatusCode.ERROR
    assert len(observed.records) == 1


def test_with_logs_only_the_events_stay_where_nobody_takes_records() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(LogCapySpanProcessor(exception_signal="logs"))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with contextlib.suppress(PaymentError), provider.get_tracer("test").start_as_current_span("pay"):
        raise PaymentError
    (span,) = exporter.get_finished_spans()
    assert len(span.events) == 1


def test_a_span_that_outlives_its_root_tells_by_itself(observed: Observed) -> None:
    with request(observed, **HTTP) as root:
        task = observed.tracer.start_span("background")
    late = observed.tracer.start_span("later", context=set_span_in_context(root))
    for span in (task, late):
        span.record_exception(PaymentError(span.name))  # type: ignore[attr-defined]
        span.end()
    assert [record.body for record in observed.records] == ["exception in background", "exception in later"]


def test_a_span_whose_parent_is_in_another_process_is_a_root(observed: Observed) -> None:
    parent = NonRecordingSpan(SpanContext(5, 6, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)))
    with (
        contextlib.suppress(PaymentError),
        observed.tracer.start_as_current_span("work", context=set_span_in_context(parent, Context())),
    ):
        raise PaymentError
    (record,) = observed.records
    assert (record.trace_id, record.severity_text) == (5, "ERROR")


def test_a_root_that_goes_on_for_long_keeps_few_exceptions_waiting(observed: Observed) -> None:
    with request(observed):
        for number in range(100):
            with (
                contextlib.suppress(PaymentError),
                observed.tracer.start_as_current_span(f"turn {number}"),
            ):
                raise PaymentError(str(number))
        assert len(observed.records) == 100 - 32
    assert len(observed.records) == 100
    assert [record.severity_text for record in observed.records] == ["WARN"] * 100


def test_what_waits_keeps_no_exception_alive(observed: Observed) -> None:
    class Kept:
        pass

    with request(observed):
        with contextlib.suppress(PaymentError), observed.tracer.start_as_current_span("call"):
            kept = Kept()
            raise PaymentError(kept)
        del kept
        gc.collect()
        assert [one for one in gc.get_objects() if type(one) is Kept] == []


def test_nothing_is_told_of_spans_of_the_export_itself(observed: Observed) -> None:
    token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
    with request(observed):
        raise PaymentError
    detach(token)
    assert observed.records == []


def test_a_log_processor_that_fails_does_not_reach_the_application(
    observed: Observed, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError("broken")

    observed.logger_provider.get_logger = fail  # type: ignore[method-assign]
    with request(observed, **HTTP):
        raise PaymentError
    assert len(observed.spans) == 1


def test_an_exception_in_an_event_of_another_name_keeps_no_secret_and_is_no_record(observed: Observed) -> None:
    with request(observed, http__response__status_code=200) as root:
        root.add_event("retry", {"exception.message": "card 4111 1111 1111 1111 refused", "attempt": 1})
    (event,) = observed.spans["request"].events
    assert dict(event.attributes or {}) == {"exception.message": "card [REDACTED] refused", "attempt": 1}
    assert observed.records == []
