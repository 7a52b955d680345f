"""What ``catch`` and ``retry`` do to types: checked by mypy --strict, never run."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator
from typing import Any

from opentelemetry._logs import SeverityNumber
from typing_extensions import assert_type

import logcapy

# --- catch: with reraise, nothing changes


@logcapy.catch
def bare(a: int, *, b: str = "x") -> bytes:
    return b""


@logcapy.catch(ValueError, KeyError, exclude=(FileNotFoundError, PermissionError), level="warning", message="no")
def named(a: int) -> bytes:
    return b""


@logcapy.catch(level=SeverityNumber.INFO, reraise=True)
async def coroutine(a: int) -> bytes:
    return b""


@logcapy.catch((ValueError, KeyError), level=30, exclude=OSError)
def generator(a: int) -> Generator[int, str, bytes]:
    yield 1
    return b""


@logcapy.catch
def iterator() -> Iterator[int]:
    yield 1


@logcapy.catch
async def async_iterator() -> AsyncIterator[int]:
    yield 1


assert_type(bare(1, b="y"), bytes)
assert_type(named(1), bytes)
_ = assert_type(coroutine(1), Coroutine[Any, Any, bytes])
assert_type(generator(1), Generator[int, str, bytes])
assert_type(iterator(), Iterator[int])
assert_type(async_iterator(), AsyncIterator[int])
bare("one")  # type: ignore[arg-type]
bare(1, 2)  # type: ignore[call-arg, arg-type]
partial: functools.partial[bytes] = logcapy.catch(functools.partial(bare, 1))


# --- catch: without reraise, the default may come back


@logcapy.catch(reraise=False)
def or_none(a: int) -> bytes:
    return b""


@logcapy.catch(ValueError, reraise=False, default=-1)
def or_number(a: int) -> bytes:
    return b""


@logcapy.catch(reraise=False, default="")
async def or_text(a: int) -> bytes:
    return b""


@logcapy.catch(reraise=False, default=0)
def generator_or_number(a: int) -> Generator[int, str, bytes]:
    yield 1
    return b""


@logcapy.catch(reraise=False)
async def async_generator(a: int) -> AsyncGenerator[int, str]:
    yield 1


assert_type(or_none(1), bytes | None)
assert_type(or_number(1), bytes | int)
__ = assert_type(or_text(1), Coroutine[Any, Any, bytes | str])
assert_type(generator_or_number(1), Generator[int, str, bytes | int])
assert_type(async_generator(1), AsyncGenerator[int, str])
or_none("one")  # type: ignore[arg-type]


class Service:
    @logcapy.catch
    def method(self, a: int) -> bytes:
        return b""

    @classmethod
    @logcapy.catch(reraise=False)
    def class_method(cls, a: int) -> bytes:
        return b""

    @staticmethod
    @logcapy.catch
    def static_method(a: int) -> bytes:
        return b""

    @property
    @logcapy.catch
    def price(self) -> int:
        return 1


assert_type(Service().method(1), bytes)
assert_type(Service.class_method(1), bytes | None)
assert_type(Service.static_method(1), bytes)
assert_type(Service().price, int)


# --- catch: blocks. What follows a block that swallows can be reached; what follows one that re-raises cannot.


def swallowed() -> int:
    with logcapy.catch(reraise=False):
        return 1
    return 2


def not_swallowed() -> int:
    with logcapy.catch():
        return 1


async def in_async_blocks() -> int:
    async with logcapy.catch(OSError):
        pass
    async with logcapy.catch(OSError, reraise=False):
        return 1
    return 2


def decided_later(reraise: bool) -> int:
    with logcapy.catch(reraise=reraise):
        return 1
    return 2


logcapy.catch("ValueError")  # type: ignore[call-overload]
logcapy.catch(default=1)  # type: ignore[call-overload]


# --- retry: nothing changes


@logcapy.retry(on=OSError, attempts=3, timeout=dt.timedelta(minutes=1))
def again(a: int, *, b: str = "x") -> bytes:
    return b""


@logcapy.retry(on=(OSError, ValueError), attempts=None, timeout=None, wait_initial=0.1, wait_max=5, wait_jitter=1)
async def again_later(a: int) -> bytes:
    return b""


def after(error: Exception) -> dt.timedelta | bool:
    return "busy" in str(error)


decorator: Callable[[Callable[[int], str]], Callable[[int], str]] = logcapy.retry(on=after, wait_exp_base=3)
assert_type(again(1, b="y"), bytes)
_ = assert_type(again_later(1), Coroutine[Any, Any, bytes])
again("one")  # type: ignore[arg-type]


async def attempts() -> None:
    for attempt in logcapy.retry_context(on=OSError, attempts=3):
        with attempt:
            assert_type(attempt.num, int)
            assert_type(attempt.next_wait, float)
    async for attempt in logcapy.retry_context(after):
        with attempt:
            await again_later(attempt.num)
