"""``logcapy.catch``."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
import gc
import inspect
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk.trace import TracerProvider

import logcapy

from .emitted import Emitted, emitting


@pytest.fixture
def emitted() -> Iterator[Emitted]:
    with emitting() as it:
        yield it


class PaymentError(Exception):
    """An error of an application."""


def fail(error: BaseException) -> Any:
    raise error


# --- what a record tells


def test_a_failing_call_is_one_record_that_names_the_function_and_the_exception_goes_on(emitted: Emitted) -> None:
    @logcapy.catch
    def pay(amount: int, *, to: str) -> None:
        raise PaymentError("declined")

    with pytest.raises(PaymentError, match="declined"):
        pay(7, to="shop")
    record, attributes = emitted.only(), emitted.attributes()
    name = f"{__name__}.test_a_failing_call_is_one_record_that_names_the_function_and_the_exception_goes_on"
    assert record.instrumentation_scope is not None
    assert record.instrumentation_scope.name == __name__
    assert record.log_record.severity_number is SeverityNumber.ERROR
    assert record.log_record.severity_text == "ERROR"
    assert record.log_record.event_name == "exception"
    assert attributes["code.function.name"] == f"{name}.<locals>.pay"
    assert attributes["code.file.path"] == __file__
    assert attributes["code.line.number"] == pay.__wrapped__.__code__.co_firstlineno + 2  # type: ignore[attr-defined]
    assert attributes["exception.type"] == f"{__name__}.PaymentError"
    assert attributes["logcapy.call.arguments"] == {"amount": 7, "to": "shop"}


def test_level_and_message_are_the_records(emitted: Emitted) -> None:
    for level in ("warning", "CRITICAL", 20, SeverityNumber.DEBUG3):
        with logcapy.catch(reraise=False, level=level, message="could not pay"):
            fail(PaymentError())
    assert [one.log_record.severity_text for one in emitted.records()] == ["WARN", "FATAL", "INFO", "DEBUG"]
    assert emitted.records()[3].log_record.severity_number is SeverityNumber.DEBUG3
    assert set(emitted.bodies()) == {"could not pay"}


def test_a_record_is_in_the_trace_of_its_call(emitted: Emitted) -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")
    with tracer.start_as_current_span("request") as span, logcapy.catch(reraise=False):
        fail(PaymentError())
    assert emitted.only().log_record.trace_id == span.get_span_context().trace_id
    assert emitted.only().log_record.span_id == span.get_span_context().span_id


def in_every_way(error: BaseException) -> dict[str, Callable[[], Any]]:
    """Each kind of function that fails, decorated, as a call that runs it."""

    def plain() -> None:
        raise error

    async def coroutine() -> None:
        raise error

    def generator() -> Generator[int, None, None]:
        yield 1
        raise error

    async def async_generator() -> AsyncGenerator[int, None]:
        yield 1
        raise error

    async def drained() -> None:
        async for _ in logcapy.catch(async_generator)():
            pass

    def block() -> None:
        with logcapy.catch():
            raise error

    async def async_block() -> None:
        async with logcapy.catch():
            raise error

    return {
        "plain": logcapy.catch(plain),
        "coroutine": lambda: asyncio.run(logcapy.catch(coroutine)()),
        "generator": lambda: list(logcapy.catch(generator)()),
        "async generator": lambda: asyncio.run(drained()),
        "block": block,
        "async block": lambda: asyncio.run(async_block()),
    }


@pytest.mark.parametrize("way", in_every_way(ValueError()))
def test_no_frame_of_logcapy_is_in_the_recorded_stack(emitted: Emitted, way: str) -> None:
    with pytest.raises(PaymentError) as caught:
        in_every_way(PaymentError("x"))[way]()
    stack = emitted.attributes()["exception.stacktrace"]
    assert "test_catching.py" in stack
    assert "raise error" in stack
    assert "logcapy/capture" not in stack
    if sys.version_info >= (3, 11):
        files = [entry.path for entry in caught.traceback]
        assert not any("logcapy/capture" in str(file) for file in files)


# --- which exceptions


#: In a coroutine the event loop has its own way with the others.
STEERING = [
    *(
        (kind, way)
        for kind in (GeneratorExit, KeyboardInterrupt, SystemExit)
        for way in ("plain", "generator", "block")
    ),
    *((asyncio.CancelledError, way) for way in in_every_way(ValueError())),
]


@pytest.mark.parametrize(("kind", "way"), STEERING)
def test_what_steers_a_program_passes_unrecorded(emitted: Emitted, kind: type[BaseException], way: str) -> None:
    with pytest.raises(kind):
        in_every_way(kind())[way]()
    assert emitted.records() == ()


def test_what_steers_a_program_passes_base_exception_too_and_is_recorded_when_it_is_named(emitted: Emitted) -> None:
    with pytest.raises(SystemExit), logcapy.catch(BaseException, reraise=False):
        raise SystemExit
    with pytest.raises(StopIteration), logcapy.catch():
        raise StopIteration
    assert emitted.records() == ()
    with logcapy.catch(SystemExit, reraise=False):
        raise SystemExit(3)
    assert emitted.attributes()["exception.type"] == "SystemExit"


def test_only_the_named_exceptions_are_caught_and_excluded_ones_pass(emitted: Emitted) -> None:
    with pytest.raises(KeyError), logcapy.catch(ValueError, OSError, reraise=False):
        raise KeyError
    with pytest.raises(FileNotFoundError), logcapy.catch((ValueError, OSError), exclude=FileNotFoundError):
        raise FileNotFoundError
    assert emitted.records() == ()
    with logcapy.catch(ValueError, OSError, reraise=False):
        raise PermissionError
    assert emitted.attributes()["exception.type"] == "PermissionError"


def test_an_iterator_may_end_its_iteration(emitted: Emitted) -> None:
    class Numbers:
        left = 3

        def __iter__(self) -> Numbers:
            return self

        @logcapy.catch(reraise=False)
        def __next__(self) -> int:
            if not self.left:
                raise StopIteration
            self.left -= 1
            return self.left

    assert list(Numbers()) == [2, 1, 0]  # type: ignore[arg-type]
    assert emitted.records() == ()


# --- what comes back


def test_without_reraise_the_default_comes_back_or_none(emitted: Emitted) -> None:
    assert logcapy.catch(reraise=False)(fail)(ValueError()) is None
    assert logcapy.catch(reraise=False, default=-1)(fail)(ValueError()) == -1
    assert logcapy.catch(reraise=False, default=-1)(len)("abc") == 3

    @logcapy.catch(reraise=False, default=-1)
    async def later(error: Exception) -> int:
        raise error

    @logcapy.catch(reraise=False, default=-1)
    def each(error: Exception) -> Generator[int, None, int]:
        yield 1
        raise error

    @logcapy.catch(reraise=False)
    async def each_later(error: Exception) -> AsyncGenerator[int, None]:
        yield 1
        raise error

    async def collected() -> list[int]:
        return [item async for item in each_later(ValueError())]

    assert asyncio.run(later(ValueError())) == -1
    generator = each(ValueError())
    assert next(generator) == 1
    with pytest.raises(StopIteration) as end:
        next(generator)
    assert end.value.value == -1
    assert asyncio.run(collected()) == [1]
    assert len(emitted.records()) == 5


def test_a_block_swallows_only_without_reraise(emitted: Emitted) -> None:
    with pytest.raises(ValueError, match="x"), logcapy.catch():
        raise ValueError("x")
    with logcapy.catch(reraise=False):
        raise ValueError("y")
    assert [(one.log_record.attributes or {})["exception.message"] for one in emitted.records()] == ["x", "y"]
    attributes = emitted.records()[0].log_record.attributes or {}
    assert str(attributes["code.function.name"]).endswith("test_a_block_swallows_only_without_reraise")
    assert attributes["code.file.path"] == __file__


# --- what is decorated


class Service:
    """Methods of all kinds, each raising what it was called with."""

    @logcapy.catch
    def method(self, value: object) -> None:
        raise PaymentError

    @classmethod
    @logcapy.catch
    def class_inside(cls, value: object) -> None:
        raise PaymentError

    @logcapy.catch
    @classmethod
    def class_outside(anything, value: object) -> None:  # noqa: N804
        raise PaymentError

    @staticmethod
    @logcapy.catch
    def static_inside(value: object) -> None:
        raise PaymentError

    @logcapy.catch
    @staticmethod
    def static_outside(value: object) -> None:
        raise PaymentError

    @property
    @logcapy.catch
    def price(self) -> int:
        raise PaymentError

    def __call__(self, value: object) -> None:
        raise PaymentError


@pytest.mark.parametrize("name", ["method", "class_inside", "class_outside", "static_inside", "static_outside"])
def test_methods_of_all_kinds_tell_their_arguments_without_the_receiver(emitted: Emitted, name: str) -> None:
    with pytest.raises(PaymentError):
        getattr(Service(), name)(7)
    assert emitted.arguments() == {"value": 7}
    assert emitted.attributes()["code.function.name"] == f"{__name__}.Service.{name}"


def test_a_property_a_partial_and_a_callable_object_are_told_by_name(emitted: Emitted) -> None:
    with pytest.raises(PaymentError):
        _ = Service().price
    with pytest.raises(PaymentError):
        logcapy.catch(functools.partial(Service().method, 1))()
    with pytest.raises(PaymentError):
        logcapy.catch(Service())(value=2)
    names = [(one.log_record.attributes or {})["code.function.name"] for one in emitted.records()]
    assert names == [f"{__name__}.Service.{name}" for name in ("price", "method", "method", "__call__")]


def test_a_decorated_function_is_the_same_for_who_looks_at_it() -> None:
    def plain(a: int, b: str = "x") -> int:
        """Doc."""
        return a

    async def coroutine() -> None: ...

    def generator() -> Iterator[int]:
        yield 1

    async def async_generator() -> AsyncGenerator[int, None]:
        yield 1

    class Asynchronous:
        async def __call__(self) -> None: ...

    plain.extra = 1  # type: ignore[attr-defined]
    decorated: Any = logcapy.catch(plain)
    assert inspect.signature(decorated) == inspect.signature(plain)
    assert (decorated.__name__, decorated.__qualname__, decorated.__doc__, decorated.__module__, decorated.extra) == (
        *(plain.__name__, plain.__qualname__, "Doc.", __name__, 1),
    )
    assert decorated.__wrapped__ is plain
    assert inspect.iscoroutinefunction(logcapy.catch(coroutine))
    assert inspect.iscoroutinefunction(logcapy.catch(functools.partial(coroutine)))
    assert inspect.iscoroutinefunction(logcapy.catch(Asynchronous()))
    assert inspect.isgeneratorfunction(logcapy.catch(generator))
    assert inspect.isasyncgenfunction(logcapy.catch(async_generator))
    assert isinstance(vars(Service)["class_outside"], classmethod)
    assert isinstance(vars(Service)["static_outside"], staticmethod)


@pytest.mark.parametrize("what", [Service, property(len), 7, functools.partialmethod(fail)])
def test_what_cannot_be_decorated_is_refused_with_what_can(what: Any) -> None:
    with pytest.raises(TypeError, match=r"a function, a method|an exception class"):
        logcapy.catch(what)
    with pytest.raises(TypeError, match=r"a function, a method"):
        logcapy.catch()(what)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"level": "eror"}, r"level='eror'.*trace, debug.*did you mean 'error'"),
        ({"level": 0}, "level=0"),
        ({"level": True}, "level=True"),
        ({"level": SeverityNumber.UNSPECIFIED}, "level="),
        ({"reraise": "no"}, "reraise='no' cannot be used: True or False"),
        ({"default": 1}, "only with reraise=False"),
        ({"message": 7}, "message=7"),
        ({"exclude": "ValueError"}, "exclude is 'ValueError': an exception class"),
    ],
)
def test_a_wrong_argument_is_refused_with_what_is_allowed(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises((logcapy.ConfigError, TypeError), match=told):
        logcapy.catch(**arguments)


def test_a_wrong_exception_type_is_refused() -> None:
    with pytest.raises(TypeError, match="an exception class or a tuple of them is needed"):
        logcapy.catch(ValueError, "KeyError")  # type: ignore[call-overload]


# --- arguments


def test_secrets_among_the_arguments_are_masked_by_key_and_by_shape(emitted: Emitted) -> None:
    @logcapy.catch(reraise=False)
    def log_in(user: str, password: str, *cards: str, **more: Any) -> None:
        raise PaymentError

    log_in("ada", "hunter2", "4111 1111 1111 1111", api_key="abc", headers={"Authorization": "Bearer x"}, n=1)
    arguments = emitted.arguments()
    assert arguments["user"] == "ada"
    assert arguments["password"] == "[REDACTED]"
    assert list(arguments["cards"]) == ["[REDACTED]"]
    assert arguments["more"] == {"api_key": "[REDACTED]", "headers": {"Authorization": "[REDACTED]"}, "n": 1}


def test_arguments_that_do_not_fit_the_function_are_told_too(emitted: Emitted) -> None:
    @logcapy.catch(reraise=False)
    def two(a: int, b: int) -> None: ...

    two(1)  # type: ignore[call-arg]
    two(1, 2, 3, c=4)  # type: ignore[call-arg]
    first, second = ((one.log_record.attributes or {})["logcapy.call.arguments"] for one in emitted.records())
    assert first == {"a": 1}
    assert second == {"a": 1, "b": 2, "args": (3,), "kwargs": {"c": 4}}


class Hostile:
    """Nothing about it works."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __repr__


