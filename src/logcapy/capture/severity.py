"""The severity of a level of the standard library's logging, in OpenTelemetry's numbers and names."""

from __future__ import annotations

from typing import Final

from opentelemetry._logs import SeverityNumber

# Source: https://opentelemetry.io/docs/specs/otel/logs/data-model-appendix/#appendix-b-severitynumber-example-mappings
#: The names of levels that OpenTelemetry has other names for.
SEVERITY_TEXTS: Final[dict[str, str]] = {"WARNING": "WARN", "CRITICAL": "FATAL"}


def severity_number(level: int) -> SeverityNumber:
    """The severity of a level: 1 to 9 TRACE, 10 DEBUG, 20 INFO, 30 WARN, 40 ERROR, 50 FATAL.

    The numbers between two levels are the finer steps of a severity: 21 is INFO2, 24 to 29 are INFO4.
    """
    if level < 10:
        return SeverityNumber.TRACE if level > 0 else SeverityNumber.UNSPECIFIED
    tens, ones = divmod(min(level, 59), 10)
    return SeverityNumber(1 + 4 * tens + min(ones, 3))


def severity_text(level_name: str) -> str:
    """The name of a level as OpenTelemetry has it."""
    return SEVERITY_TEXTS.get(level_name, level_name)


_severities: Final[dict[int, int]] = {}


def severity_of(level: int) -> int:
    """OpenTelemetry's number of a level, which is kept."""
    known = _severities.get(level)
    if known is not None:
        return known
    number: int = severity_number(level).value
    if len(_severities) < 100:
        _severities[level] = number
    return number
