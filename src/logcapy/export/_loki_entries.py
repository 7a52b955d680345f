"""A record as Loki keeps it: labels, a line, structured metadata, within the limits that Loki has by default.

Source: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs, and ``limits_config`` in
https://grafana.com/docs/loki/latest/configure/
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from logcapy.attributes import EXCEPTION_STACKTRACE, TRUNCATED
from logcapy.config.destinations.loki import LokiConfig, is_tenant

from ._fields import Fields, as_text

#: ``max_line_size``, ``max_structured_metadata_size``, ``max_structured_metadata_entries_count``,
#: ``max_label_value_length``; the metadata leaves room for what Loki adds by itself (``detected_level``).
MAX_LINE_BYTES = 256 * 1024
MAX_METADATA_BYTES = 63 * 1024
MAX_METADATA = 120
MAX_LABEL_BYTES = 2048
_LONGEST_NAME = 256
_LONGEST_VALUE = 16 * 1024

_NOT_IN_NAMES = re.compile("[^a-zA-Z0-9]+")
_names: dict[str, str] = {}
_MOST_NAMES = 4096


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of one stream of one tenant.

    Args:
        tenant: Empty for none.
        labels: Of the stream: names and values, in order.
        timestamp: Nanoseconds since 1970.
        line: At most 256 KB of UTF-8.
        metadata: Names that Loki takes, and texts.
    """

    tenant: str
    labels: tuple[tuple[str, str], ...]
    timestamp: int
    line: str
    metadata: dict[str, str]


def entry_of(fields: Fields, config: LokiConfig) -> Entry:
    """The entry of a record."""
    line = line_of(fields)
    tenant = own_tenant(fields, config)
    known = {*config.labels, config.tenant_key} if tenant else set(config.labels)
    metadata = Metadata()
    for name, value in _own_fields(fields):
        if value:
            metadata.add(name, value)
    for attributes in (line.attributes, fields.resource):
        for name, value in attributes.items():
            if name not in known and value is not None:
                metadata.add(name, value)
    if metadata.is_cut or line.is_cut:
        metadata.found[name_in_loki(TRUNCATED)] = "true"
    return Entry(
        tenant=tenant or config.tenant or "",
        labels=stream_labels(fields, config.labels),
        timestamp=fields.timestamp,
        line=line.shown,
        metadata=metadata.found,
    )


def own_tenant(fields: Fields, config: LokiConfig) -> str:
    """The tenant that a record or its resource names; empty for none, or one that Loki does not take."""
    named = fields.attributes.get(config.tenant_key) or fields.resource.get(config.tenant_key)
    return named if isinstance(named, str) and is_tenant(named) else ""


@dataclass(frozen=True, slots=True)
class Line:
    """What a person reads of a record.

    Args:
        shown: At most 256 KB of UTF-8.
        is_cut: Whether there was more.
        attributes: The record's, without what the line shows.
    """

    shown: str
    is_cut: bool
    attributes: dict[str, Any]


def line_of(fields: Fields) -> Line:
    """The body, and under it the stack trace of the record's exception."""
    attributes = dict(fields.attributes)
    line = as_text(fields.body) if fields.body is not None else fields.event_name
    stack = attributes.pop(EXCEPTION_STACKTRACE, None)
    if isinstance(stack, str):
        line = f"{line}\n{stack}" if line else stack
    shown = cut(line, MAX_LINE_BYTES)
    return Line(shown, shown != line, attributes)


def _own_fields(fields: Fields) -> Iterable[tuple[str, str]]:
    """``level`` is what Grafana colours a line by."""
    return (
        ("level", level_of(fields.severity_number)),
        ("severity_text", fields.severity_text),
        ("severity_number", str(fields.severity_number) if fields.severity_number else ""),
        ("scope_name", fields.scope),
        ("trace_id", fields.trace_id),
        ("span_id", fields.span_id),
        ("event_name", fields.event_name),
    )


def level_of(severity_number: int) -> str:
    """Loki's name for a severity; empty for an unknown one.

    Source: https://grafana.com/docs/grafana/latest/explore/logs-integration/#log-level
    """
    return ("", "trace", "debug", "info", "warn", "error", "critical")[(severity_number + 3) // 4]


def stream_labels(fields: Fields, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The labels of a record's stream: names and values, in order."""
    return tuple(_labels(names, fields))


def _labels(names: Iterable[str], fields: Fields) -> Iterable[tuple[str, str]]:
    for name in names:
        if name == "severity":
            value: Any = level_of(fields.severity_number)
        elif name == "scope":
            value = fields.scope
        else:
            value = fields.attributes.get(name, fields.resource.get(name))
        if value is not None and value != "":
            yield name_in_loki(name), cut(as_text(value), MAX_LABEL_BYTES)


class Metadata:
    """Structured metadata as it grows; what has no room is cut or left out, and ``is_cut`` says so.

    Args:
        most: How many entries there may be, ``taken`` included.
        room: How many bytes names and values may have.
        taken: Names that are another's.
    """

    def __init__(self, most: int = MAX_METADATA, room: int = MAX_METADATA_BYTES, taken: Iterable[str] = ()) -> None:
        self.found: dict[str, str] = {}
        self.is_cut = False
        self.room = room
        self.taken = set(taken)
        self._most = most

    def add(self, name: str, value: Any) -> str | None:
        """Add an attribute; returns the name that it gets, or None where it has no room."""
        name = self._free(name_in_loki(name))
        if len(self.taken) >= self._most or self.room < len(name):
            self.is_cut = True
            return None
        text = as_text(value)
        shown = cut(text, min(_LONGEST_VALUE, max(0, self.room - len(name))))
        self.is_cut = self.is_cut or shown != text
        self.room -= len(name) + len(shown.encode())
        self.found[name] = shown
        self.taken.add(name)
        return name

    def _free(self, name: str) -> str:
        """The name, or with a number where another name became the same."""
        if name not in self.taken:
            return name
        number = 2
        while f"{name}_{number}" in self.taken:
            number += 1
        return f"{name}_{number}"


def name_in_loki(name: str) -> str:
    """A name that Loki takes, for a label or metadata: letters, digits and single underscores.

    One that has nothing else than underscores would cost its whole request.
    """
    known = _names.get(name)
    if known is None:
        plain = _NOT_IN_NAMES.sub("_", name[:_LONGEST_NAME]).strip("_") or "attribute"
        known = f"key_{plain}" if plain[0].isdigit() else plain
        if len(_names) >= _MOST_NAMES:
            _names.clear()
        _names[name] = known
    return known


def cut(text: str, most_bytes: int) -> str:
    """At most so many bytes of UTF-8; the same text where it fits."""
    if len(text) * 4 <= most_bytes:
        return text
    content = text.encode(errors="replace")
    return text if len(content) <= most_bytes else content[:most_bytes].decode(errors="ignore")