class HostileDict(dict[Any, Any]):
    def items(self) -> Any:
        raise RuntimeError("no")


class Card(NamedTuple):
    owner: str
    password: str


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def circle() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (Hostile(), "<Hostile: its repr failed with RuntimeError>"),
        (HostileDict(a=1), "<HostileDict: its repr failed with RuntimeError>"),
        ([1, Hostile()], (1, "<Hostile: its repr failed with RuntimeError>")),
        ({Hostile(): 1}, {"<Hostile: its repr failed with RuntimeError>": 1}),
        (circle(), ("<list that holds itself>",)),
        (deep(10), (((("<list of 1>",),),),)),
        (range(10**9), "range(0, 1000000000)"),
        (1 << 100_000, "<int of 100001 bits>"),
        (b"ab", "b'ab'"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (Card("ada", "hunter2"), {"owner": "ada", "password": "[REDACTED]"}),
        ("x" * 5000, "x" * 1024 + "<3976 more>"),
        (list(range(1000)), (*range(20), "<980 more>")),
        ({"": 1}, {"''": 1}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_argument_is_bounded_whatever_it_is(emitted: Emitted, value: Any, told: Any) -> None:
    logcapy.catch(reraise=False)(lambda value: fail(PaymentError()))(value)
    assert emitted.arguments() == {"value": told}


def test_all_arguments_together_are_bounded(emitted: Emitted) -> None:
    many = [[["x" * 1000 for _ in range(20)] for _ in range(20)] for _ in range(20)]
    logcapy.catch(reraise=False)(lambda **more: fail(PaymentError()))(**{f"a{n}": many for n in range(50)})
    assert len(str(emitted.arguments())) < 40_000


@given(st.recursive(st.none() | st.integers() | st.text() | st.binary() | st.floats(), st.lists, max_leaves=50))
@settings(max_examples=50, deadline=None)
def test_any_argument_leaves_a_record(value: Any) -> None:
    with emitting() as emitted:
        logcapy.catch(reraise=False)(lambda value: fail(PaymentError()))(value)
        assert "value" in emitted.arguments()


def test_an_exception_that_went_through_a_generator_is_gone_without_the_garbage_collector() -> None:
    @logcapy.catch(exclude=PaymentError)
    def each() -> Generator[int, None, None]:
        yield 1

    gone: list[weakref.ref[PaymentError]] = []

    def made() -> PaymentError:
        error = PaymentError()
        gone.append(weakref.ref(error))
        return error

    generator = each()
    next(generator)
    gc.disable()
    try:
        with contextlib.suppress(PaymentError):
            generator.throw(made())
        assert gone[0]() is None
    finally:
        gc.enable()


# --- generators are transparent


def behaving(kind: int) -> Generator[Any, Any, Any]:
    """A generator with a will of its own."""
    log: list[Any] = []
    while len(log) < 6:
        try:
            log.append((yield ("item", len(log), tuple(log))))
        except ValueError as error:
            log.append(str(error))
            if kind == 1:
                raise KeyError("from within") from error
            if kind == 2:
                return "ended by ValueError"
        except GeneratorExit:
            if kind == 3 and "refused to end" not in log:
                log.append("refused to end")
            elif kind == 4:
                return "ended politely"
            else:
                raise
        except StopIteration:
            if kind != 5:
                raise
        finally:
            if kind == 6 and len(log) > 2:
                raise PaymentError("from finally")
    return log


async def behaving_later(kind: int) -> AsyncGenerator[Any, Any]:
    generator = behaving(kind)
    item = next(generator)
    while True:
        await asyncio.sleep(0)
        try:
            sent = yield item
        except BaseException as error:
            thrown: BaseException = error
        else:
            try:
                item = generator.send(sent)
            except StopIteration:
                return
            continue
        try:
            item = generator.throw(thrown)
        except StopIteration:
            return


Step = tuple[str, Any]
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.just(("send", None)),
        st.tuples(st.just("send"), st.integers(0, 9)),
        st.tuples(
            st.just("throw"),
            st.sampled_from(
                [ValueError, KeyError, GeneratorExit, StopIteration, StopAsyncIteration, KeyboardInterrupt]
            ),
        ),
        st.just(("close", None)),
    ),
    max_size=8,
)


