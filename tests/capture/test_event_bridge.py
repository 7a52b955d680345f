"""Events that are log records, on their spans."""

from __future__ import annotations

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.context import Context
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import Span, TracerProvider
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan, set_span_in_context

from logcapy.capture.event_bridge import EventToSpanEventBridge


@pytest.fixture
def exporter() -> InMemoryLogRecordExporter:
    return InMemoryLogRecordExporter()


@pytest.fixture
def span() -> Span:
    span = TracerProvider(shutdown_on_exit=False).get_tracer("test").start_span("pay")
    assert isinstance(span, Span)
    return span


def emit(exporter: InMemoryLogRecordExporter, record: LogRecord) -> None:
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(EventToSpanEventBridge())
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    provider.get_logger("shop").emit(record)


def test_an_event_is_copied_with_name_time_and_attributes_and_goes_on(
    exporter: InMemoryLogRecordExporter, span: Span
) -> None:
    record = LogRecord(
        timestamp=5, event_name="cart.emptied", attributes={"items": 7}, context=set_span_in_context(span, Context())
    )
    emit(exporter, record)
    (event,) = span.events
    assert (event.name, event.timestamp, dict(event.attributes or {})) == ("cart.emptied", 5, {"items": 7})
    (sent,) = exporter.get_finished_logs()
    assert (sent.log_record.event_name, dict(sent.log_record.attributes or {})) == ("cart.emptied", {"items": 7})


def test_without_a_time_of_its_own_it_has_the_observed_one(exporter: InMemoryLogRecordExporter, span: Span) -> None:
    emit(exporter, LogRecord(observed_timestamp=9, event_name="x", context=set_span_in_context(span, Context())))
    assert [event.timestamp for event in span.events] == [9]


@pytest.mark.parametrize("case", ["no name", "no span", "other ids", "ended"])
def test_what_is_no_event_of_a_recording_span_is_not_copied(
    exporter: InMemoryLogRecordExporter, span: Span, case: str
) -> None:
    parent = NonRecordingSpan(INVALID_SPAN_CONTEXT) if case == "no span" else span
    record = LogRecord(event_name=None if case == "no name" else "x", context=set_span_in_context(parent, Context()))
    if case == "other ids":
        record.span_id = 1
    if case == "ended":
        span.end()
    emit(exporter, record)
    assert span.events == ()
    assert len(exporter.get_finished_logs()) == 1


def test_it_never_raises_into_the_application(span: Span, capsys: pytest.CaptureFixture[str]) -> None:
    bridge: LogRecordProcessor = EventToSpanEventBridge()
    record = ReadWriteLogRecord(LogRecord(event_name="x", context=set_span_in_context(span, Context())))
    span.add_event = None  # type: ignore[assignment,method-assign]
    bridge.on_emit(record)
    assert "an event could not be shown on its span" in capsys.readouterr().err
