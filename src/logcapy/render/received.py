"""What a sender sent, in plain Python values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

#: What an OTLP AnyValue holds. Recursive: the members of a list or a mapping are values too.
Value: TypeAlias = "str | bool | int | float | bytes | list[Value] | dict[str, Value] | None"


@dataclass(frozen=True, slots=True)
class Received:
    """One log record.

    Args:
        time_unix_nano: When it happened; 0 if the sender did not say.
        observed_time_unix_nano: When it was seen first; 0 if the sender did not say.
        severity_number: 1 to 24; 0 if the sender did not say.
        severity_text: The severity in the sender's words.
        body: The message, or whatever was logged.
        attributes: Of the record.
        resource: The attributes of who sent it.
        scope_name: The name of the logger.
        scope_version: The version of the logger's library.
        trace_id: 32 hexadecimal digits, or empty where there is no valid one.
        span_id: 16 hexadecimal digits, or empty where there is no valid one.
        flags: The trace flags.
        event_name: The name of the event, if the record is one.
    """

    time_unix_nano: int = 0
    observed_time_unix_nano: int = 0
    severity_number: int = 0
    severity_text: str = ""
    body: Value = None
    attributes: Mapping[str, Value] = field(default_factory=dict)
    resource: Mapping[str, Value] = field(default_factory=dict)
    scope_name: str = ""
    scope_version: str = ""
    trace_id: str = ""
    span_id: str = ""
    flags: int = 0
    event_name: str = ""
