"""Does a piece of work: the calls of one thread, of several, or of asyncio's tasks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from .setups import Opened
from .works import Call, Work

_AWAIT_EVERY = 10


class Moment(NamedTuple):
    """A moment, in seconds: of the clock, and of all processor time of the process."""

    clock: float
    processor: float

    @classmethod
    def now(cls) -> Moment:
        return cls(time.perf_counter(), time.process_time())


@dataclass
class Share:
    """What the calls took, in seconds: of the clock, and of the processor in the threads that made them.

    Args:
        wall: Of the clock.
        cpu: Of the processor.
        began: Before the first call, when whoever calls was there.
    """

    wall: float
    cpu: float
    began: Moment


def drive(opened: Opened, call: Call, work: Work, records: int) -> Share:
    """Log so many records. What opens and ends spans, and drains after a burst, is not of the calls."""
    wall = cpu = 0.0
    starts: list[Moment] = []
    size = work.burst or work.per_span or records

    def begin() -> None:
        starts.append(Moment.now())

    for first in range(0, records, size):
        numbers = range(first, min(first + size, records))
        with opened.span():
            cpu += _in_the_manner_of(work, call, numbers, begin)
            wall += time.perf_counter() - starts[-1].clock
        if work.burst:
            opened.drain()
    return Share(wall, cpu, starts[0])


def _in_the_manner_of(work: Work, call: Call, numbers: range, begin: Callable[[], None]) -> float:
    if work.threads > 1:
        return _in_threads(call, numbers, work.threads, begin)
    begin()
    return _in_tasks(call, numbers, work.tasks) if work.tasks else _in_turn(call, numbers)


def _in_turn(call: Call, numbers: range) -> float:
    began = time.thread_time()
    for number in numbers:
        call(number)
    return time.thread_time() - began


def _in_threads(call: Call, numbers: range, threads: int, begin: Callable[[], None]) -> float:
    """All begin together, when all are there: what it takes to make threads and to wake them no record takes."""
    together = threading.Barrier(threads, begin)

    def run(mine: range) -> float:
        together.wait()
        return _in_turn(call, mine)

    pool = _pool(threads)
    begun = [pool.submit(copy_context().run, run, numbers[number::threads]) for number in range(threads)]
    wait(begun)  # at once: whoever asks one after the other wants the interpreter in between
    return sum(one.result() for one in begun)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)


def _in_tasks(call: Call, numbers: range, tasks: int) -> float:
    async def run(mine: range) -> None:
        for done, number in enumerate(mine, 1):
            call(number)
            if done % _AWAIT_EVERY == 0:
                await asyncio.sleep(0)

    async def all_of_them() -> None:
        await asyncio.gather(*(run(numbers[number::tasks]) for number in range(tasks)))

    began = time.thread_time()
    asyncio.run(all_of_them())
    return time.thread_time() - began
