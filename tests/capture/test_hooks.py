"""The hooks, in this process: what they record, what they leave alone, and how they go."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, as_completed, wait
from typing import Any, ClassVar

import opentelemetry._logs._internal
import pytest
from opentelemetry import trace
from opentelemetry._logs import LogRecord
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider

from logcapy.capture.hooks import install_hooks

# The hooks call those that were there before, and pytest's turn what they are told of into warnings.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")

tracer = TracerProvider().get_tracer("tests")


class Lost(Exception):
    """Built-in exceptions cannot be referred to weakly; of this one it is known how many there are."""

    alive: ClassVar[weakref.WeakSet[Lost]] = weakref.WeakSet()

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.alive.add(self)


def fail() -> None:
    raise Lost("lost")


class Seen:
    """What was recorded, and how often it was asked to be sent."""

    def __init__(self, provider: LoggerProvider) -> None:
        self.provider = provider
        self.exporter = InMemoryLogRecordExporter()
        provider.add_log_record_processor(SimpleLogRecordProcessor(self.exporter))
        self.flushes = 0

    def flush(self) -> None:
        self.flushes += 1

    @property
    def records(self) -> Sequence[LogRecord]:
        return [one.log_record for one in self.exporter.get_finished_logs()]

    @property
    def scopes(self) -> list[str]:
        return [one.instrumentation_scope.name for one in self.exporter.get_finished_logs()]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    provider = LoggerProvider(shutdown_on_exit=False)
    monkeypatch.setattr(opentelemetry._logs._internal, "_LOGGER_PROVIDER", provider)
    # pytest's own would keep what they are told of for a warning; these are what a program has.
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    return Seen(provider)


@pytest.fixture
def remove(seen: Seen) -> Iterator[Callable[[], None]]:
    remove = install_hooks(seen.flush)
    yield remove
    remove()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def hooks() -> tuple[object, ...]:
    return (
        sys.excepthook,
        threading.excepthook,
        sys.unraisablehook,
        vars(asyncio.BaseEventLoop)["call_exception_handler"],
        vars(Future).get("_exception"),
    )


def raised(error: BaseException) -> tuple[type[BaseException], BaseException, Any]:
    try:
        raise error
    except BaseException as caught:
        return type(caught), caught, caught.__traceback__


def failed(pool: ThreadPoolExecutor) -> Future[None]:
    future = pool.submit(fail)
    wait([future])
    pool.submit(int).result()  # the worker lets go of a job when it takes the next
    return future


# Coming and going


def test_taken_away_everything_is_as_it_was(seen: Seen) -> None:
    before = hooks()
    remove = install_hooks(seen.flush)
    assert all(now is not then for now, then in zip(hooks(), before, strict=True))
    remove()
    remove()
    assert hooks() == before


def test_a_hook_that_was_chained_in_front_stays_and_ours_records_nothing_any_more(
    seen: Seen, capsys: pytest.CaptureFixture[str]
) -> None:
    remove = install_hooks(seen.flush)
    ours = sys.excepthook
    sys.excepthook = theirs = lambda *args: ours(*args)
    remove()
    assert sys.excepthook is theirs
    sys.excepthook(*raised(Lost("lost")))
    assert seen.records == []
    assert "Lost: lost" in capsys.readouterr().err


def test_installed_twice_each_exception_is_recorded_once_and_the_later_flush_counts(
    seen: Seen, remove: Callable[[], None]
) -> None:
    flushed = []
    again = install_hooks(lambda: flushed.append(True))
    sys.excepthook(*raised(Lost("lost")))
    again()
    assert len(seen.records) == 1
    assert (seen.flushes, flushed) == (0, [True])
    assert sys.excepthook is sys.__excepthook__


@pytest.mark.usefixtures("remove")
def test_nothing_is_recorded_while_exporting(seen: Seen) -> None:
    token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
    try:
        sys.excepthook(*raised(Lost("lost")))
        Future().set_exception(Lost("lost"))
    finally:
        detach(token)
    assert seen.records == []
    assert seen.flushes == 0


@pytest.mark.usefixtures("remove")
def test_a_future_made_while_exporting_is_not_recorded_when_it_fails_elsewhere(
    seen: Seen, pool: ThreadPoolExecutor, capsys: pytest.CaptureFixture[str]
) -> None:
    token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
    try:
        future = pool.submit(fail)
    finally:
        detach(token)
    wait([future])
    del future
    pool.submit(int).result()
    assert seen.records == []
    assert capsys.readouterr().err == ""


# The interpreter's hooks


@pytest.mark.usefixtures("remove")
def test_an_uncaught_exception_is_fatal_flushed_and_printed_as_before(
    seen: Seen, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = raised(Lost("lost"))
    sys.excepthook(*arguments)
    (record,) = seen.records
    assert (record.severity_text, record.body, record.event_name) == ("FATAL", "uncaught exception", "exception")
    assert seen.flushes == 1
    printed = capsys.readouterr().err
    sys.__excepthook__(*arguments)
    assert printed == capsys.readouterr().err


@pytest.mark.usefixtures("remove")
@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)], ids=["Ctrl-C", "exit"])
def test_a_wish_to_end_is_no_exception_to_record(seen: Seen, error: BaseException) -> None:
    sys.excepthook(*raised(error))
    assert seen.records == []
    assert seen.flushes == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("broken")], ids=["Ctrl-C", "error"])
def test_a_flush_that_is_interrupted_or_fails_does_not_keep_the_traceback_from_being_printed(
    seen: Seen, capsys: pytest.CaptureFixture[str], error: BaseException
) -> None:
    def flush() -> None:
        raise error

    remove = install_hooks(flush)
    sys.excepthook(*raised(Lost("lost")))
    remove()
    assert "Lost: lost" in capsys.readouterr().err


@pytest.mark.usefixtures("remove")
def test_called_in_another_thread_the_exception_ends_nothing(seen: Seen) -> None:
    thread = threading.Thread(target=lambda: sys.excepthook(*raised(Lost("lost"))))
    thread.start()
    thread.join()
    assert [record.severity_text for record in seen.records] == ["ERROR"]
    assert seen.flushes == 0


@pytest.mark.usefixtures("remove")
def test_a_thread_that_dies_is_told_with_its_name_and_one_that_exits_is_not(seen: Seen) -> None:
    for target in (fail, sys.exit):
        thread = threading.Thread(target=target, name="picker")
        thread.start()
        thread.join()
    (record,) = seen.records
    assert record.severity_text == "ERROR"
    assert record.attributes is not None
    assert record.attributes["thread.name"] == "picker"
    assert seen.flushes == 0


class Held:
    """Fails when it goes."""

    def __del__(self) -> None:
        raise Lost("lost")


@pytest.mark.usefixtures("remove")
def test_a_finalizer_that_fails_is_told_by_name_and_neither_object_nor_exception_is_kept(seen: Seen) -> None:
    gc.collect()
    others = len(Lost.alive)
    held = Held()
    reference = weakref.ref(held)
    del held
    (record,) = seen.records
    assert record.attributes is not None
    assert record.attributes["logcapy.unraisable.object"] == f"{__name__}.Held.__del__"
    assert reference() is None
    assert len(Lost.alive) == others


@pytest.mark.usefixtures("remove")
def test_a_finalizer_that_fails_while_another_exception_is_told_is_not_told(seen: Seen) -> None:
    class Nasty(Exception):
        told = False

        def __str__(self) -> str:
            if not self.told:
                self.told = True
                Held()
            return "nasty"

    sys.excepthook(*raised(Nasty()))
    assert seen.scopes == ["logcapy.excepthook"]


@pytest.mark.usefixtures("remove")
def test_a_finalizer_may_interrupt_whoever_holds_the_providers_lock(seen: Seen) -> None:
    def interrupted() -> None:
        with seen.provider._logger_cache_lock, seen.provider._active_loggers_lock:
            Held()

    thread = threading.Thread(target=interrupted, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert seen.scopes == ["logcapy.unraisablehook"]


# Loops


async def pause() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.mark.usefixtures("remove")
def test_a_callback_that_fails_is_told_in_its_own_trace_and_the_applications_handler_runs(seen: Seen) -> None:
    handled: list[dict[str, Any]] = []

    async def main() -> int:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: handled.append(context))
        with tracer.start_as_current_span("work") as span:
            loop.call_soon(fail)
        await pause()
        return span.get_span_context().trace_id

    trace_id = asyncio.run(main())
    (record,) = seen.records
    assert record.trace_id == trace_id
    assert str(record.body).startswith("Exception in callback fail()")
    assert [str(context["exception"]) for context in handled] == ["lost"]


@pytest.mark.usefixtures("remove")
def test_a_loop_that_has_no_handler_logs_as_before(seen: Seen, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_soon(fail)
        await pause()

    asyncio.run(main())
    assert seen.scopes == ["logcapy.asyncio"]
    assert [entry.name for entry in caplog.records] == ["asyncio"]


@pytest.mark.usefixtures("remove")
def test_a_task_or_future_nobody_asked_is_told_and_never_in_the_trace_that_was_interrupted(seen: Seen) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)
        future = loop.create_future()
        future.set_exception(Lost("lost"))
        with tracer.start_as_current_span("somebody else's"):
            del future
            gc.collect()

    asyncio.run(main())
    (record,) = seen.records
    assert record.body == "Future exception was never retrieved"
    assert record.trace_id == trace.INVALID_TRACE_ID


@pytest.mark.usefixtures("remove")
@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python does not tell the context of a task before 3.12")
def test_a_task_that_opened_no_span_is_told_in_the_trace_it_was_started_in(seen: Seen) -> None:
    async def work() -> None:
        fail()

    async def main() -> int:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        with tracer.start_as_current_span("work") as span:
            asyncio.create_task(work())  # noqa: RUF006 - that nobody keeps it is the point
        await pause()
        gc.collect()
        return span.get_span_context().trace_id

    trace_id = asyncio.run(main())
    assert [record.trace_id for record in seen.records] == [trace_id]


@pytest.mark.usefixtures("remove")
def test_a_message_of_a_loop_without_an_exception_is_left_to_its_handler(seen: Seen) -> None:
    loop = asyncio.new_event_loop()
    messages: list[str] = []
    loop.set_exception_handler(lambda _, context: messages.append(context["message"]))
    loop.call_exception_handler({"message": "odd"})
    loop.close()
    assert messages == ["odd"]
    assert seen.records == []


@pytest.mark.usefixtures("remove")
def test_a_loop_is_not_kept(seen: Seen) -> None:
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    loop.call_soon(fail)
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    reference = weakref.ref(loop)
    del loop
    gc.collect()
    assert len(seen.records) == 1
    assert reference() is None


def test_uvloop_is_heard_too(seen: Seen, remove: Callable[[], None]) -> None:
    uvloop = pytest.importorskip("uvloop")
    loop = uvloop.new_event_loop()
    loop.call_soon(fail)
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert seen.scopes == ["logcapy.asyncio"]
    remove()
    assert "call_exception_handler" not in vars(uvloop.Loop)


# Futures


@pytest.mark.usefixtures("remove")
def test_a_future_nobody_asked_is_told_when_it_goes_in_the_trace_it_was_submitted_in(
    seen: Seen, pool: ThreadPoolExecutor
) -> None:
    with tracer.start_as_current_span("work") as span:
        future = failed(pool)
    assert seen.records == []
    with tracer.start_as_current_span("somebody else's"):
        del future
    (record,) = seen.records
    assert record.body == "exception of a future was never retrieved"
    assert record.trace_id == span.get_span_context().trace_id
    assert record.attributes is not None
    assert record.attributes["exception.type"].endswith("Lost")
    assert "in fail" in record.attributes["exception.stacktrace"]


@pytest.mark.usefixtures("remove")
def test_a_future_made_outside_of_any_trace_is_not_told_in_the_one_its_end_interrupts(
    seen: Seen, pool: ThreadPoolExecutor
) -> None:
    future = failed(pool)
    with tracer.start_as_current_span("somebody else's"):
        del future
    (record,) = seen.records
    assert record.trace_id == trace.INVALID_TRACE_ID


def by_result(pool: ThreadPoolExecutor) -> None:
    with pytest.raises(Lost):
        pool.submit(fail).result()


def by_exception(pool: ThreadPoolExecutor) -> None:
    assert isinstance(pool.submit(fail).exception(), Lost)


def by_as_completed(pool: ThreadPoolExecutor) -> None:
    for future in as_completed([pool.submit(fail)]):
        future.exception()


def by_wait(pool: ThreadPoolExecutor) -> None:
    for future in wait([pool.submit(fail)]).done:
        future.exception()


def by_map(pool: ThreadPoolExecutor) -> None:
    with pytest.raises(Lost):
        list(pool.map(lambda _: fail(), [1]))


def by_a_callback(pool: ThreadPoolExecutor) -> None:
    pool.submit(fail).add_done_callback(lambda future: future.exception() and None)


def by_wrap_future(pool: ThreadPoolExecutor) -> None:
    async def main() -> None:
        with pytest.raises(Lost):
            await asyncio.wrap_future(pool.submit(fail))

    asyncio.run(main())


def by_run_in_executor(pool: ThreadPoolExecutor) -> None:
    async def main() -> None:
        with pytest.raises(Lost):
            await asyncio.get_running_loop().run_in_executor(pool, fail)

    asyncio.run(main())


def by_to_a_coroutine_of_another_thread(pool: ThreadPoolExecutor) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(Lost):
            await loop.run_in_executor(pool, asyncio.run_coroutine_threadsafe(asyncio.to_thread(fail), loop).result)

    asyncio.run(main())


@pytest.mark.usefixtures("remove")
@pytest.mark.parametrize(
    "ask",
    [
        by_result,
        by_exception,
        by_as_completed,
        by_wait,
        by_map,
        by_a_callback,
        by_wrap_future,
        by_run_in_executor,
        by_to_a_coroutine_of_another_thread,
    ],
)
def test_a_future_that_somebody_asked_is_not_told(
    seen: Seen, pool: ThreadPoolExecutor, ask: Callable[[ThreadPoolExecutor], None]
) -> None:
    ask(pool)
    pool.submit(int).result()
    gc.collect()
    assert seen.records == []


def by_waiting_only(future: Future[None]) -> None:
    wait([future])


def by_its_state(future: Future[None]) -> None:
    assert future.done()
    assert not future.cancelled()


def by_printing(future: Future[None]) -> None:
    assert "raised Lost" in repr(future)


def by_a_callback_that_does_not_ask(future: Future[None]) -> None:
    future.add_done_callback(lambda _: None)


@pytest.mark.usefixtures("remove")
@pytest.mark.parametrize(
    "look",
    [by_waiting_only, by_its_state, by_printing, by_a_callback_that_does_not_ask],
    ids=lambda look: look.__name__,
)
def test_looking_at_a_future_is_not_asking_for_its_exception(
    seen: Seen, pool: ThreadPoolExecutor, look: Callable[[Future[None]], None]
) -> None:
    future = failed(pool)
    look(future)
    del future
    assert len(seen.records) == 1


@pytest.mark.usefixtures("remove")
def test_a_future_goes_when_nobody_refers_to_it_and_its_exception_with_it(seen: Seen, pool: ThreadPoolExecutor) -> None:
    future = Future[None]()
    error = Lost("lost")
    future.set_exception(error)
    references = [weakref.ref(future), weakref.ref(error)]
    del future, error
    gc.collect()
    assert [reference() for reference in references] == [None, None]
    assert len(seen.records) == 1


@pytest.mark.usefixtures("remove")
def test_a_future_in_a_circle_with_its_exception_is_told_when_the_circle_is_collected(seen: Seen) -> None:
    future = Future[None]()
    error = Lost("lost")
    error.future = future  # type: ignore[attr-defined]
    future.set_exception(error)
    reference = weakref.ref(future)
    del future, error
    gc.collect()
    assert reference() is None
    assert len(seen.records) == 1


@pytest.mark.usefixtures("remove")
def test_the_traceback_that_result_raises_shows_no_frame_of_ours(pool: ThreadPoolExecutor) -> None:
    try:
        pool.submit(fail).result()
    except Lost as error:
        names = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    assert not [name for name in names if "logcapy/" in name]
    assert len(names) == 5


@pytest.mark.usefixtures("remove")
@pytest.mark.parametrize("error", [CancelledError(), asyncio.CancelledError(), SystemExit(), KeyboardInterrupt()])
def test_a_cancelled_future_is_no_failure(seen: Seen, error: BaseException) -> None:
    Future[None]().set_exception(error)
    cancelled = Future[None]()
    cancelled.cancel()
    del cancelled
    assert seen.records == []


def test_futures_that_wait_when_the_hooks_go_stay_whole_and_are_not_told(seen: Seen, pool: ThreadPoolExecutor) -> None:
    remove = install_hooks(seen.flush)
    asked, not_asked = failed(pool), failed(pool)
    remove()
    assert isinstance(asked.exception(), Lost)
    del not_asked
    assert seen.records == []


def test_futures_that_failed_before_are_left_alone(seen: Seen, pool: ThreadPoolExecutor) -> None:
    future = failed(pool)
    remove = install_hooks(seen.flush)
    assert isinstance(future.exception(), Lost)
    del future
    remove()
    assert seen.records == []


@pytest.mark.usefixtures("remove")
def test_a_future_of_a_subclass_with_its_own_result_is_watched_too(seen: Seen) -> None:
    class TheirFuture(Future):  # type: ignore[type-arg]
        def result(self, timeout: float | None = None) -> str:
            return f"got {super().exception(timeout)}"

    future = TheirFuture()
    future.set_exception(Lost("lost"))
    assert future.result() == "got lost"
    del future
    TheirFuture().set_exception(Lost("lost"))
    assert len(seen.records) == 1
