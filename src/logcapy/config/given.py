"""Fields of a configuration that code or a file gives, instead of variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args, get_origin, get_type_hints

from logcapy.errors import ConfigError, nearest_name

from .records import field_names

#: What a variable writes in another way than code and files do.
_SHAPES = {tuple: "a list of texts", Mapping: "a mapping of names to values, each a text"}


def given_fields(
    kind: type[Any], fields: Mapping[str, object], report: Callable[[ConfigError], None], *, fixed: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The fields that exist and have a value of their type.

    Args:
        kind: The configuration.
        fields: Its fields; a list serves for a tuple.
        report: Told of those that are left out. No value is shown that may be a secret.
        fixed: Fields that are not to be given.
    """
    known = [name for name in field_names(kind) if name not in fixed]
    rows = {row.field: row for row in kind.rows}
    hints = get_type_hints(kind)
    found = {}
    for name, value in fields.items():
        given = tuple(value) if isinstance(value, list) else value
        row = rows.get(name)
        if name not in known:
            allowed = f"use any of {', '.join(known)}"
            report(ConfigError(name, "[REDACTED]", allowed, nearest=nearest_name(name, known)))
        elif not _is_a(given, hints[name]):
            shown = "[REDACTED]" if row is None or row.secret else value
            plain = f"of type {hints[name]}" if row is None else row.allowed
            report(ConfigError(name, shown, _SHAPES.get(get_origin(hints[name]), plain)))
        else:
            found[name] = given
    return found


def _is_a(value: object, hint: Any) -> bool:
    """Whether a value has a declared type; a whole number is a number too."""
    parts = get_args(hint)
    origin = get_origin(hint)
    if origin is None:
        number = hint in (int, float)
        return isinstance(value, (int, hint)) and not isinstance(value, bool) if number else isinstance(value, hint)
    if origin is tuple:
        return isinstance(value, tuple) and all(_is_a(one, parts[0]) for one in value)
    if origin is Mapping:
        pairs = value.items() if isinstance(value, Mapping) else [(None, None)]
        return all(_is_a(name, parts[0]) and _is_a(one, parts[1]) for name, one in pairs)
    return any(_is_a(value, part) for part in parts)
