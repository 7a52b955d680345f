"""What LogCapy has set up in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from opentelemetry.sdk._logs import LoggerProvider

from .config.sampling import levels_of
from .deliver.accounting import Stats
from .processor import LogCapyLogRecordProcessor

if TYPE_CHECKING:
    from .deliver.health import Health


class Handle:
    """What LogCapy has set up in this process: ask it for accounts, flush it, end it.

    Args:
        provider: The LoggerProvider that LogCapy works for.
        processor: LogCapy's processor on it; None where LogCapy is switched off.
    """

    def __init__(self, provider: LoggerProvider, processor: LogCapyLogRecordProcessor | None) -> None:
        self.provider = provider
        self.processor = processor
        self.stand_in: Callable[[], None] | None = None
        self.undo: list[Callable[[], None]] = []
        self.ended = False

    def force_flush(self, timeout_millis: float = 30000) -> bool:
        """Send what waits now. True when all of it was exported in time."""
        return self.processor is None or self.processor.force_flush(int(timeout_millis))

    def shutdown(self) -> None:
        """Stop capturing, send what waits for a bounded time, and end the LoggerProvider."""
        self.ended = True
        while self.undo:
            self.undo.pop()()
        if self.processor is not None:
            self.provider.shutdown()

    def stats(self) -> Stats:
        """What became of every record."""
        return Stats() if self.processor is None else self.processor.stats()

    def set_minimum_severity(self, *levels: str) -> None:
        """Have other levels from now on, until the ``levels_file`` changes.

        Loggers of ``logging`` that would not let such records through are opened until the levels change again; so
        their own handlers see these records too.

        Args:
            *levels: ``"debug"``, ``"shop.db=warn"``; none lets everything through that the loggers do.

        Raises:
            ConfigError: One is no severity.
        """
        if self.processor is not None:
            self.processor.use_levels(levels_of(levels))

    def redactions(self) -> Mapping[str, int]:
        """How many secrets were masked, by the rule that found them; never what they were."""
        return {} if self.processor is None else self.processor.redactions()

    def health(self) -> Health:
        """Whether records get through, and if not, why. Cheap: it looks at the accounts and sends nothing."""
        from .deliver.health import Health  # not before somebody asks

        return Health() if self.processor is None else self.processor.health()
