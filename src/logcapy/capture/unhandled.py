"""Exceptions that nobody handled, told from places where almost nothing may be done: hooks and finalizers."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from opentelemetry._logs import SeverityNumber
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, Context, get_current

from .emitting import emit_exception

#: What a thread is telling of just now: a finalizer that fails while an exception is formatted is not told of.
_this_thread = threading.local()


def is_suppressed() -> bool:
    """Whether the current context belongs to somebody who exports: nothing that happens there is recorded."""
    return bool(get_current().get(_SUPPRESS_INSTRUMENTATION_KEY))


def tell_unhandled(
    exception: BaseException,
    *,
    body: str,
    logger_name: str,
    severity: SeverityNumber = SeverityNumber.ERROR,
    attributes: Mapping[str, Any] | None = None,
    context: Context | None = None,
) -> bool:
    """Emit a record of an exception that nobody handled, in the current context. Never raises.

    Args:
        exception: What happened.
        body: What it means, in a sentence.
        logger_name: The name of the instrumentation scope.
        severity: FATAL where the process ends of it.
        attributes: More to tell.
        context: Where it happened, if not in the current context.

    Returns:
        False where nothing was told: while exporting, and while this thread tells of another exception.
    """
    if is_suppressed() or getattr(_this_thread, "telling", False):
        return False
    _this_thread.telling = True
    try:
        emit_exception(
            exception,
            body=body,
            logger_name=logger_name,
            severity=severity,
            attributes=attributes,
            context=context,
        )
    finally:
        _this_thread.telling = False
    return True
