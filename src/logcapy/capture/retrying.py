"""``logcapy.retry``: stamina's retries, each failed attempt told of."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from functools import update_wrapper
from inspect import isasyncgenfunction, isgeneratorfunction
from typing import Any, ParamSpec, TypeVar

from logcapy.errors import ConfigError

from .call_site import CallSite, is_kind, site_of_frame, site_of_function
from .retry_run import Attempt, RetryOn, RetrySettings, Run, Seconds, retried

_P = ParamSpec("_P")
_R = TypeVar("_R")


class RetryContext:
    """What :func:`retry_context` returns: attempts to iterate over, by ``for`` or ``async for``."""

    def __init__(self, settings: RetrySettings, site: CallSite) -> None:
        self._settings = settings
        self._site = site

    def __iter__(self) -> Iterator[Attempt]:
        return iter(Run(self._settings, self._site))

    def __aiter__(self) -> AsyncIterator[Attempt]:
        return aiter(Run(self._settings, self._site))


def retry_context(
    on: RetryOn,
    attempts: int | None = 10,
    timeout: Seconds | None = 45.0,
    wait_initial: Seconds = 0.1,
    wait_max: Seconds = 5.0,
    wait_jitter: Seconds = 1.0,
    wait_exp_base: float = 2,
) -> RetryContext:
    """Try a block again when it fails.

    ::

        for attempt in logcapy.retry_context(on=OSError, attempts=3):  # or `async for`
            with attempt:
                send()

    Args:
        on: As for :func:`retry`, and so are the others.
        attempts: See there.
        timeout: See there.
        wait_initial: See there.
        wait_max: See there.
        wait_jitter: See there.
        wait_exp_base: See there.

    Raises:
        ConfigError: An argument has a value that cannot be used.
    """
    settings = RetrySettings(on, attempts, timeout, wait_initial, wait_max, wait_jitter, wait_exp_base)
    return RetryContext(_checked(settings), site_of_frame(sys._getframe(1)))


def retry(
    *,
    on: RetryOn,
    attempts: int | None = 10,
    timeout: Seconds | None = 45.0,
    wait_initial: Seconds = 0.1,
    wait_max: Seconds = 5.0,
    wait_jitter: Seconds = 1.0,
    wait_exp_base: float = 2,
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Call a function or coroutine function again when it fails, with exponential backoff and jitter, by stamina.

    Each failed attempt is a log record (WARN; the last one ERROR) and an event ``logcapy.retry`` of the current span,
    with its number, the wait and the exception. An exception that is not retried passes unrecorded. The last one is
    raised as it is.

    The wait before attempt n+1 is ``min(wait_max, wait_initial * wait_exp_base**(n-1) + random(0, wait_jitter))``.

    Args:
        on: What is retried: an exception class, several, or a function that is asked about each exception; it answers
            whether to retry or, with stamina 25.2 or later, after how long (seconds or a timedelta).
        attempts: How many calls at most, the first included. None: no limit.
        timeout: Seconds after which no further attempt is made. None: no limit.
        wait_initial: Seconds.
        wait_max: Seconds.
        wait_jitter: Seconds.
        wait_exp_base: By how much the wait grows.

    Raises:
        ConfigError: An argument has a value that cannot be used.
        TypeError: What was decorated is no function, or a generator, which would yield the same again.
    """
    settings = _checked(RetrySettings(on, attempts, timeout, wait_initial, wait_max, wait_jitter, wait_exp_base))

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        return _decorated(function, settings)  # type: ignore[no-any-return]

    return decorate


def _decorated(function: Any, settings: RetrySettings) -> Any:
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(_decorated(function.__func__, settings))
    if isinstance(function, type) or not callable(function):
        raise TypeError(f"retry cannot decorate {function!r}: a function or a method is needed")
    if is_kind(isgeneratorfunction, function) or is_kind(isasyncgenfunction, function):
        raise TypeError(f"retry cannot decorate the generator {function!r}: use retry_context inside it")
    site = site_of_function(function)
    call = retried(function, settings, site)
    call.__name__, call.__qualname__ = site.name.rpartition(".")[2], site.name
    return update_wrapper(call, function)


def _checked(settings: RetrySettings) -> RetrySettings:
    on: Any = settings.on
    attempts: Any = settings.attempts
    classes = on if isinstance(on, tuple) else (on,)
    are_exceptions = all(isinstance(one, type) and issubclass(one, Exception) for one in classes)
    if not are_exceptions and (isinstance(on, (type, tuple)) or not callable(on)):
        raise ConfigError("on", on, "a subclass of Exception, a tuple of them, or a function that takes an exception")
    if attempts is not None and (type(attempts) is not int or attempts < 1):
        raise ConfigError("attempts", attempts, "a number from 1 up, or None for no limit")
    if not (_is_length(settings.timeout) or settings.timeout is None):
        raise ConfigError("timeout", settings.timeout, "seconds from 0 up, a timedelta, or None for no limit")
    for name in ("wait_initial", "wait_max", "wait_jitter"):
        if not _is_length(getattr(settings, name)):
            raise ConfigError(name, getattr(settings, name), "seconds from 0 up, or a timedelta")
    base: Any = settings.wait_exp_base
    if isinstance(base, dt.timedelta) or not _is_length(base):
        raise ConfigError("wait_exp_base", base, "a number from 0 up")
    return settings


def _is_length(value: Any) -> bool:
    seconds = value.total_seconds() if isinstance(value, dt.timedelta) else value
    return type(seconds) in (int, float) and seconds >= 0
