"""The direct way from a logging call to LogCapy's processor, past what the SDK would make of the record in between.

``Logger.emit`` copies every attribute into a BoundedAttributes, under a lock and with a check of each type: 9 of the
57 µs that a record costs on the stock way. Where LogCapy's processor is the only one of a provider, nobody else
would see that copy. Everywhere else, and for records that are not usual, the SDK's way is taken.
"""

from __future__ import annotations

from typing import Final

from opentelemetry._logs import LoggerProvider, get_logger_provider
from opentelemetry.sdk._logs import Logger

from logcapy import _sdk
from logcapy.taking import DraftTaker

_MOST_LOGGERS: Final = 1024


class DirectWay:
    """The loggers of one provider, and the processor that takes drafts from them while it is the only one.

    Args:
        provider: Any LoggerProvider; one that is not the SDK's has no direct way.
    """

    __slots__ = ("_loggers", "_multi", "_processors", "_taker", "count_created", "most_attributes", "provider")

    def __init__(self, provider: LoggerProvider) -> None:
        self.provider = provider
        #: How many attributes a record may have before the SDK's limits have a say.
        self.most_attributes = _sdk.most_unlimited_attributes(provider)
        #: Counts a record for the SDK's own metrics, where they are on.
        self.count_created = _sdk.counter_of_created(provider)
        self._multi = _sdk.synchronous_processors(provider) if self.most_attributes else None
        self._processors: object = None
        self._taker: DraftTaker | None = None
        self._loggers: dict[str, Logger] = {}

    def taker(self) -> DraftTaker | None:
        """Who takes drafts now; None where the SDK's way is to be taken."""
        if self._multi is None:
            return None
        processors = self._multi._log_record_processors
        if processors is not self._processors:
            only = processors[0] if len(processors) == 1 else None
            self._taker = getattr(only, "draft_taker", None)
            self._processors = processors
        return self._taker

    def logger(self, name: str) -> Logger:
        """The provider's logger of a name, which it is asked for once: it takes two locks to answer."""
        known = self._loggers.get(name)
        if known is not None:
            return known
        if len(self._loggers) >= _MOST_LOGGERS:
            self._loggers.clear()
        logger: Logger = self.provider.get_logger(name)  # type: ignore[assignment]  # the provider is the SDK's
        self._loggers[name] = logger
        return logger


class _Current:
    """The provider that LogCapy works for, if it was told of one, and the way that was found last."""

    def __init__(self) -> None:
        self.provider: LoggerProvider | None = None
        self.way: DirectWay | None = None


_current: Final = _Current()


def emit_through(provider: LoggerProvider | None) -> None:
    """Let what LogCapy has to tell go to a provider; None for the global one."""
    _current.provider = provider


def current_provider() -> LoggerProvider:
    """The provider that LogCapy works for, else the global one as it is now."""
    return _current.provider or get_logger_provider()


def current_way() -> DirectWay:
    """The loggers of that provider."""
    provider, way = current_provider(), _current.way
    if way is None or way.provider is not provider:
        way = _current.way = DirectWay(provider)
    return way