def shape(error: BaseException | None) -> Any:
    """An exception with its cause and context, to be compared."""
    if error is None:
        return None
    return type(error), str(error), shape(error.__cause__), shape(error.__context__)


def seen(generator: Generator[Any, Any, Any], steps: list[Step]) -> list[Any]:
    outcome: list[Any] = []
    for name, value in steps:
        try:
            if name == "send":
                outcome.append(generator.send(value))
            elif name == "throw":
                outcome.append(generator.throw(value("thrown")))
            else:
                outcome.append(generator.close())
        except StopIteration as end:
            outcome.append(("end", end.value, shape(end.__context__)))
        except BaseException as error:
            outcome.append(shape(error))
    return outcome


async def seen_later(generator: AsyncGenerator[Any, Any], steps: list[Step]) -> list[Any]:
    outcome: list[Any] = []
    for name, value in steps:
        try:
            if name == "send":
                outcome.append(await generator.asend(value))
            elif name == "throw":
                outcome.append(await generator.athrow(value("thrown")))
            else:
                outcome.append(await generator.aclose())  # type: ignore[func-returns-value]
        except BaseException as error:
            outcome.append(shape(error))
    return outcome


def close_quietly(generator: Generator[Any, Any, Any]) -> None:
    for _ in range(10):
        try:
            generator.close()
            return
        except BaseException:
            pass


