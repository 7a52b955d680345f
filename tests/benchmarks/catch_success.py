"""What ``@logcapy.catch`` costs a call that does not fail, beside a wrapper that only calls.

Run: python tests/benchmarks/catch_success.py [ROUNDS]. Bare wrapper and catch take turns within a round; each figure is
the median of the rounds in nanoseconds a call (a step, for generators), with the least and the greatest.
"""

from __future__ import annotations

import asyncio
import functools
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any

import logcapy

CALLS = 50_000


def plain(a: int, b: int = 2) -> int:
    return a


async def coroutine(a: int, b: int = 2) -> int:
    return a


def generator(a: int, b: int = 2) -> Generator[int, None, None]:
    for number in range(a):  # noqa: UP028 - a step of this generator is what is measured
        yield number


async def async_generator(a: int, b: int = 2) -> AsyncGenerator[int, None]:
    for number in range(a):
        yield number


@functools.wraps(plain)
def bare_plain(*args: Any, **kwargs: Any) -> int:
    return plain(*args, **kwargs)


@functools.wraps(coroutine)
async def bare_coroutine(*args: Any, **kwargs: Any) -> int:
    return await coroutine(*args, **kwargs)


@functools.wraps(generator)
def bare_generator(*args: Any, **kwargs: Any) -> Generator[int, None, None]:
    return (yield from generator(*args, **kwargs))


@functools.wraps(async_generator)
async def bare_async_generator(*args: Any, **kwargs: Any) -> AsyncGenerator[int, None]:
    async for item in async_generator(*args, **kwargs):
        yield item


def timed_calls(function: Callable[..., Any]) -> float:
    started = time.perf_counter_ns()
    for _ in range(CALLS):
        function(1, b=2)
    return (time.perf_counter_ns() - started) / CALLS


def timed_block(enter: Callable[[], Any]) -> float:
    started = time.perf_counter_ns()
    for _ in range(CALLS):
        with enter():
            pass
    return (time.perf_counter_ns() - started) / CALLS


def timed_steps(function: Callable[..., Any]) -> float:
    started = time.perf_counter_ns()
    for _ in function(CALLS):
        pass
    return (time.perf_counter_ns() - started) / CALLS


def timed_later(run: Callable[[Callable[..., Any]], Coroutine[Any, Any, None]], function: Callable[..., Any]) -> float:
    started = time.perf_counter_ns()
    asyncio.run(run(function))
    return (time.perf_counter_ns() - started) / CALLS


async def awaited(function: Callable[..., Any]) -> None:
    for _ in range(CALLS):
        await function(1, b=2)


async def drained(function: Callable[..., Any]) -> None:
    async for _ in function(CALLS):
        pass


class Bare:
    """A context manager that does nothing."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        pass


bare, shared = Bare(), logcapy.catch()
caught_plain, caught_coroutine = logcapy.catch(plain), logcapy.catch(coroutine)
caught_generator, caught_async_generator = logcapy.catch(generator), logcapy.catch(async_generator)
PAIRS: dict[str, tuple[Callable[[], float], Callable[[], float]]] = {
    "function": (lambda: timed_calls(bare_plain), lambda: timed_calls(caught_plain)),
    "coroutine": (
        lambda: timed_later(awaited, bare_coroutine),
        lambda: timed_later(awaited, caught_coroutine),
    ),
    "generator, a step": (lambda: timed_steps(bare_generator), lambda: timed_steps(caught_generator)),
    "async generator, a step": (
        lambda: timed_later(drained, bare_async_generator),
        lambda: timed_later(drained, caught_async_generator),
    ),
    "block": (lambda: timed_block(lambda: bare), lambda: timed_block(lambda: shared)),
}


def spread(figures: list[float]) -> str:
    return f"{statistics.median(figures):7.0f} [{min(figures):5.0f} .. {max(figures):5.0f}]"


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    print(f"{'nanoseconds':<24} {'bare':>23} {'catch':>23} {'difference':>23}")
    for name, (run_bare, run_catch) in PAIRS.items():
        figures = [(run_bare(), run_catch()) for _ in range(rounds)]
        columns = [[one for one, _ in figures], [one for _, one in figures], [two - one for one, two in figures]]
        print(f"{name:<24} " + " ".join(f"{spread(column):>23}" for column in columns))


if __name__ == "__main__":
    main()
