"""Exceptions of asyncio's tasks and callbacks that nobody retrieved, heard where every loop reports them.

That is ``call_exception_handler`` of the loop's class: it runs before the handler that the application has set, or
the default one, which prints. So no handler is replaced and loops that exist already are heard too. uvloop has a
method of its own. Neither is imported for it: wrapt calls back when the application does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextvars import Context, copy_context
from functools import partial, wraps
from typing import Any

from logcapy._guard import describe_error, say
from logcapy._later import when_imported

from .emitting import logger_of, tell_unhandled

_LOGGER = "logcapy.asyncio"
_METHOD = "call_exception_handler"
_LOOPS = {"asyncio.base_events": "BaseEventLoop", "uvloop": "Loop"}


def install() -> Callable[[], None]:
    """Listen to all loops of this process, now and later; returns what ends it."""
    logger_of(_LOGGER)
    ends = [
        when_imported(module, partial(_listen, module, kind), f"exceptions of {module} are not recorded")
        for module, kind in _LOOPS.items()
    ]

    def remove() -> None:
        for end in ends:
            end()

    return remove


def _listen(module: str, kind: str) -> Callable[[], None]:
    loop_class: Any = getattr(sys.modules[module], kind)
    original = getattr(loop_class, _METHOD)
    inherited = _METHOD not in vars(loop_class)
    active = True

    @wraps(original)
    def call_exception_handler(self: Any, context: dict[str, Any]) -> None:
        if active:
            try:
                _tell(context)
            except Exception as error:  # noqa: BLE001 - the application's handler must run
                say("hook:asyncio", f"an exception of a loop could not be recorded: {describe_error(error)}")
        original(self, context)

    def remove() -> None:
        nonlocal active
        active = False
        if vars(loop_class).get(_METHOD) is not call_exception_handler:
            return
        if inherited:
            delattr(loop_class, _METHOD)
        else:
            setattr(loop_class, _METHOD, original)

    setattr(loop_class, _METHOD, call_exception_handler)
    return remove


def _tell(context: Mapping[str, Any]) -> None:
    exception = context.get("exception")
    if not isinstance(exception, BaseException):  # a message without an exception is logged, or the application's
        return
    message = context.get("message")
    _context_of(context).run(
        tell_unhandled,
        exception,
        body=message if isinstance(message, str) and message else "Unhandled exception in event loop",
        logger_name=_LOGGER,
    )


def _context_of(context: Mapping[str, Any]) -> Context:
    """The context that the work ran in: a task's (Python 3.12 and later tell it), or a callback's.

    A future that nobody asked is reported by its finalizer, which may interrupt any other work: where its own
    context is not known, an empty one is better than that of another request.
    """
    for key in ("task", "future", "handle"):
        owner = context.get(key)
        get_context = getattr(owner, "get_context", None)
        found = get_context() if callable(get_context) else getattr(owner, "_context", None)
        if isinstance(found, Context):
            return found.copy()  # a context that is being run cannot be entered again, its copy can
    return Context() if "future" in context else copy_context()
