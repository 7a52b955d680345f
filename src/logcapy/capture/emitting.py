"""An exception becomes a log record by itself, where no logging call tells of it.

One that nobody handled is told from places where almost nothing may be done: hooks and finalizers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from opentelemetry._logs import Logger, LoggerProvider, LogRecord, SeverityNumber
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, Context, get_current

from logcapy._guard import describe_error, say

from .direct import current_provider
from .handing_on import emit

_loggers: dict[str, tuple[LoggerProvider, Logger]] = {}


def logger_of(name: str) -> Logger:
    """The logger of a name, of the provider that LogCapy works for, else of the global one.

    The provider is asked once: it holds a lock while it answers, and a finalizer that tells of an exception may have
    interrupted the very thread that holds it.
    """
    provider = current_provider()
    known = _loggers.get(name)
    if known is None or known[0] is not provider:
        known = _loggers[name] = (provider, provider.get_logger(name))
    return known[1]


def emit_exception(
    exception: BaseException,
    *,
    body: str,
    logger_name: str,
    severity: SeverityNumber = SeverityNumber.ERROR,
    event_name: str | None = "exception",
    attributes: Mapping[str, Any] | None = None,
    context: Context | None = None,
) -> None:
    """Emit a record that tells of an exception. Never raises.

    It goes to the LoggerProvider that LogCapy works for, else the global one. If another record has told of the same
    exception, it refers to that one.

    Args:
        exception: What happened.
        body: What it means, in a sentence; holds nothing of the exception's own text.
        logger_name: The name of the instrumentation scope.
        severity: FATAL where the process ends of it, ERROR where nobody handled it, WARN where somebody will.
        event_name: The event's name in the semantic conventions.
        attributes: More to tell.
        context: Where it happened. Default: the current context.
    """
    try:
        now = time.time_ns()
        record = LogRecord(
            timestamp=now,
            observed_timestamp=now,
            context=context,
            severity_number=severity,
            severity_text=severity.name.rstrip("234"),
            body=body,
            attributes=dict(attributes or {}),
            event_name=event_name,
        )
        logger = logger_of(logger_name)
        emit(logger, current_provider(), record, exception)
    except Exception as error:  # noqa: BLE001 - telling of an exception must not raise another
        say("emit_exception", f"an exception could not be recorded: {describe_error(error)}")


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
