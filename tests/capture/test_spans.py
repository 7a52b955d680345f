"""What LogCapy does to spans."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from logcapy._server_span import server_span_of
from logcapy.capture.spans import LogCapySpanProcessor


def redact(text: str) -> str:
    return text.replace("4111", "[REDACTED]")


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))  # added first, and sends at once
    provider.add_span_processor(LogCapySpanProcessor(redact))
    return provider


def test_exception_events_and_the_status_lose_their_secrets_before_any_processor_sends_them(
    provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    with pytest.raises(ValueError, match="4111"), provider.get_tracer("test").start_as_current_span("pay"):
        raise ValueError("card 4111 refused")
    (span,) = exporter.get_finished_spans()
    assert "card 4111" not in span.to_json()
    (event,) = span.events
    assert dict(event.attributes or {})["exception.message"] == "card [REDACTED] refused"
    assert dict(event.attributes or {})["exception.type"] == "ValueError"
    assert span.status.description == "ValueError: card [REDACTED] refused"
    assert not span.status.is_ok


class Agreeable(str):
    """A text that is hostile: it equals whatever it is compared with."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


def test_a_text_that_equals_its_redaction_is_redacted_all_the_same(
    provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    with provider.get_tracer("test").start_as_current_span("pay") as span:
        span.add_event("exception", {"exception.message": Agreeable("card 4111 refused")})
        span.set_status(StatusCode.ERROR, Agreeable("card 4111 refused"))
    (sent,) = exporter.get_finished_spans()
    assert "4111" not in str((sent.events[0].attributes or {})["exception.message"])
    assert "4111" not in str(sent.status.description)


def test_other_events_and_spans_without_events_are_left_alone(
    provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    with provider.get_tracer("test").start_as_current_span("pay") as span:
        span.add_event("cache miss", {"key": "4111"})
    (finished,) = exporter.get_finished_spans()
    assert dict(finished.events[0].attributes or {}) == {"key": "4111"}


def test_a_redactor_that_fails_does_not_reach_the_application(exporter: InMemorySpanExporter) -> None:
    def fail(text: str) -> str:
        raise RuntimeError(text)

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(LogCapySpanProcessor(fail))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with pytest.raises(ValueError, match="x"), provider.get_tracer("test").start_as_current_span("pay"):
        raise ValueError("x")
    assert len(exporter.get_finished_spans()) == 1


def test_a_child_knows_its_server_span_and_a_span_outside_a_request_knows_none(provider: TracerProvider) -> None:
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("alone") as alone:
        assert server_span_of(alone) is None
    with tracer.start_as_current_span("request", kind=SpanKind.SERVER) as server:
        assert server_span_of(server) is server
        with tracer.start_as_current_span("child"), tracer.start_as_current_span("grandchild") as grandchild:
            assert server_span_of(grandchild) is server
        with tracer.start_as_current_span("inner request", kind=SpanKind.SERVER) as inner:
            assert server_span_of(inner) is inner
