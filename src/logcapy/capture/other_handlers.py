"""Other handlers that send the same records to the same provider: with ours beside them each record would go twice."""

from __future__ import annotations

import logging

from opentelemetry._logs import LoggerProvider, get_logger_provider

from logcapy._guard import say_once

_THEIRS = {
    "opentelemetry.instrumentation.logging.handler": "opentelemetry-instrumentation-logging's handler",
    "opentelemetry.sdk._logs._internal": "the SDK's LoggingHandler",
    "logcapy.capture.stdlib": "the LogCapyHandler",
}


class StandInForOthers:
    """Keeps the root logger free of other handlers that do what LogCapy does; says so once.

    :meth:`look` is called with each record, so that a handler that the application adds later is found too: as long
    as the list of handlers is the one that was looked at last, that is one comparison.

    Args:
        provider: The provider that LogCapy sends to; a handler that sends to another one stays.
    """

    def __init__(self, provider: LoggerProvider) -> None:
        self._provider = provider
        self._root = logging.getLogger()
        self._looked_at: list[logging.Handler] | None = None

    def look(self) -> None:
        """Take away what sends the records that LogCapy sends."""
        if self._root.handlers == self._looked_at:
            return
        for handler in list(self._root.handlers):
            theirs = _sends_to(self._provider, handler)
            if theirs is not None:
                self._root.removeHandler(handler)
                handler.flush = _nothing  # type: ignore[method-assign]
                say_once(
                    f"stands in for {theirs}",
                    f"takes the place of {theirs} on the root logger, so that no record is sent twice",
                )
        self._looked_at = list(self._root.handlers)


def _sends_to(ours: LoggerProvider, handler: logging.Handler) -> str | None:
    for kind in type(handler).__mro__:
        name = _THEIRS.get(kind.__module__)
        if name is not None and issubclass(kind, logging.Handler):
            provider = getattr(handler, "_logger_provider", None)
            if provider is None or type(provider).__name__ == "ProxyLoggerProvider":
                provider = get_logger_provider()
            return name if provider is ours else None
    return None


def _nothing() -> None:
    """For a flush that starts a thread which is no daemon: ``dictConfig`` calls it, and the exit waits for it."""
