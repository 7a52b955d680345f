"""What a record tells of an exception."""

from __future__ import annotations

import copy
import pickle
import sys

import pytest
from opentelemetry import trace
from opentelemetry._logs import LogRecord
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadWriteLogRecord
from opentelemetry.sdk.trace import TracerProvider

from logcapy.capture.exceptions import ExceptionProcessor, attach_exception, exception_attributes, note_sighting
from logcapy.capture.spans import LogCapySpanProcessor


class PaymentError(Exception):
    """An error of an application."""


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:
        return caught


def test_type_is_qualified_message_is_the_text_and_the_stack_holds_the_cause() -> None:
    attributes = exception_attributes(raised(PaymentError("declined", 7), KeyError("card")))
    assert attributes["exception.type"] == f"{__name__}.PaymentError"
    assert attributes["exception.message"] == "('declined', 7)"
    stacktrace = attributes["exception.stacktrace"]
    assert "KeyError: 'card'" in stacktrace
    assert "direct cause" in stacktrace
    assert "in raised" in stacktrace


def test_a_builtin_exception_has_its_bare_name_and_an_os_error_its_whole_message() -> None:
    attributes = exception_attributes(raised(FileNotFoundError(2, "No such file", "/nowhere")))
    assert attributes["exception.type"] == "FileNotFoundError"
    assert attributes["exception.message"] == "[Errno 2] No such file: '/nowhere'"


def test_a_str_that_raises_is_told_and_does_not_raise() -> None:
    class Hostile(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text for you")

    attributes = exception_attributes(raised(Hostile()))
    assert attributes["exception.message"] == "<str() failed with RuntimeError>"
    assert "Hostile" in attributes["exception.stacktrace"]


def test_a_circle_of_causes_ends() -> None:
    first, second = PaymentError("a"), PaymentError("b")
    first.__cause__, second.__cause__ = second, first
    assert "PaymentError: a" in exception_attributes(first)["exception.stacktrace"]


def test_a_very_deep_recursion_is_cut_and_marked() -> None:
    def dig(depth: int) -> None:
        if depth == 0:
            raise PaymentError("bottom")
        dig(depth - 1)

    with pytest.raises(PaymentError) as caught:
        dig(sys.getrecursionlimit() - 200)
    attributes = exception_attributes(caught.value)
    assert len(attributes["exception.stacktrace"]) < 70_000
    assert attributes["logcapy.truncated"] is True
    assert "PaymentError: bottom" in attributes["exception.stacktrace"]


def test_a_very_long_message_is_cut_and_marked() -> None:
    attributes = exception_attributes(raised(PaymentError("x" * 1_000_000)))
    assert len(attributes["exception.message"]) < 20_000
    assert len(attributes["exception.stacktrace"]) < 70_000
    assert attributes["logcapy.truncated"] is True


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


def test_a_sighting_does_not_keep_an_exception_from_being_pickled_or_copied() -> None:
    error = PaymentError("declined")
    note_sighting(error, TracerProvider(shutdown_on_exit=False).get_tracer("test").start_span("x"))
    for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert str(twin) == "declined"
        attach_exception(LogRecord(context=Context()), twin)


def test_a_sighting_keeps_no_exception_alive() -> None:
    import gc
    import weakref

    error = PaymentError()
    provider = TracerProvider(shutdown_on_exit=False)
    note_sighting(error, provider.get_tracer("test").start_span("x"))
    gone = weakref.ref(error)
    del error
    gc.collect()
    assert gone() is None
