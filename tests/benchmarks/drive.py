"""Does a piece of work: the calls of one thread, of several, or of asyncio's tasks."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import cache

from .setups import Opened
from .works import Call, Work

_AWAIT_EVERY = 10


@dataclass
class Share:
    """What the calls took, in seconds: of the clock, and of the processor in the threads that made them."""

    wall: float = 0.0
    cpu: float = 0.0


def drive(opened: Opened, call: Call, work: Work, records: int) -> Share:
    """Log so many records. What opens and ends spans, and drains after a burst, is not of the calls."""
    share = Share()
    size = work.burst or work.per_span or records
    for first in range(0, records, size):
        numbers = range(first, min(first + size, records))
        with opened.span():
            began = time.perf_counter()
            share.cpu += _in_the_manner_of(work, call, numbers)
            share.wall += time.perf_counter() - began
        if work.burst:
            opened.drain()
    return share


def _in_the_manner_of(work: Work, call: Call, numbers: range) -> float:
    if work.threads > 1:
        return _in_threads(call, numbers, work.threads)
    return _in_tasks(call, numbers, work.tasks) if work.tasks else _in_turn(call, numbers)


def _in_turn(call: Call, numbers: range) -> float:
    began = time.thread_time()
    for number in numbers:
        call(number)
    return time.thread_time() - began


def _in_threads(call: Call, numbers: range, threads: int) -> float:
    """All begin together, and were there before: what a thread takes to be made is not what a record takes."""
    together = threading.Barrier(threads)

    def run(mine: range) -> float:
        together.wait()
        return _in_turn(call, mine)

    pool = _pool(threads)
    begun = [pool.submit(copy_context().run, run, numbers[number::threads]) for number in range(threads)]
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
