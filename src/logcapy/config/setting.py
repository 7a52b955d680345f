"""One row a setting: the variables that set a field, how their text is read, and what is allowed.

What a value must be is checked by the functions here; each says with a ConfigError that it is not.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from opentelemetry.util.re import parse_env_headers

from logcapy.errors import ConfigError, nearest_name

MILLISECONDS = "milliseconds, more than 0"
COUNT = "a whole number, 1 or more"
#: The value of a setting that names something, for nothing.
OFF = "off"


class Setting:
    """A field of a configuration and the variables that set it, the first one that is set wins.

    Args:
        field: The field's name.
        variables: The variables' names, LogCapy's or OpenTelemetry's before a vendor's own.
        parse: Reads a variable's text; raises ``ValueError`` or ``KeyError`` for one that cannot be read.
        allowed: What is right, in words.
        secret: Whether a value must never be shown.
    """

    __slots__ = ("allowed", "field", "parse", "secret", "variables")

    def __init__(
        self,
        field: str,
        variables: tuple[str, ...],
        parse: Callable[[str], object],
        allowed: str,
        secret: bool = False,
    ) -> None:
        self.field = field
        self.variables = variables
        self.parse = parse
        self.allowed = allowed
        self.secret = secret

    def read_from(self, *variables: str) -> Setting:
        """The same setting, set by these variables."""
        return Setting(self.field, variables, self.parse, self.allowed, self.secret)


def boolean(text: str) -> bool:
    """``true`` or ``false``."""
    return {"true": True, "false": False}[text.lower()]


def names(text: str) -> tuple[str, ...]:
    """Names with commas between; ``off`` for none."""
    if text.lower() in (OFF, "none"):
        return ()
    return tuple(name.strip() for name in text.split(",") if name.strip())


def headers(text: str) -> dict[str, str]:
    """Headers as OpenTelemetry writes them: ``name=value,name=value``, percent-encoded."""
    found = dict(parse_env_headers(text, liberal=True))
    if not found:
        raise ValueError("no header in it")
    return found


def existing_file(path: str) -> str:
    """The path of a file that is there."""
    if not os.path.isfile(path):  # noqa: PTH113 - a path from the environment, looked at once
        raise ValueError("no such file")
    return path


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
