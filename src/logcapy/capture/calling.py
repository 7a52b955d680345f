"""A function, called so that its failure is seen: each kind of function by one of its own kind.

Whoever asks ``inspect`` (web frameworks, pytest) gets the same answer as for the function itself.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any, TypeAlias

from .call_site import is_kind, without_own_frames

#: Told of an exception with the arguments of the call; True if the exception ends here.
Told: TypeAlias = Callable[[BaseException, tuple[Any, ...], dict[str, Any]], bool]
Function: TypeAlias = Callable[..., Any]


def caller_of(function: Function, told: Told, default: Any) -> Function:
    """What calls ``function`` in its place, and is of its kind.

    Args:
        function: A function, a coroutine function, a generator or an async generator function, or an object that
            is called like one of them.
        told: Asked about each exception that comes out. No frame of this module is in its traceback.
        default: What the call returns where the exception ends; a generator ends with it.
    """
    if is_kind(inspect.iscoroutinefunction, function):
        return _coroutine(function, told, default)
    if is_kind(inspect.isasyncgenfunction, function):
        return _async_generator(function, told)
    if is_kind(inspect.isgeneratorfunction, function):
        return _generator(function, told, default)
    return _plain(function, told, default)


def _clean(error: BaseException) -> BaseException:
    return without_own_frames(error, globals())


def _plain(function: Function, told: Told, default: Any) -> Function:
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except BaseException as error:  # `told` knows which ones are meant
            if not told(_clean(error), args, kwargs):
                raise
            return default

    return call


def _coroutine(function: Function, told: Told, default: Any) -> Function:
    async def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return await function(*args, **kwargs)
        except BaseException as error:
            if not told(_clean(error), args, kwargs):
                raise
            return default

    return call


def _generator(function: Function, told: Told, default: Any) -> Function:
    # Not `yield from`, which answers a GeneratorExit thrown in by itself: the generator could not tell the difference.
    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        value: Any = None
        try:
            generator = function(*args, **kwargs)
            resume = generator.send
            while True:
                try:
                    item = resume(value)
                except StopIteration as end:
                    return end.value
                try:
                    value = yield item
                    resume = generator.send
                except BaseException as thrown:  # noqa: BLE001 - it goes to the generator, outside of this handler
                    value, resume = _clean(thrown), generator.throw
        except BaseException as error:
            value = None  # it may be the error, whose traceback may hold this frame
            if not told(_clean(error), args, kwargs):
                raise
            return default

    return call


def _async_generator(function: Function, told: Told) -> Function:
    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        step: Awaitable[Any] | None = None
        try:
            generator = function(*args, **kwargs)
            step = _first_step(generator)
            while True:
                try:
                    item = await step
                except StopAsyncIteration:
                    return
                try:
                    value = yield item
                    step = generator.asend(value)
                except BaseException as thrown:  # noqa: BLE001 - it goes to the generator, outside of this handler
                    step = generator.athrow(_clean(thrown))
        except BaseException as error:
            step = None
            if not told(_clean(error), args, kwargs):
                raise

    return call


def _first_step(generator: AsyncGenerator[Any, Any]) -> Awaitable[Any]:
    """Begin a generator without the event loop's knowledge, which ends those it knows of, all at the same time.

    The generator around it is known to the loop and ends it in turn. The hooks are read when ``asend`` is called
    (Python's Objects/genobject.c, ``async_gen_init_hooks``).
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        return generator.asend(None)
    finally:
        sys.set_asyncgen_hooks(*hooks)