@given(st.integers(0, 6), STEPS)
@settings(max_examples=400, deadline=None)
def test_a_generator_behaves_as_without_catch(kind: int, steps: list[Step]) -> None:
    bare, caught = behaving(kind), logcapy.catch(behaving)(kind)
    assert seen(caught, steps) == seen(bare, steps)
    close_quietly(caught)
    close_quietly(bare)


@given(st.integers(0, 6), STEPS)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_async_generator_behaves_as_without_catch(kind: int, steps: list[Step]) -> None:
    async def both() -> None:
        bare, caught = behaving_later(kind), logcapy.catch(behaving_later)(kind)
        assert await seen_later(caught, steps) == await seen_later(bare, steps)
        for generator in (bare, caught):
            await seen_later(generator, [("close", None)] * 8)

    asyncio.run(both())


def test_async_generators_that_were_left_are_ended_once_when_the_loop_ends(emitted: Emitted) -> None:
    ended: list[str] = []
    troubles: list[Any] = []

    @logcapy.catch
    async def each() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0.001)
            await asyncio.sleep(0.001)
            ended.append("ended")

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: troubles.append(context))
        kept.extend([each(), each()])
        for generator in kept:
            await anext(generator)

    kept: list[AsyncGenerator[int, None]] = []
    asyncio.run(main())
    assert ended == ["ended", "ended"]
    assert troubles == []
    assert emitted.records() == ()


