"""stamina's instrumentation hook: who uses stamina by itself gets a record of each failed attempt too.

Importing stamina takes some 15 ms, so it is not imported here before somebody needs it.
Source: https://stamina.hynek.me/en/stable/instrumentation.html
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Protocol

from logcapy.attributes import CODE_FUNCTION_NAME

from .failed_attempt import tell_of_failed_attempt

if TYPE_CHECKING:
    from stamina.instrumentation import RetryDetails

_LOGGER: Final = "stamina"


class Attempts(Protocol):
    """One run of ``logcapy.retry``, which knows more of a failed attempt than the hook is told."""

    def tell_of_retry(self, wait_seconds: float) -> None:
        """The attempt failed and there will be another."""


#: The run that stamina works for at the moment, if it is one of ``logcapy.retry``.
running: ContextVar[Attempts | None] = ContextVar("logcapy_retry", default=None)


def on_retry(details: RetryDetails) -> None:
    """What stamina calls when an attempt has failed and another is scheduled. Never raises."""
    attempts = running.get()
    if attempts is not None:
        attempts.tell_of_retry(details.wait_for)
        return
    tell_of_failed_attempt(
        details.caused_by,
        number=details.retry_num,
        of=None,
        wait_seconds=details.wait_for,
        logger_name=_LOGGER,
        attributes={} if details.name.startswith("<") else {CODE_FUNCTION_NAME: details.name},
    )


def install_retry_hook() -> Callable[[], None]:
    """Add :func:`on_retry` to stamina's hooks.

    stamina's own hooks and those the application has set stay. Hooks that the application sets later replace all,
    as ``stamina.instrumentation.set_on_retry_hooks`` says.

    Returns:
        What takes it away again.
    """
    hook_once()
    return _uninstall


def hook_once() -> None:
    """Add :func:`on_retry` unless that was done: a user's own hooks, set since then, stay as they are."""
    global _added
    from stamina.instrumentation import set_on_retry_hooks

    with _lock:
        if not _added:
            present = tuple(_present_hooks())
            if on_retry not in present:
                set_on_retry_hooks((*present, on_retry))
            _added = True


def _uninstall() -> None:
    global _added
    if not _added:
        return
    from stamina.instrumentation import set_on_retry_hooks

    with _lock:
        _added = False
        present = tuple(_present_hooks())
        if on_retry in present:
            set_on_retry_hooks(tuple(hook for hook in present if hook is not on_retry))


def _present_hooks() -> Iterable[Any]:
    """The hooks as they are set, factories not yet called: that would import structlog or prometheus_client now.

    The public ``get_on_retry_hooks`` calls them; it serves where the configuration is not kept as in stamina 26.1.
    """
    from stamina import instrumentation

    config = getattr(sys.modules.get("stamina._config"), "CONFIG", None)
    present: object = getattr(config, "_on_retry", ...)
    if isinstance(present, tuple):
        return present
    if present is not None:
        return instrumentation.get_on_retry_hooks()
    log = instrumentation.StructlogOnRetryHook if find_spec("structlog") else instrumentation.LoggingOnRetryHook
    return (instrumentation.PrometheusOnRetryHook, log) if find_spec("prometheus_client") else (log,)


_lock = threading.Lock()
_added = False
