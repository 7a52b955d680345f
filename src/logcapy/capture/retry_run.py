"""One run through the attempts of ``logcapy.retry``. stamina decides, waits and raises; what is here looks on.

So its test mode and its switch work as they do for stamina itself. Importing it takes some 15 ms: that is left to
the first run.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import AsyncIterator, Callable, Iterator
from inspect import iscoroutinefunction
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from .call_site import CallSite, is_kind, without_own_frames
from .failed_attempt import tell_of_failed_attempt
from .retry_hook import hook_once, running

if TYPE_CHECKING:
    import stamina

Seconds: TypeAlias = "float | dt.timedelta"
RetryOn: TypeAlias = (
    "type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool | float | dt.timedelta]"
)


class RetrySettings(NamedTuple):
    """What :func:`logcapy.retry` says of its arguments."""

    on: RetryOn
    attempts: int | None
    timeout: Seconds | None
    wait_initial: Seconds
    wait_max: Seconds
    wait_jitter: Seconds
    wait_exp_base: float


class Attempt:
    """One attempt: ``with attempt: ...`` around what may fail."""

    __slots__ = ("_attempt", "_run")

    def __init__(self, attempt: stamina.Attempt, run: Run) -> None:
        self._attempt = attempt
        self._run = run

    @property
    def num(self) -> int:
        """Which one it is, counted from 1."""
        return self._attempt.num

    @property
    def next_wait(self) -> float:
        """The seconds up to the next attempt if this one fails, without jitter."""
        return self._attempt.next_wait

    def __enter__(self) -> None:
        self._attempt.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        if error is not None:
            self._run.failed(error, self.num)
        return self._attempt.__exit__(kind, error, traceback)


class Run:
    """One run through the attempts, sync or async, from the first one on."""

    def __init__(
        self, settings: RetrySettings, site: CallSite, arguments: tuple[tuple[Any, ...], dict[str, Any]] | None = None
    ) -> None:
        import stamina

        hook_once()
        self._on = settings.on
        self._limit = None if stamina.is_testing() else settings.attempts  # a test mode has a limit of its own
        self._site = site
        self._failure: BaseException | None = None
        self._traceback: TracebackType | None = None
        self._number = 0
        self._failed_at = 0.0
        self._is_retried = False
        self._is_told = True
        self._context = stamina.retry_context(**{**settings._asdict(), "on": self._decide})
        name = getattr(self._context, "with_name", None)
        if arguments is not None and name is not None:  # so that stamina's other hooks know the function
            self._context = name(site.full_name, *arguments)
        self._sync: Iterator[stamina.Attempt] | None = None
        self._async: AsyncIterator[stamina.Attempt] | None = None

    def __iter__(self) -> Iterator[Attempt]:
        self._sync = iter(self._context)
        return self

    def __next__(self) -> Attempt:
        assert self._sync is not None
        before = running.get()
        running.set(self)
        try:
            attempt = next(self._sync)
        except BaseException as error:
            self._ended(error)
            raise
        finally:
            running.set(before)
        return self._begun(attempt)

    def __aiter__(self) -> AsyncIterator[Attempt]:
        self._async = aiter(self._context)
        return self

    async def __anext__(self) -> Attempt:
        assert self._async is not None
        before = running.get()
        running.set(self)
        try:
            attempt = await anext(self._async)
        except BaseException as error:
            self._ended(error)
            raise
        finally:
            running.set(before)
        return self._begun(attempt)

    def failed(self, error: BaseException, number: int) -> None:
        """An attempt has ended with an exception."""
        without_own_frames(error, globals())
        self._failure, self._traceback, self._number = error, error.__traceback__, number
        self._failed_at = time.monotonic()
        self._is_retried, self._is_told = False, False

    def tell_of_retry(self, wait_seconds: float) -> None:
        """What the hook calls: there will be another attempt."""
        self._tell(wait_seconds)

    def _decide(self, error: BaseException) -> bool | float | dt.timedelta:
        on = self._on
        if not isinstance(error, Exception):  # a function that says yes to all must not undo a cancellation
            return False
        decision = isinstance(error, on) if isinstance(on, (type, tuple)) else on(error)
        self._is_retried = decision is not False and decision is not None
        return decision

    def _begun(self, attempt: stamina.Attempt) -> Attempt:
        if not self._is_told:  # the application has set hooks that are not ours: told late, but told
            self._tell(time.monotonic() - self._failed_at)
        self._failure = self._traceback = None
        return Attempt(attempt, self)

    def _ended(self, error: BaseException) -> None:
        """The attempts are over. What ends them may be another exception, such as a cancelled wait."""
        if error is self._failure:
            error.with_traceback(self._traceback)  # without the frames of who raised it again
            if self._is_retried:
                self._tell(None)
        self._failure = self._traceback = None

    def _tell(self, wait_seconds: float | None) -> None:
        self._is_told = True
        if self._failure is not None:
            tell_of_failed_attempt(
                self._failure,
                number=self._number,
                of=self._limit,
                wait_seconds=wait_seconds,
                logger_name=self._site.module,
                attributes=self._site.attributes(self._traceback),
            )


def retried(function: Callable[..., Any], settings: RetrySettings, site: CallSite) -> Callable[..., Any]:
    """What calls ``function``, as often as needed, in its place."""

    async def call_async(*args: Any, **kwargs: Any) -> Any:
        async for attempt in Run(settings, site, (args, kwargs)):
            with attempt:
                return await function(*args, **kwargs)
        return None  # for the type checker: attempts end by an exception

    def call(*args: Any, **kwargs: Any) -> Any:
        for attempt in Run(settings, site, (args, kwargs)):
            with attempt:
                return function(*args, **kwargs)
        return None  # as above

    return call_async if is_kind(iscoroutinefunction, function) else call
