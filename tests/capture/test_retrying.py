"""``logcapy.retry``, ``logcapy.retry_context``, and the hook for who uses stamina by itself."""

from __future__ import annotations

import asyncio
import datetime as dt
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stamina
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk.trace import TracerProvider
from stamina.instrumentation import RetryDetails, RetryHookFactory, get_on_retry_hooks, set_on_retry_hooks

import logcapy
from logcapy.capture import retry_hook
from logcapy.capture.retry_hook import install_retry_hook, on_retry
from logcapy.capture.spans import LogCapySpanProcessor

from .emitted import Emitted, emitting

QUICK = {"wait_initial": 0.001, "wait_jitter": 0.001, "wait_max": 0.002}


@pytest.fixture
def emitted() -> Iterator[Emitted]:
    with emitting() as it:
        yield it


@pytest.fixture(autouse=True)
def stamina_as_it_was() -> Iterator[None]:
    set_on_retry_hooks(())
    yield
    retry_hook._uninstall()
    set_on_retry_hooks(None)
    stamina.set_active(True)
    stamina.set_testing(False)


class Unreachable(Exception):
    """Worth another try."""


class Flaky:
    """Fails a number of times, each time with another exception."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.raised: list[Exception] = []

    def __call__(self) -> str:
        if len(self.raised) < self.times:
            self.raised.append(Unreachable(f"no {len(self.raised) + 1}"))
            raise self.raised[-1]
        return "sent"


def by_decorator(flaky: Flaky, **options: Any) -> str:
    @logcapy.retry(**options)
    def send() -> str:
        return flaky()

    return send()


def by_async_decorator(flaky: Flaky, **options: Any) -> str:
    @logcapy.retry(**options)
    async def send() -> str:
        await asyncio.sleep(0)
        return flaky()

    return asyncio.run(send())


def by_block(flaky: Flaky, **options: Any) -> str:
    for attempt in logcapy.retry_context(**options):
        with attempt:
            return flaky()
    raise AssertionError


def by_async_block(flaky: Flaky, **options: Any) -> str:
    async def send() -> str:
        async for attempt in logcapy.retry_context(**options):
            with attempt:
                return flaky()
        raise AssertionError

    return asyncio.run(send())


every_way = pytest.mark.parametrize("way", [by_decorator, by_async_decorator, by_block, by_async_block])
Way = Callable[..., str]


def told(emitted: Emitted) -> list[tuple[Any, ...]]:
    """Severity, body and message of each record."""
    return [
        (one.log_record.severity_text, one.log_record.body, (one.log_record.attributes or {})["exception.message"])
        for one in emitted.records()
    ]


# --- what is told


@every_way
def test_each_failed_attempt_is_a_record_and_the_last_one_an_error(emitted: Emitted, way: Way) -> None:
    flaky = Flaky(3)
    with pytest.raises(Unreachable) as caught:
        way(flaky, on=Unreachable, attempts=3, **QUICK)
    assert caught.value is flaky.raised[-1]
    (first, second, last) = told(emitted)
    assert (first[0], second[0], last) == ("WARN", "WARN", ("ERROR", "attempt 3 of 3 failed, the last", "no 3"))
    assert first[1].startswith("attempt 1 of 3 failed, next in 0.0")
    assert first[1].endswith(" s")
    for record in emitted.records():
        attributes = dict(record.log_record.attributes or {})
        assert record.log_record.event_name == "logcapy.retry"
        assert record.instrumentation_scope is not None
        assert record.instrumentation_scope.name == __name__
        assert attributes["code.file.path"] == __file__
        assert str(attributes["code.function.name"]).startswith(f"{__name__}.") or sys.version_info < (3, 11)
        stack = str(attributes["exception.stacktrace"])
        assert "in __call__" in stack
        for not_the_application in ("stamina", "tenacity", "logcapy/capture", "concurrent"):
            assert not_the_application not in stack.replace(__file__, "")


@every_way
def test_a_success_after_failures_returns_and_has_no_error(emitted: Emitted, way: Way) -> None:
    assert way(Flaky(2), on=Unreachable, attempts=3, **QUICK) == "sent"
    assert [one[0] for one in told(emitted)] == ["WARN", "WARN"]


@every_way
def test_the_wait_that_is_told_is_the_wait_before_the_next_attempt(emitted: Emitted, way: Way) -> None:
    began = time.monotonic()
    way(Flaky(2), on=Unreachable, attempts=3, wait_initial=0.05, wait_jitter=0.05)
    took = time.monotonic() - began
    waits = [(one.log_record.attributes or {})["logcapy.retry.wait"] for one in emitted.records()]
    assert all(isinstance(wait, float) and wait >= 0.05 for wait in waits)
    assert sum(waits) <= took  # type: ignore[arg-type]


@every_way
def test_what_is_not_retried_passes_unrecorded(emitted: Emitted, way: Way) -> None:
    with pytest.raises(Unreachable):
        way(Flaky(1), on=(KeyError, OSError), attempts=3, **QUICK)
    with pytest.raises(Unreachable):
        way(Flaky(1), on=lambda error: "no 2" in str(error), attempts=3, **QUICK)
    assert emitted.records() == ()


@every_way
def test_a_function_decides_what_is_retried_and_after_how_long(emitted: Emitted, way: Way) -> None:
    asked: list[str] = []

    def decide(error: Exception) -> dt.timedelta | bool:
        asked.append(str(error))
        return dt.timedelta(milliseconds=2) if str(error) == "no 1" else str(error) == "no 2"

    assert way(Flaky(2), on=decide, attempts=5, **QUICK) == "sent"
    assert asked == ["no 1", "no 2"]
    assert told(emitted)[0][1] == "attempt 1 of 5 failed, next in 0.002 s"


@every_way
def test_a_timeout_makes_an_attempt_the_last_one(emitted: Emitted, way: Way) -> None:
    flaky = Flaky(1000)
    with pytest.raises(Unreachable):
        way(flaky, on=Unreachable, attempts=None, timeout=0.05, wait_initial=0.02, wait_jitter=0, wait_max=0.02)
    severities = [one[0] for one in told(emitted)]
    assert severities == ["WARN"] * (len(flaky.raised) - 1) + ["ERROR"]
    assert told(emitted)[-1][1] == f"attempt {len(flaky.raised)} failed, the last"


@every_way
def test_each_failed_attempt_is_an_event_of_the_span_without_secrets(emitted: Emitted, way: Way) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(LogCapySpanProcessor(lambda text: text.replace("no", "[REDACTED]")))
    with provider.get_tracer("test").start_as_current_span("request") as span, pytest.raises(Unreachable):
        way(Flaky(2), on=Unreachable, attempts=2, **QUICK)
    events = [dict(event.attributes or {}) for event in span.events if event.name == "logcapy.retry"]  # type: ignore[attr-defined]
    assert 0 < events[0].pop("logcapy.retry.wait") < 1
    kind = f"{__name__}.Unreachable"
    assert events == [
        {
            "logcapy.retry.attempt": number,
            "logcapy.retry.attempts": 2,
            "exception.type": kind,
            "exception.message": f"[REDACTED] {number}",
        }
        for number in (1, 2)
    ]
    assert {one.log_record.span_id for one in emitted.records()} == {span.get_span_context().span_id}


def test_the_same_instance_raised_by_each_attempt_is_told_each_time(emitted: Emitted) -> None:
    error = Unreachable("always this one")

    @logcapy.retry(on=Unreachable, attempts=3, **QUICK)
    def send() -> None:
        raise error

    with pytest.raises(Unreachable):
        send()
    assert [one.log_record.severity_text for one in emitted.records()] == ["WARN", "WARN", "ERROR"]
    assert all("exception.stacktrace" in (one.log_record.attributes or {}) for one in emitted.records())


def test_retries_within_retries_are_told_apart(emitted: Emitted) -> None:
    @logcapy.retry(on=KeyError, attempts=2, **QUICK)
    def outer() -> None:
        with pytest.raises(Unreachable):
            by_block(Flaky(5), on=Unreachable, attempts=3, **QUICK)
        raise KeyError("outer")

    with pytest.raises(KeyError):
        outer()
    bodies = [body.split(",")[0] for body in emitted.bodies()]
    inner = ["attempt 1 of 3 failed", "attempt 2 of 3 failed", "attempt 3 of 3 failed"]
    assert bodies == [*inner, "attempt 1 of 2 failed", *inner, "attempt 2 of 2 failed"]


def test_an_attempt_knows_its_number_and_a_context_can_be_used_again(emitted: Emitted) -> None:
    context = logcapy.retry_context(Unreachable, attempts=3, wait_initial=0.001, wait_jitter=0)
    for _ in range(2):
        numbers = []
        flaky = Flaky(2)
        for attempt in context:
            numbers.append((attempt.num, attempt.next_wait))
            with attempt:
                flaky()
        assert [number for number, _ in numbers] == [1, 2, 3]
        assert numbers[0][1] == pytest.approx(0.001)
    assert len(emitted.records()) == 4


# --- what is decorated


class Client:
    """Methods of all kinds."""

    @logcapy.retry(on=Unreachable, attempts=2, **QUICK)
    def method(self, flaky: Flaky) -> str:
        """Doc."""
        return flaky()

    @logcapy.retry(on=Unreachable, attempts=2, **QUICK)
    @staticmethod
    def static(flaky: Flaky) -> str:
        return flaky()

    @logcapy.retry(on=Unreachable, attempts=2, **QUICK)
    @classmethod
    def class_method(cls, flaky: Flaky) -> str:
        return flaky()


@pytest.mark.parametrize("name", ["method", "static", "class_method"])
def test_methods_of_all_kinds_are_retried_and_told_by_name(emitted: Emitted, name: str) -> None:
    assert getattr(Client(), name)(Flaky(1)) == "sent"
    assert emitted.attributes()["code.function.name"] == f"{__name__}.Client.{name}"
    assert Client.method.__doc__ == "Doc."


def test_other_hooks_of_stamina_know_the_function_and_its_arguments(emitted: Emitted) -> None:
    seen: list[RetryDetails] = []
    set_on_retry_hooks([seen.append])
    flaky = Flaky(1)
    Client.static(flaky)
    assert (seen[0].name, seen[0].args) == (f"{__name__}.Client.static", (flaky,))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"on": "OSError"}, "on='OSError'.*a subclass of Exception, a tuple of them, or a function"),
        ({"on": (OSError, 3)}, "on="),
        ({"on": int}, "on="),
        ({"on": asyncio.CancelledError}, "on="),
        ({"on": OSError, "attempts": 0}, "attempts=0.*from 1 up"),
        ({"on": OSError, "attempts": True}, "attempts=True"),
        ({"on": OSError, "timeout": "1"}, "timeout='1'"),
        ({"on": OSError, "wait_max": -1}, "wait_max=-1"),
        ({"on": OSError, "wait_jitter": None}, "wait_jitter=None"),
        ({"on": OSError, "wait_exp_base": dt.timedelta(1)}, "wait_exp_base="),
    ],
)
def test_a_wrong_argument_is_refused_with_what_is_allowed(options: dict[str, Any], told: str) -> None:
    with pytest.raises(logcapy.ConfigError, match=told):
        logcapy.retry(**options)
    with pytest.raises(logcapy.ConfigError, match=told):
        logcapy.retry_context(**options)


def test_what_cannot_be_retried_is_refused() -> None:
    def generator() -> Iterator[int]:
        yield 1

    for what in (generator, Client, 7):
        with pytest.raises(TypeError, match="retry cannot decorate"):
            logcapy.retry(on=OSError)(what)  # type: ignore[arg-type]


# --- without waiting


@every_way
def test_in_staminas_test_mode_nothing_waits_and_its_number_of_attempts_counts(emitted: Emitted, way: Way) -> None:
    stamina.set_testing(True, attempts=4)
    began = time.monotonic()
    flaky = Flaky(10)
    with pytest.raises(Unreachable):
        way(flaky, on=Unreachable, attempts=2, wait_initial=100, wait_max=100)
    assert time.monotonic() - began < 50
    assert len(flaky.raised) == 4
    assert [one[1] for one in told(emitted)] == [
        *(f"attempt {number} failed, next in 0 s" for number in (1, 2, 3)),
        "attempt 4 failed, the last",
    ]


@every_way
def test_where_stamina_is_switched_off_there_is_one_attempt_and_no_record(emitted: Emitted, way: Way) -> None:
    stamina.set_active(False)
    flaky = Flaky(5)
    with pytest.raises(Unreachable):
        way(flaky, on=Unreachable)
    assert len(flaky.raised) == 1
    assert emitted.records() == ()


# --- stamina by itself, and whose hooks are whose


@stamina.retry(on=Unreachable, attempts=3, **QUICK)
def pure(flaky: Flaky) -> str:
    return flaky()


def test_who_uses_stamina_by_itself_gets_a_record_and_an_event_of_each_attempt_that_is_repeated(
    emitted: Emitted,
) -> None:
    install_retry_hook()
    with TracerProvider(shutdown_on_exit=False).get_tracer("test").start_as_current_span("request") as span:
        assert pure(Flaky(2)) == "sent"
    assert [(one[0], one[1].split(",")[0]) for one in told(emitted)] == [
        ("WARN", "attempt 1 failed"),
        ("WARN", "attempt 2 failed"),
    ]
    assert (emitted.records()[0].log_record.attributes or {})["code.function.name"] == f"{__name__}.pure"
    assert [event.name for event in span.events].count("logcapy.retry") == 2  # type: ignore[attr-defined]


def test_hooks_that_are_there_stay_beside_ours_and_are_left_when_ours_goes(emitted: Emitted) -> None:
    seen: list[RetryDetails] = []
    made: list[str] = []

    def make() -> Any:
        made.append("made")
        return seen.append

    set_on_retry_hooks([RetryHookFactory(make)])
    uninstall = install_retry_hook()
    install_retry_hook()
    assert made == []
    assert pure(Flaky(1)) == "sent"
    assert len(seen) == 1
    assert len(emitted.records()) == 1
    uninstall()
    assert pure(Flaky(1)) == "sent"
    assert len(seen) == 2
    assert len(emitted.records()) == 1
    uninstall()


def test_staminas_own_hooks_stay_beside_ours() -> None:
    set_on_retry_hooks(None)
    own = get_on_retry_hooks()
    set_on_retry_hooks(None)
    install_retry_hook()
    *others, ours = get_on_retry_hooks()
    assert ours is on_retry
    assert [getattr(hook, "__qualname__", hook) for hook in others] == [
        getattr(hook, "__qualname__", hook) for hook in own
    ]


def test_hooks_that_the_application_sets_win_and_retry_still_tells_of_its_attempts(emitted: Emitted) -> None:
    install_retry_hook()
    set_on_retry_hooks([])
    assert pure(Flaky(2)) == "sent"
    assert emitted.records() == ()
    with pytest.raises(Unreachable):
        by_decorator(Flaky(2), on=Unreachable, attempts=2, **QUICK)
    assert get_on_retry_hooks() == ()
    (first, last) = told(emitted)
    assert first[1].startswith("attempt 1 of 2 failed, next in 0.0")
    assert last == ("ERROR", "attempt 2 of 2 failed, the last", "no 2")


def test_the_import_of_stamina_is_left_to_the_application_and_then_hooked() -> None:
    program = """
