"""Exceptions of ``concurrent.futures`` that nobody asked for: Python drops them without a word.

A future keeps its exception in ``_exception``. A descriptor of that name on the class sees it written and read, and
leaves it in the future's ``__dict__``: taken away again, the class is as it was. Wrapping ``result()`` would put a
frame of LogCapy's into every traceback the application prints. Reading is what ``result()``, ``exception()`` and
everything built on them does (``as_completed``, ``map``, ``wrap_future``, ``run_in_executor``, callbacks that ask).

A future that fails gets a guard beside its exception, which reports when it goes with its future. It refers to
nothing that the future does not, so that nothing lives longer. Futures that somebody keeps to the end of the
process are reported there.

What it costs, of the 20 µs and more that submitting to an executor takes: 1.1 µs for each future, 1.5 within a span,
3 more for one that fails.
"""

from __future__ import annotations

import atexit
import os
import sys
import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextvars import Context
from typing import Any

from opentelemetry.trace import NonRecordingSpan, SpanContext, get_current_span, set_span_in_context

from logcapy._guard import describe_error, say
from logcapy.attributes import EXCEPTION_MARK

from .emitting import is_suppressed, logger_of, tell_unhandled

_LOGGER = "logcapy.futures"
_ATTRIBUTE = "_exception"
_GUARD = "_logcapy_guard"
_ORIGIN = "_logcapy_submitted_in"
_REPR = Future.__repr__.__code__

_guards: dict[int, weakref.ref[_Guard]] = {}


def install() -> Callable[[], None]:
    """Watch all futures that fail from now on; returns what ends it.

    Raises:
        TypeError: Somebody else watches them in the same way.
    """
    if _ATTRIBUTE in vars(Future):
        raise TypeError("Future._exception is taken")
    logger_of(_LOGGER)
    watched = _WatchedException()
    setattr(Future, _ATTRIBUTE, watched)
    atexit.register(_report_all)  # after the provider's shutdown was registered, so it runs before that

    def remove() -> None:
        if vars(Future).get(_ATTRIBUTE) is watched:
            delattr(Future, _ATTRIBUTE)
            atexit.unregister(_report_all)
            for guard in _living_guards():
                guard.disarm()

    return remove


class _WatchedException:
    """``Future._exception``, as long as it is watched."""

    def __get__(self, future: Future[Any] | None, owner: object = None) -> BaseException | None:
        if future is None:
            raise AttributeError(_ATTRIBUTE)  # as without this descriptor
        state = future.__dict__
        if _ATTRIBUTE not in state:
            raise AttributeError(_ATTRIBUTE)
        exception: BaseException | None = state[_ATTRIBUTE]
        # To print a future is not to ask for its exception.
        if exception is not None and _GUARD in state and sys._getframe(1).f_code is not _REPR:
            _disarm(state)
        return exception

    def __set__(self, future: Future[Any], exception: BaseException | None) -> None:
        state = future.__dict__
        state[_ATTRIBUTE] = exception
        try:
            if exception is None:
                _note_origin(state)
            else:
                _arm(state, exception)
        except Exception as error:  # noqa: BLE001 - the executor must go on
            say("hook:futures", f"a future could not be watched: {describe_error(error)}")


class _Guard:
    """Reports an exception when it is finalized, unless it was disarmed before."""

    __slots__ = ("__weakref__", "exception", "origin", "pid")

    def __init__(self, exception: BaseException, origin: SpanContext | None) -> None:
        self.exception: BaseException | None = exception
        self.origin = origin
        self.pid = os.getpid()
        _guards[id(self)] = weakref.ref(self)

    def disarm(self) -> None:
        self.exception = None
        _guards.pop(id(self), None)

    def report(self) -> None:
        exception = self.exception
        self.disarm()
        if exception is None or self.pid != os.getpid():  # a forked child has a copy, its parent reports
            return
        context = None
        if self.origin is not None and not _was_seen_in_a_span(exception):
            context = set_span_in_context(NonRecordingSpan(self.origin))
        tell_unhandled(
            exception, body="exception of a future was never retrieved", logger_name=_LOGGER, context=context
        )

    # Bound as defaults: in the last moments of the interpreter the names of a module may be gone.
    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing, empty: type[Context] = Context) -> None:
        if self.exception is None or is_finalizing():
            return
        try:
            empty().run(self.report)  # a finalizer interrupts anybody: the context it runs in is somebody else's
        except Exception as error:  # noqa: BLE001 - it would be printed as an unraisable exception
            say("hook:futures", f"an exception of a future could not be recorded: {describe_error(error)}")


def _note_origin(state: dict[str, Any]) -> None:
    """Remember the span in which a future was made; False where nothing is to be recorded.

    Its ids only: a span would be kept alive for as long as the future is.
    """
    if is_suppressed():
        state[_ORIGIN] = False
        return
    span_context = get_current_span().get_span_context()
    if span_context.is_valid:
        state[_ORIGIN] = span_context


def _arm(state: dict[str, Any], exception: BaseException) -> None:
    _disarm(state)
    origin = state.get(_ORIGIN)
    if origin is False or is_suppressed():
        return
    if isinstance(exception, Exception) and not isinstance(exception, CancelledError):
        state[_GUARD] = _Guard(exception, origin)


def _was_seen_in_a_span(exception: BaseException) -> bool:
    sighting = getattr(exception, "__dict__", {}).get(EXCEPTION_MARK)
    span_context = getattr(sighting, "span_context", None)
    return isinstance(span_context, SpanContext) and span_context.is_valid


def _disarm(state: dict[str, Any]) -> None:
    guard = state.pop(_GUARD, None)
    if guard is not None:
        guard.disarm()


def _living_guards() -> list[_Guard]:
    return [guard for reference in list(_guards.values()) if (guard := reference()) is not None]


def _report_all() -> None:
    for guard in _living_guards():
        Context().run(guard.report)
