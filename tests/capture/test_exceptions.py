"""What a record tells of an exception."""

from __future__ import annotations

import logging
import re
import uuid
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry._logs import LogRecord
from opentelemetry.context import Context
from opentelemetry.sdk._logs import LoggerProvider, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider

from logcapy.capture.exceptions import ExceptionProcessor
from logcapy.capture.handing_on import HandedOn, attach_exception
from logcapy.capture.sightings import note_sighting
from logcapy.capture.spans import LogCapySpanProcessor
from logcapy.capture.stdlib import LogCapyHandler
from logcapy.processor import LogCapyLogRecordProcessor

from .observed import Observed


class PaymentError(Exception):
    """An error of an application."""


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:
        return caught


def test_attributes_that_the_user_set_win() -> None:
    record = LogRecord(attributes={"exception.message": "mine"})
    attach_exception(record, raised(PaymentError("theirs")))
    assert record.attributes is not None
    assert record.attributes["exception.message"] == "mine"
    assert record.attributes["exception.type"] == f"{__name__}.PaymentError"


def test_what_another_handler_wrote_from_args_is_set_right_from_the_exception_being_handled() -> None:
    record = ReadWriteLogRecord(
        LogRecord(
            attributes={
                "exception.type": "FileNotFoundError",
                "exception.message": "2",
                "exception.stacktrace": "Traceback ...",
                "order_id": 7,
            }
        )
    )
    try:
        raise FileNotFoundError(2, "No such file", "/nowhere")
    except FileNotFoundError:
        ExceptionProcessor().on_emit(record)
    attributes = dict(record.log_record.attributes or {})
    assert attributes["exception.message"] == "[Errno 2] No such file: '/nowhere'"
    assert "in test_what_another_handler" in str(attributes["exception.stacktrace"])
    assert attributes["order_id"] == 7


def test_a_record_after_the_span_has_ended_gets_the_trace_its_exception_was_seen_in() -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(LogCapySpanProcessor())
    tracer = provider.get_tracer("test")
    error = PaymentError("declined")
    with (
        pytest.raises(PaymentError),
        tracer.start_as_current_span("request", kind=trace.SpanKind.SERVER) as server,
        tracer.start_as_current_span("child"),
    ):
        raise error
    record = LogRecord(context=Context())
    attach_exception(record, error)
    assert (record.trace_id, record.span_id) == (server.get_span_context().trace_id, server.get_span_context().span_id)
    assert trace.get_current_span(record.context) is server


def test_a_record_with_a_trace_keeps_it() -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    tracer = provider.get_tracer("test")
    error = PaymentError()
    note_sighting(error, tracer.start_span("first"))
    with tracer.start_as_current_span("second") as second:
        record = LogRecord()
        attach_exception(record, error)
    assert record.span_id == second.get_span_context().span_id


def processed(record: LogRecord, **options: Any) -> dict[str, Any]:
    ExceptionProcessor(**options).on_emit(ReadWriteLogRecord(record))
    return dict(record.attributes or {})


def test_a_record_tells_type_message_stack_fingerprint_and_has_an_id() -> None:
    told = processed(LogRecord(exception=raised(PaymentError("declined"))))
    assert told["exception.type"] == f"{__name__}.PaymentError"
    assert told["exception.message"] == "declined"
    assert "in raised" in told["exception.stacktrace"]
    assert re.fullmatch("[0-9a-f]{16}", told["logcapy.exception.fingerprint"])
    assert str(uuid.UUID(told["log.record.uid"])) == told["log.record.uid"]
    assert "logcapy.exception.variables" not in told


def test_variables_are_told_where_that_is_wanted() -> None:
    told = processed(LogRecord(exception=raised(PaymentError("declined"))), with_variables=True)
    (frame,) = told["logcapy.exception.variables"]
    assert frame.startswith(f"raised at {__file__}:")


def test_what_the_sdk_made_of_a_huge_exception_is_cut() -> None:
    huge = {"exception.type": "X", "exception.message": "m" * 10**6, "exception.stacktrace": "s" * 10**6}
    told = processed(LogRecord(attributes=huge, exception=PaymentError()))
    assert len(told["exception.message"]) < 20_000
    assert len(told["exception.stacktrace"]) < 70_000
    assert told["logcapy.truncated"] is True


