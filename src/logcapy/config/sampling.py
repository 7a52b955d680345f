"""Which records go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from opentelemetry._logs import SeverityNumber

from logcapy._value import Value
from logcapy.errors import ConfigError, nearest_name

from . import setting
from .setting import COUNT, MILLISECONDS, Setting, require, require_count, require_milliseconds, require_strings

#: By name in lower case: OpenTelemetry's (``info``, ``info2`` ...) and those of ``logging``.
SEVERITIES = {
    **{number.name.lower(): number.value for number in SeverityNumber if number is not SeverityNumber.UNSPECIFIED},
    "warning": SeverityNumber.WARN.value,
    "critical": SeverityNumber.FATAL.value,
}
_LEVELS = "a severity (info), and logger=severity, with commas between"


class SamplingConfig(Value):
    """Which records go. Each field is the variable ``LOGCAPY_<FIELD>``.

    What is dropped is counted by reason. The order is that of the fields: what one drops, the next does not see.

    Args:
        minimum_severity: What is below is dropped (``below_severity``): a severity for all loggers, and
            ``logger=severity`` for one and those below it, the longest name wins: ``("info", "shop.db=warn")``.
        levels_file: A file with the same, read anew when it changes, within a second of the next record.
        trace_based: True drops records of spans that are not sampled (``sampled``); those outside a span are kept.
        sample_ratio: The share of records below WARNING that is kept; of one trace all or none (``sampled``). A record
            that is kept says so in ``logcapy.sample_ratio``.
        sample_first: So many records of each call site are kept before ``sample_ratio`` begins to count.
        rate_limit: Records of one call site in a second, beyond which they are dropped (``rate_limited``); a record
            tells how many those were. Below 1: one record in so many seconds.
        buffer_until_error: True keeps the records of INFO and below in memory until their trace has logged an ERROR or
            its root span fails or is slow; if neither happens they are dropped (``buffer_discarded``).
        buffer_slow: Milliseconds after which a root span is slow; None for never.
        buffer_max_records: The most records that are kept so (``buffer_full``).

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        Setting("minimum_severity", ("LOGCAPY_MINIMUM_SEVERITY",), setting.names, _LEVELS),
        Setting("levels_file", ("LOGCAPY_LEVELS_FILE",), str, "the path of a file"),
        Setting("trace_based", ("LOGCAPY_TRACE_BASED",), setting.boolean, "true or false"),
        Setting("sample_ratio", ("LOGCAPY_SAMPLE_RATIO",), float, "a number from 0 to 1"),
        Setting("sample_first", ("LOGCAPY_SAMPLE_FIRST",), int, "a whole number, 0 or more"),
        Setting("rate_limit", ("LOGCAPY_RATE_LIMIT",), float, "records in a second, more than 0"),
        Setting("buffer_until_error", ("LOGCAPY_BUFFER_UNTIL_ERROR",), setting.boolean, "true or false"),
        Setting("buffer_slow", ("LOGCAPY_BUFFER_SLOW",), float, MILLISECONDS),
        Setting("buffer_max_records", ("LOGCAPY_BUFFER_MAX_RECORDS",), int, COUNT),
    )

    minimum_severity: tuple[str, ...] = ()
    levels_file: str | None = None
    trace_based: bool = False
    sample_ratio: float = 1.0
    sample_first: int = 0
    rate_limit: float | None = None
    buffer_until_error: bool = False
    buffer_slow: float | None = None
    buffer_max_records: int = 50_000

    def __post_init__(self) -> None:
        require_strings("minimum_severity", self.minimum_severity)
        levels_of(self.minimum_severity)
        for name in ("trace_based", "buffer_until_error"):
            require(name, getattr(self, name), isinstance(getattr(self, name), bool), "True or False")
        require("sample_ratio", self.sample_ratio, 0 <= self.sample_ratio <= 1, "a number from 0 to 1")
        require("sample_first", self.sample_first, self.sample_first >= 0, "a whole number, 0 or more")
        holds = self.rate_limit is None or self.rate_limit > 0
        require("rate_limit", self.rate_limit, holds, "records in a second, more than 0")
        if self.buffer_slow is not None:
            require_milliseconds("buffer_slow", self.buffer_slow)
        require_count("buffer_max_records", self.buffer_max_records)

    @property
    def samples(self) -> bool:
        """Whether any record is dropped before it is kept for a while or sent."""
        return bool(
            self.minimum_severity
            or self.levels_file
            or self.trace_based
            or self.sample_ratio < 1
            or self.rate_limit is not None
        )


def levels_of(texts: Iterable[str]) -> dict[str, int]:
    """Severity numbers by logger; that of all loggers is under the empty name.

    Raises:
        ConfigError: One is no severity.
    """
    levels: dict[str, int] = {}
    for text in texts:
        logger, _, name = text.rpartition("=")
        number = SEVERITIES.get(name.strip().lower())
        if number is None:
            nearest = nearest_name(name.strip().lower(), SEVERITIES)
            raise ConfigError("minimum_severity", text, _LEVELS, nearest=nearest)
        levels[logger.strip()] = number
    return levels
