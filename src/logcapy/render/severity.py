"""Names of severities."""

from __future__ import annotations

_NAMES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")


def severity_name(number: int) -> str:
    """The name of a severity number, which come in ranges of four; empty for one that is none.

    Source: https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
    """
    return _NAMES[(number - 1) // 4] if 1 <= number <= 24 else ""
