"""However often an exception is seen, one record tells it in full."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.trace import TracerProvider

from logcapy.capture import direct, emitting
from logcapy.capture.sightings import note_sighting, sighting_of

from .observed import Observed


class PaymentError(Exception):
    """An error of an application."""


def in_thread(call: Callable[[], None]) -> None:
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def without_outermost(error: Exception) -> TracebackType | None:
    return error.__traceback__.tb_next if error.__traceback__ is not None else None


class Walk:
    """One exception on its way out of nested layers, each of which sees it or raises it again."""

    LAYERS = (
        "span",
        "client span",
        "log",
        "raise",
        "raise e",
        "with_traceback",
        "stripped",
        "record",
        "thread",
        "emit",
    )
    AFTERWARDS = ("log", "emit", "thread", "three threads")

    def __init__(self, observed: Observed) -> None:
        self.observed = observed

    def fail(self, layers: tuple[str, ...], error: Exception) -> None:
        if not layers:
            raise error
        layer, rest = layers[-1], layers[:-1]
        if layer.endswith("span"):
            kinds = {"client span": trace.SpanKind.CLIENT, "server span": trace.SpanKind.SERVER}
            kind = kinds.get(layer, trace.SpanKind.INTERNAL)
            with self.observed.tracer.start_as_current_span(f"{layer} {len(rest)}", kind=kind):
                self.fail(rest, error)
            return
        try:
            self.fail(rest, error)
        except PaymentError as caught:
            if layer == "raise e":
                raise caught
            if layer == "with_traceback":
                raise caught.with_traceback(caught.__traceback__)  # noqa: B904
            if layer == "stripped":
                raise caught.with_traceback(without_outermost(caught))  # noqa: B904
            if layer != "raise":
                self.see(layer, caught)
            raise

    def see(self, how: str, error: Exception) -> None:
        if how == "log":
            self.observed.log.error("failed", exc_info=error)
        elif how == "record":
            trace.get_current_span().record_exception(error)
        elif how == "emit":
            emitting.emit_exception(error, body="uncaught", logger_name="hooks")
        elif how == "thread":
            in_thread(lambda: self.see("log", error))
        else:
            together = threading.Barrier(3)

            def log() -> None:
                together.wait()
                self.see("log", error)

            with ThreadPoolExecutor(3) as pool:
                for _ in range(3):
                    pool.submit(log)


@given(
    layers=st.lists(st.sampled_from(Walk.LAYERS), max_size=7).map(tuple),
    in_server=st.booleans(),
    afterwards=st.lists(st.sampled_from(Walk.AFTERWARDS), max_size=3),
    failures=st.integers(1, 2),
    signal=st.sampled_from(("logs", "logs/dup")),
)
@settings(max_examples=300, deadline=None)
def test_any_order_of_sightings_gives_one_full_record_and_references_to_it(
    layers: tuple[str, ...], in_server: bool, afterwards: list[str], failures: int, signal: str
) -> None:
    observed = Observed(exception_signal=signal)
    walk = Walk(observed)
    direct.emit_through(observed.logger_provider)
    try:
        for number in range(failures):
            error = PaymentError(f"failure {number}")
            with pytest.raises(PaymentError):
                walk.fail((*layers, "server span") if in_server else layers, error)
            for how in afterwards:
                walk.see(how, error)
    finally:
        direct.emit_through(None)

    spans = [layer for layer in layers if layer.endswith("span")]
    recorded = "record" in layers and (in_server or bool(spans))
    seen = in_server or bool(afterwards) or bool(spans) or bool({"log", "thread", "emit"} & set(layers)) or recorded
    assert len(observed.full) == (failures if seen else 0)
    uids = {str((one.attributes or {})["exception.message"]): (one.attributes or {}) for one in observed.full}
    assert len(uids) == len(observed.full)
    known = {told["log.record.uid"]: told["logcapy.exception.fingerprint"] for told in uids.values()}
    assert len(observed.full) + len(observed.references) == len(observed.records)
    for one in observed.references:
        attributes = one.attributes or {}
        assert known[attributes["logcapy.exception.reference"]] == attributes["logcapy.exception.fingerprint"]
        assert not [name for name in attributes if str(name).startswith("exception.")]
    for name in observed.spans:
        messages = [event["exception.message"] for event in observed.events(name)]
        if signal == "logs":
            assert messages == []
        else:
            assert len(messages) == 1, name


@pytest.fixture
def observed() -> Observed:
    return Observed()


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


def test_two_threads_that_tell_of_one_exception_at_once_give_one_full_record(observed: Observed) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(20):
            Walk(observed).see("three threads", raised(PaymentError()))
    finally:
        sys.setswitchinterval(interval)
    assert len(observed.full) == 20
    assert len(observed.references) == 40


def test_another_exception_with_the_told_one_as_cause_is_told_in_full(observed: Observed) -> None:
    try:
        try:
            raise PaymentError("first")
        except PaymentError as error:
            observed.log.exception("caught")
            raise RuntimeError("second") from error
    except RuntimeError:
        observed.log.exception("failed")
    assert [(one.attributes or {})["exception.type"] for one in observed.full] == [
        f"{__name__}.PaymentError",
        "RuntimeError",
    ]


SENTINEL = PaymentError("kept in a module")


def raise_sentinel() -> None:
    raise SENTINEL


def raise_sentinel_elsewhere() -> None:
    raise SENTINEL


def test_an_instance_that_is_raised_at_the_same_place_again_is_a_new_failure(observed: Observed) -> None:
    for _ in range(3):
        try:
            raise_sentinel()
        except PaymentError as error:
            observed.log.exception("failed")
            observed.log.error("and once more", exc_info=error)
    assert len(observed.full) == 3
    assert len(observed.references) == 3
    fingerprints = [(one.attributes or {})["log.record.uid"] for one in observed.full]
    assert len(set(fingerprints)) == 3


@pytest.mark.parametrize("logs", [False, True])
def test_an_instance_that_is_raised_in_another_trace_is_a_new_failure_in_its_own_trace(
    observed: Observed, logs: bool
) -> None:
    for raiser in (raise_sentinel, raise_sentinel_elsewhere, raise_sentinel_elsewhere, raise_sentinel):
        with suppress(PaymentError), observed.tracer.start_as_current_span("request", kind=trace.SpanKind.SERVER):
            try:
                raiser()
            except PaymentError:
                if logs:
                    observed.log.exception("in the span")
                raise
        observed.log.error("after the span", exc_info=SENTINEL)
    assert len(observed.full) == 4
    assert len({one.trace_id for one in observed.full}) == 4
    assert [one.trace_id for one in observed.references] == [one.trace_id for one in observed.full]
    uids = [(one.attributes or {})["log.record.uid"] for one in observed.full]
    assert [(one.attributes or {})["logcapy.exception.reference"] for one in observed.references] == uids


def test_an_exception_that_another_thread_hands_over_is_the_same(observed: Observed) -> None:
    def work() -> None:
        try:
            raise PaymentError("in the pool")
        except PaymentError:
            observed.log.exception("failed")
            raise

    with ThreadPoolExecutor(1) as pool, observed.tracer.start_as_current_span("request"):
        future = pool.submit(work)
        for _ in range(2):
            try:
                future.result()
            except PaymentError:
                observed.log.exception("the pool failed")
    assert len(observed.full) == 1
    assert len(observed.references) == 2


def test_repeats_are_dropped_and_counted_where_that_is_wanted() -> None:
    observed = Observed(exception_repeats="drop")
    error = raised(PaymentError())
    for _ in range(3):
        observed.log.error("failed", exc_info=error)
    observed.log.error("something else")
    assert [one.body for one in observed.records] == ["failed", "something else"]
    stats = observed.processor.stats()
    assert (stats.emitted, stats.exported, dict(stats.dropped)) == (4, 2, {"repeated": 2})


def test_that_the_process_dies_of_it_is_told_although_repeats_are_dropped() -> None:
    observed = Observed(exception_repeats="drop")
    error = raised(PaymentError())
    observed.log.error("failed", exc_info=error)
    observed.log.critical("uncaught exception", exc_info=error)
    assert [one.body for one in observed.records] == ["failed", "uncaught exception"]
    assert "exception.stacktrace" not in observed.records[1].attributes


def test_an_exception_that_has_no_dict_is_told_each_time(observed: Observed) -> None:
    class Slim(BaseException):
        __slots__ = ()

    class Hidden(Exception):
        @property
        def __dict__(self) -> Any:  # type: ignore[override]
            return None

    error = raised(Hidden())
    for _ in range(2):
        observed.log.error("failed", exc_info=error)
    assert len(observed.full) == 2
    assert observed.references == []


def test_a_record_keeps_the_id_that_it_has(observed: Observed) -> None:
    error = raised(PaymentError())
    observed.log.error("failed", exc_info=error, extra={"log.record.uid": "mine"})
    observed.log.error("failed", exc_info=error)
    assert (observed.full[0].attributes or {})["log.record.uid"] == "mine"
    assert (observed.references[0].attributes or {})["logcapy.exception.reference"] == "mine"


def test_two_processors_each_have_one_full_record() -> None:
    first, second = Observed(), Observed()
    error = raised(PaymentError())
    for one in (first, second, first, second):
        one.log.error("failed", exc_info=error)
    assert [len(one.full) for one in (first, second)] == [1, 1]
    assert [len(one.references) for one in (first, second)] == [1, 1]


def test_a_record_after_the_span_has_ended_gets_the_trace_of_the_record_before(observed: Observed) -> None:
    """Also where the span is sampled out, and no span processor sees it."""
    error = raised(PaymentError())
    ids = trace.SpanContext(7, 9, is_remote=False)
    token = attach(trace.set_span_in_context(trace.NonRecordingSpan(ids), Context()))
    observed.log.error("in the request", exc_info=error)
    detach(token)
    observed.log.error("after it", exc_info=error)
    assert [(one.trace_id, one.span_id) for one in observed.records] == [(7, 9), (7, 9)]


def test_a_sighting_does_not_keep_an_exception_from_being_pickled_or_copied(observed: Observed) -> None:
    error = raised(PaymentError("declined"))
    note_sighting(error, TracerProvider(shutdown_on_exit=False).get_tracer("test").start_span("x"))
    observed.log.error("failed", exc_info=error)
    for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert str(twin) == "declined"
        observed.log.error("failed", exc_info=twin)
    assert len(observed.full) == 3, "a copy is another exception, and its text may have come from elsewhere"


def test_neither_a_sighting_nor_a_span_nor_a_record_keeps_an_exception_alive(observed: Observed) -> None:
    gone: list[weakref.ref[PaymentError]] = []
    with observed.tracer.start_as_current_span("request"):

        def handle() -> None:
            error = raised(PaymentError())
            gone.append(weakref.ref(error))  # type: ignore[arg-type]
            observed.log.error("failed", exc_info=error)
            trace.get_current_span().record_exception(error)
            with pytest.raises(PaymentError), observed.tracer.start_as_current_span("inner"):
                raise error

        handle()
        gc.collect()
        assert gone[0]() is None


def test_what_is_left_of_a_mark_in_a_copy_counts_as_nothing() -> None:
    error = raised(PaymentError())
    error.__dict__["_logcapy_sighting"] = None
    assert sighting_of(error) is not None


def test_an_exception_that_a_handler_raises_again_into_another_trace_is_the_same(observed: Observed) -> None:
    def inner() -> None:
        with observed.tracer.start_as_current_span("inner trace", context=Context()):
            raise PaymentError

    with observed.tracer.start_as_current_span("outer trace"):
        try:
            try:
                inner()
            except PaymentError as error:
                raise error
        except PaymentError:
            observed.log.exception("failed")
    assert len(observed.full) == 1
    assert len(observed.references) == 1


def test_an_exception_that_is_handled_in_another_trace_without_having_come_there_was_raised_there(
    observed: Observed,
) -> None:
    """Its traceback was taken off and begun anew, and lies where the one before lay."""
    error = PaymentError()
    with suppress(PaymentError):
        try:
            raise error
        finally:
            for name in ("one", "other"):
                with observed.tracer.start_as_current_span(name, context=Context()):
                    observed.log.exception("failed")
            in_thread(lambda: observed.log.error("only logged", exc_info=error))
    assert len(observed.full) == 2
    assert len(observed.references) == 1