# --- asyncio, threads, cancellation


def test_a_cancelled_task_is_cancelled_and_not_recorded(emitted: Emitted) -> None:
    @logcapy.catch(reraise=False)
    async def work() -> None:
        async with logcapy.catch(reraise=False):
            with logcapy.catch(BaseException, reraise=False):
                started.set()
                await asyncio.sleep(60)

    async def main() -> bool:
        global started
        started = asyncio.Event()
        task = asyncio.create_task(work())
        await started.wait()
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(main())
    assert emitted.records() == ()


started: asyncio.Event


def test_a_timeout_ends_what_is_caught_and_is_an_error_where_it_is_raised(emitted: Emitted) -> None:
    @logcapy.catch(reraise=False, default="swallowed")
    async def slow() -> str:
        await asyncio.sleep(60)
        return "done"

    @logcapy.catch(reraise=False, default="timed out")
    async def main() -> str:
        return await asyncio.wait_for(slow(), 0.01)

    assert asyncio.run(main()) == "timed out"
    assert str(emitted.attributes()["code.function.name"]).endswith("main")
    assert "TimeoutError" in emitted.attributes()["exception.type"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="TaskGroup is of Python 3.11")
def test_a_task_group_cancels_its_tasks_through_catch_and_only_the_failure_is_recorded(emitted: Emitted) -> None:
    others: list[asyncio.Task[None]] = []

    @logcapy.catch(reraise=False)
    async def waiting() -> None:
        await asyncio.sleep(60)

    @logcapy.catch
    async def failing() -> None:
        await asyncio.sleep(0)
        raise PaymentError("declined")

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            others.extend(group.create_task(waiting()) for _ in range(3))
            group.create_task(failing())

    with pytest.raises(Exception, match="unhandled errors in a TaskGroup"):
        asyncio.run(main())
    assert all(task.cancelled() for task in others)
    assert emitted.attributes()["exception.message"] == "declined"


def test_one_context_manager_serves_nested_blocks_threads_and_tasks_at_once(emitted: Emitted) -> None:
    shared = logcapy.catch(ValueError, reraise=False)
    both = threading.Barrier(8)

    def in_thread(number: int) -> int:
        with shared:
            both.wait(timeout=30)
            with shared:
                raise ValueError(f"inner {number}")
            raise ValueError(f"outer {number}")
        return number

    async def in_task(number: int) -> int:
        async with shared:
            await asyncio.sleep(0)
            raise ValueError(f"task {number}")
        return number

    async def tasks() -> list[int]:
        return await asyncio.gather(*(in_task(number) for number in range(8)))

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(in_thread, range(8))) == list(range(8))
    assert asyncio.run(tasks()) == list(range(8))
    messages = sorted(str((one.log_record.attributes or {})["exception.message"]) for one in emitted.records())
    assert messages == sorted(f"{what} {number}" for what in ("inner", "outer", "task") for number in range(8))
