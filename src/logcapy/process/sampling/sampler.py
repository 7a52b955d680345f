"""All that decides whether a record goes, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanContext

from logcapy.config.sampling import SamplingConfig, levels_of
from logcapy.shared import NOTHING_SHARED, Shared

from .levels import Levels, LevelsFile

if TYPE_CHECKING:
    from .rate import RateLimit, Suppressed
    from .ratio import Ratio

#: The share of records like this one that is kept. There is no attribute of OpenTelemetry's for log records yet.
SAMPLE_RATIO: Final = "logcapy.sample_ratio"
#: How many records of the same call site were dropped.
SUPPRESSED_COUNT: Final = "logcapy.suppressed_count"
_WARN: Final = 13

BELOW_SEVERITY: Final = "below_severity"
SAMPLED: Final = "sampled"
RATE_LIMITED: Final = "rate_limited"
REASONS: Final = (BELOW_SEVERITY, SAMPLED, RATE_LIMITED)


class Sampler:
    """Says of a record whether it goes, and if not, why.

    Args:
        config: What to drop.
        drop: Told the reason of each record that is dropped.
        tell: Told of what the limit on a call site has dropped.
    """

    def __init__(
        self, config: SamplingConfig, drop: Callable[[str], object], tell: Callable[[Suppressed], None]
    ) -> None:
        self._drop = drop
        self.levels = Levels(levels_of(config.minimum_severity))
        self._file = LevelsFile(config.levels_file, self.levels.use) if config.levels_file else None
        self._trace_based = config.trace_based
        self._ratio = _ratio(config) if config.sample_ratio < 1 else None
        self._mark = Shared({SAMPLE_RATIO: config.sample_ratio})
        self._rate = _rate_limit(config.rate_limit, tell) if config.rate_limit is not None else None

    def admit(self, severity: int, logger: str, span: SpanContext | None, site: Hashable, record: Any) -> Shared | None:
        """What a record that goes is to say of it; None for one that does not go, which is counted.

        Args:
            severity: OpenTelemetry's number.
            logger: The name.
            span: Of the context that it is emitted in.
            site: Of the call.
            record: The record itself.
        """
        if self._file is not None:
            self._file.look()
        if 0 < severity < self.levels.least(logger):  # OpenTelemetry's rule: one that says no severity passes
            self._drop(BELOW_SEVERITY)
            return None
        in_trace = span is not None and span.is_valid
        if self._trace_based and in_trace and span is not None and not span.trace_flags.sampled:
            self._drop(SAMPLED)
            return None
        mark = NOTHING_SHARED
        if self._ratio is not None and severity < _WARN and not self._ratio.is_first(site):
            if not self._ratio.keeps(span.trace_id if in_trace and span is not None else 0):
                self._drop(SAMPLED)
                return None
            mark = self._mark
        if self._rate is not None and not self._rate.admits(site, record):
            self._drop(RATE_LIMITED)
            return None
        return mark

    def tell_all(self) -> None:
        """Tell of what was dropped and not told yet."""
        if self._rate is not None:
            self._rate.tell_all()


def _ratio(config: SamplingConfig) -> Ratio:
    from .ratio import Ratio  # as the next one: most applications have neither

    return Ratio(config.sample_ratio, config.sample_first)


def _rate_limit(rate: float, tell: Callable[[Suppressed], None]) -> RateLimit:
    from .rate import RateLimit

    return RateLimit(rate, tell)