def test_a_handler_before_stock_processors_tells_the_exception_in_full() -> None:
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    logger = logging.Logger("shop")
    logger.addHandler(LogCapyHandler(logger_provider=provider))
    logger.error("failed", exc_info=raised(PaymentError("declined")))
    (record,) = exporter.get_finished_logs()
    told = dict(record.log_record.attributes or {})
    assert told["exception.message"] == "declined"
    assert "in raised" in str(told["exception.stacktrace"])
    held = vars(record.log_record).values()
    assert not [value for value in held if isinstance(value, (BaseException, HandedOn))], "while it waits to be sent"


def test_what_the_sdk_wrote_is_taken_off_a_record_that_refers_to_another() -> None:
    observed = Observed()
    error = raised(PaymentError("declined"))
    logger = observed.logger_provider.get_logger("shop")
    for _ in range(2):
        logger.emit(body="failed", exception=error, attributes={"order_id": 7})
    (full,), (reference,) = observed.full, observed.references
    assert dict(reference.attributes or {}) == {
        "order_id": 7,
        "logcapy.exception.fingerprint": (full.attributes or {})["logcapy.exception.fingerprint"],
        "logcapy.exception.reference": (full.attributes or {})["log.record.uid"],
    }


def test_a_stock_processor_behind_logcapys_still_sees_the_exception_in_full() -> None:
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(LogCapyLogRecordProcessor(InMemoryLogRecordExporter()))
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    logger = logging.Logger("shop")
    logger.addHandler(LogCapyHandler(logger_provider=provider))
    logger.error("failed", exc_info=raised(PaymentError("declined")))
    (record,) = exporter.get_finished_logs()
    assert "in raised" in str((record.log_record.attributes or {})["exception.stacktrace"])


def test_the_text_of_an_exception_is_made_once_however_often_it_is_logged() -> None:
    class Counting(Exception):
        texts = 0

        def __str__(self) -> str:
            Counting.texts += 1
            return "counted"

    observed = Observed()
    error = raised(Counting())
    observed.log.error("failed", exc_info=error)
    before = Counting.texts
    for _ in range(5):
        observed.log.error("failed", exc_info=error)
    assert Counting.texts == before
    assert len(observed.records) == 6


def test_no_record_that_was_emitted_holds_its_exception() -> None:
    observed = Observed()
    observed.log.error("failed", exc_info=raised(PaymentError("declined")))
    (record,) = observed.records
    assert not [value for value in vars(record).values() if isinstance(value, (BaseException, HandedOn))]


def test_a_record_in_a_recording_span_adds_the_span_event_once_and_without_secrets() -> None:
    observed = Observed()
    with observed.tracer.start_as_current_span("pay"):
        try:
            raise PaymentError("card 4111 1111 1111 1111 refused")
        except PaymentError:
            observed.log.exception("failed")
            observed.log.exception("failed, again")
    (event,) = observed.events("pay")
    assert event["exception.message"] == "card [REDACTED] refused"
    assert event["exception.type"] == f"{__name__}.PaymentError"
    assert "4111 1111" not in str(event)


def test_a_span_that_has_the_event_already_gets_no_second_one() -> None:
    observed = Observed()
    with observed.tracer.start_as_current_span("pay") as span:
        error = raised(PaymentError("declined"))
        span.record_exception(error)
        observed.log.error("failed", exc_info=error)
    assert len(observed.events("pay")) == 1


def test_each_of_several_like_exceptions_that_are_logged_has_its_event_and_record() -> None:
    observed = Observed()
    with observed.tracer.start_as_current_span("pay"):
        for _ in range(3):
            observed.log.error("attempt failed", exc_info=raised(PaymentError("declined")))
    assert len(observed.events("pay")) == 3
    assert len(observed.full) == 3


def test_with_logs_only_no_span_event_is_added() -> None:
    observed = Observed(exception_signal="logs")
    with observed.tracer.start_as_current_span("pay"):
        observed.log.error("failed", exc_info=raised(PaymentError("declined")))
    assert observed.events("pay") == []