import sys, logcapy
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter
handle = logcapy.configure(InMemoryLogRecordExporter())
assert "stamina" not in sys.modules and "tenacity" not in sys.modules
import stamina
assert "structlog" not in sys.modules and "prometheus_client" not in sys.modules
from logcapy.capture.retry_hook import on_retry
assert on_retry in stamina.instrumentation.get_on_retry_hooks()
handle.shutdown()
assert on_retry not in stamina.instrumentation.get_on_retry_hooks()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_after_configure_stamina_by_itself_is_told_of_up_to_the_shutdown() -> None:
    program = """
import logcapy, stamina
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter
exporter = InMemoryLogRecordExporter()
handle = logcapy.configure(exporter)
stamina.set_testing(True, attempts=2)

@stamina.retry(on=OSError)
def send():
    raise OSError("no")

for _ in range(2):
    try:
        send()
    except OSError:
        handle.shutdown()
bodies = [record.log_record.body for record in exporter.get_finished_logs()]
assert bodies.count("attempt 1 failed, next in 0 s") == 1, bodies
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


# --- asyncio, threads, cancellation


def test_a_task_cancelled_in_an_attempt_or_in_a_wait_is_cancelled_and_not_recorded(emitted: Emitted) -> None:
    @logcapy.retry(on=Exception, attempts=3)
    async def hangs(reached: asyncio.Event) -> None:
        reached.set()
        await asyncio.sleep(60)

    @logcapy.retry(on=lambda error: True, attempts=3)
    async def hangs_too(reached: asyncio.Event) -> None:
        reached.set()
        await asyncio.sleep(60)

    async def waits(reached: asyncio.Event) -> None:
        async for attempt in logcapy.retry_context(on=Exception, attempts=3, wait_initial=60, wait_max=60):
            with attempt:
                reached.set()
                raise Unreachable("once")

    async def main() -> list[bool]:
        cancelled = []
        for work in (hangs, hangs_too, waits):
            reached = asyncio.Event()
            task = asyncio.create_task(work(reached))
            await reached.wait()
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])
            cancelled.append(task.cancelled())
        return cancelled

    assert asyncio.run(main()) == [True, True, True]
    ((severity, _, message),) = told(emitted)
    assert (severity, message) == ("WARN", "once")


def test_a_timeout_around_attempts_ends_them_and_one_within_is_retried(emitted: Emitted) -> None:
    @logcapy.retry(on=asyncio.TimeoutError, attempts=2, **QUICK)
    async def within() -> None:
        await asyncio.wait_for(asyncio.sleep(60), 0.01)

    @logcapy.retry(on=Exception, attempts=2, **QUICK)
    async def hangs() -> None:
        await asyncio.sleep(60)

    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(hangs(), 0.01)
        assert emitted.records() == ()
        with pytest.raises(asyncio.TimeoutError):
            await within()

    asyncio.run(main())
    assert [one[0] for one in told(emitted)] == ["WARN", "ERROR"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="TaskGroup is of Python 3.11")
def test_a_task_group_cancels_tasks_that_wait_for_their_next_attempt(emitted: Emitted) -> None:
    waiting: list[asyncio.Task[str]] = []

    @logcapy.retry(on=Unreachable, attempts=3, wait_initial=60, wait_max=60)
    async def send() -> str:
        return Flaky(1)()

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            waiting.extend(group.create_task(send()) for _ in range(3))
            await asyncio.sleep(0.01)
            raise KeyError("end")

    with pytest.raises(BaseException, match="unhandled errors in a TaskGroup"):
        asyncio.run(main())
    assert all(task.cancelled() for task in waiting)
    assert [one[0] for one in told(emitted)] == ["WARN"] * 3


def test_many_threads_and_tasks_are_told_apart(emitted: Emitted) -> None:
    together = threading.Barrier(8)

    @logcapy.retry(on=Unreachable, attempts=3, **QUICK)
    def in_thread(number: int) -> None:
        if together.n_waiting or not together.broken:
            together.wait(timeout=30)
        raise Unreachable(f"thread {number}")

    @logcapy.retry(on=Unreachable, attempts=3, **QUICK)
    async def in_task(number: int) -> None:
        await asyncio.sleep(0)
        raise Unreachable(f"task {number}")

    async def tasks() -> None:
        assert all(
            isinstance(one, Unreachable)
            for one in await asyncio.gather(*map(in_task, range(8)), return_exceptions=True)
        )

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(in_thread, number) for number in range(8)]:
            assert isinstance(future.exception(), Unreachable)
    asyncio.run(tasks())
    for what in ("thread", "task"):
        for number in range(8):
            mine = [one for one in told(emitted) if one[2] == f"{what} {number}"]
            assert [(one[0], one[1].split(",")[0]) for one in mine] == [
                ("WARN", "attempt 1 of 3 failed"),
                ("WARN", "attempt 2 of 3 failed"),
                ("ERROR", "attempt 3 of 3 failed"),
            ]
    assert SeverityNumber.WARN is emitted.records()[0].log_record.severity_number
