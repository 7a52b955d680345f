"""What a value of a setting must be; each says so with a ConfigError."""

from __future__ import annotations

from logcapy.errors import ConfigError, nearest_name


def require(setting: str, value: object, holds: bool, allowed: str) -> None:
    """Raise a ConfigError unless it holds."""
    if not holds:
        raise ConfigError(setting, value, allowed)


def require_strings(setting: str, values: object) -> None:
    """Strings that say something."""
    holds = isinstance(values, tuple) and all(isinstance(value, str) and value for value in values)
    require(setting, values, holds, "a tuple of strings, none of them empty")


def require_names(setting: str, values: object, allowed: tuple[str, ...]) -> None:
    """Some of the names that there are."""
    require_strings(setting, values)
    assert isinstance(values, tuple)
    for value in values:
        if value not in allowed:
            raise ConfigError(setting, value, f"use any of {', '.join(allowed)}", nearest=nearest_name(value, allowed))


def require_milliseconds(setting: str, value: object) -> None:
    """A duration that makes sense to wait."""
    holds = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 86_400_000
    require(setting, value, holds, "milliseconds, more than 0 and less than a day")


def require_count(setting: str, value: object) -> None:
    """A number of things: whole, and at least one."""
    holds = isinstance(value, int) and not isinstance(value, bool) and value > 0
    require(setting, value, holds, "a whole number, 1 or more")
