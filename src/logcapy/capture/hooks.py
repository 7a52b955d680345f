"""Exceptions that nobody logs, heard where the interpreter reports them.

Each hook calls the one that was there before, so that the console shows what it shows without LogCapy. It can be
taken away, also when somebody has put another one in front of it: then it stays in the chain and does nothing.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import partial, wraps
from types import BuiltinFunctionType, FunctionType, MethodType, TracebackType
from typing import Any

from opentelemetry._logs import SeverityNumber

from logcapy._guard import describe_error, say, say_once
from logcapy.attributes import THREAD_ID, THREAD_NAME, UNRAISABLE_MESSAGE, UNRAISABLE_OBJECT

from . import future_hooks, loop_hooks
from .emitting import logger_of, tell_unhandled

_MAIN = "logcapy.excepthook"
_THREAD = "logcapy.threading"
_UNRAISABLE = "logcapy.unraisablehook"
_FUNCTIONS = (FunctionType, MethodType, BuiltinFunctionType)

_remove_installed: Callable[[], None] | None = None


def install_hooks(flush: Callable[[], object]) -> Callable[[], None]:
    """Record the exceptions that end the process, a thread, a finalizer, a task or a future without being handled.

    Installing again takes the place of what was installed before.

    Args:
        flush: Sends what waits, in bounded time; called where the process is about to end of an exception.

    Returns:
        What takes the hooks away. Calling it twice is harmless.
    """
    global _remove_installed
    if _remove_installed is not None:
        _remove_installed()
    removers: list[Callable[[], None]] = []
    for name, install in (
        ("sys.excepthook", partial(_chain, sys, "excepthook", _MAIN, partial(_tell_uncaught, flush))),
        ("threading.excepthook", partial(_chain, threading, "excepthook", _THREAD, _tell_thread)),
        ("sys.unraisablehook", partial(_chain, sys, "unraisablehook", _UNRAISABLE, _tell_unraisable)),
        ("asyncio", loop_hooks.install),
        ("concurrent.futures", future_hooks.install),
    ):
        try:
            removers.append(install())
        except Exception as error:  # noqa: BLE001 - the application runs without it
            say_once(f"hook:{name}", f"exceptions of {name} are not recorded: {describe_error(error)}")

    def remove() -> None:
        while removers:
            removers.pop()()

    _remove_installed = remove
    return remove


def _chain(owner: Any, name: str, logger_name: str, tell: Callable[..., None]) -> Callable[[], None]:
    """Put a hook in front of the one that is there; returns what takes it away."""
    previous = getattr(owner, name)
    logger_of(logger_name)
    # Bound here: in the last moments of the interpreter the names of a module may be gone.
    is_finalizing = sys.is_finalizing
    active = True

    @wraps(previous)
    def hook(*args: Any) -> None:
        if active and not is_finalizing():
            try:
                tell(*args)
            except BaseException as error:  # noqa: BLE001 - also who loses patience with a flush: the next hook must run
                say(f"hook:{name}", f"{name} could not record an exception: {describe_error(error)}")
        previous(*args)

    def remove() -> None:
        nonlocal active
        active = False
        if getattr(owner, name) is hook:
            setattr(owner, name, previous)

    setattr(owner, name, hook)
    return remove


def _tell_uncaught(
    flush: Callable[[], object],
    kind: type[BaseException],  # noqa: ARG001 - the hook's signature
    exception: BaseException | None,
    trace: TracebackType | None,  # noqa: ARG001 - the hook's signature
) -> None:
    """An exception that ends the process: FATAL, and sent before it does.

    Ctrl-C is a wish, not an error. A hook that is called in another thread, as `threading` does when its own hook
    fails, ends nothing.
    """
    if exception is None or isinstance(exception, (KeyboardInterrupt, SystemExit)):
        return
    ends_process = threading.get_ident() == threading.main_thread().ident
    severity = SeverityNumber.FATAL if ends_process else SeverityNumber.ERROR
    told = tell_unhandled(exception, body="uncaught exception", logger_name=_MAIN, severity=severity)
    if told and ends_process:
        flush()


def _tell_thread(args: threading.ExceptHookArgs) -> None:
    """An exception that ends a thread; SystemExit is how a thread ends itself."""
    exception, thread = args.exc_value, args.thread
    if exception is None or isinstance(exception, SystemExit):
        return
    attributes: dict[str, Any] = {}
    if thread is not None:
        attributes = {THREAD_NAME: thread.name, THREAD_ID: thread.ident}
    tell_unhandled(exception, body="uncaught exception in a thread", logger_name=_THREAD, attributes=attributes)


def _tell_unraisable(unraisable: sys.UnraisableHookArgs) -> None:
    """An exception that has nowhere to go, of ``__del__``, a weak reference's or an atexit callback.

    The object is named and never kept: that would bring it back to life, as `sys.unraisablehook` warns.
    """
    exception = unraisable.exc_value
    if exception is None:
        return
    attributes = {UNRAISABLE_MESSAGE: unraisable.err_msg or "Exception ignored in"}
    if unraisable.object is not None:
        attributes[UNRAISABLE_OBJECT] = _name_of(unraisable.object)
    tell_unhandled(exception, body="exception ignored", logger_name=_UNRAISABLE, attributes=attributes)


def _name_of(value: object) -> str:
    """The qualified name of a function, or of the type of another object, whose own code is not run for it."""
    named = value if isinstance(value, _FUNCTIONS) else type(value)
    return f"{named.__module__}.{named.__qualname__}"
