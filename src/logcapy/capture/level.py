"""A severity as people write it: by name, as a level of ``logging``, or as OpenTelemetry has it."""

from __future__ import annotations

from typing import Final, TypeAlias

from opentelemetry._logs import SeverityNumber

from logcapy.errors import ConfigError, nearest_name

from .severity import severity_number

Level: TypeAlias = "str | int | SeverityNumber"

_LEVELS: Final = {
    "trace": SeverityNumber.TRACE,
    "debug": SeverityNumber.DEBUG,
    "info": SeverityNumber.INFO,
    "warn": SeverityNumber.WARN,
    "warning": SeverityNumber.WARN,
    "error": SeverityNumber.ERROR,
    "critical": SeverityNumber.FATAL,
    "fatal": SeverityNumber.FATAL,
}


def severity_of(level: object) -> SeverityNumber:
    """The severity that a :data:`Level` means; an int is a level of ``logging``.

    Raises:
        ConfigError: It is none.
    """
    if isinstance(level, SeverityNumber) and level is not SeverityNumber.UNSPECIFIED:
        return level
    if type(level) is int and level > 0:
        return severity_number(level)
    if isinstance(level, str) and level.lower() in _LEVELS:
        return _LEVELS[level.lower()]
    nearest = nearest_name(level.lower(), _LEVELS) if isinstance(level, str) else None
    allowed = f"one of {', '.join(_LEVELS)}, a level of logging above 0, or a SeverityNumber"
    raise ConfigError("level", level, allowed, nearest=nearest)
