"""Fifty records that broke an encoder or an intake somewhere, each with a sign by which it is found again."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

#: The attribute that says which record it is. Its name is valid at every destination.
SIGN = "conformance_id"

TRACE_ID = 0x0AF7651916CD43DD8448EB211C80319C
SPAN_ID = 0xB7AD6B7169203331
_SCOPE = InstrumentationScope("conformance", "1.0")
_IN_SPAN = set_span_in_context(NonRecordingSpan(SpanContext(TRACE_ID, SPAN_ID, False, TraceFlags(1))), Context())
_DAY = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Hostile:
    """A hostile record.

    Args:
        name: What is hostile in it.
        sign: What it is found by: the value of its attribute :data:`SIGN`, or a part of its body.
        record: The record.
        says: Words that its body still says when it has arrived; "" where the body says nothing.
    """

    name: str
    sign: str
    record: ReadableLogRecord
    says: str


def make_record(sign: str, service: str, **fields: Any) -> ReadableLogRecord:
    """A record of this moment inside a span, with a sign as attribute.

    Args:
        sign: The value of the attribute :data:`SIGN`.
        service: The ``service.name`` of its resource.
        fields: Of the ``LogRecord``, over the usual ones; ``attributes`` beside the sign, None for none at all.
    """
    attributes = fields.pop("attributes", {})
    usual: dict[str, Any] = {
        "timestamp": time.time_ns(),
        "context": _IN_SPAN,
        "severity_number": SeverityNumber.INFO,
        "severity_text": "INFO",
        "body": f"record {sign}",
    }
    log_record = LogRecord(**{**usual, **fields})
    # Put on afterwards: the SDK would take hostile ones out.
    log_record.attributes = None if attributes is None else {SIGN: sign, **attributes}
    return ReadableLogRecord(log_record, Resource({"service.name": service}), _SCOPE)


def hostile_records(service: str) -> list[Hostile]:
    """The fifty records.

    Args:
        service: The ``service.name`` of their resource.
    """
    found: list[Hostile] = []

    def add(name: str, says: str = "", **fields: Any) -> None:
        sign = f"hostile-{len(found):02}"
        if fields.get("attributes", {}) is None:  # nothing else could tell it
            fields["body"], says = f"{says} {sign}", says
        elif "body" not in fields:
            fields["body"] = says = f"{name} {sign}"
        found.append(Hostile(name, sign, make_record(sign, service, **fields), says))

    for name, (body, says) in _bodies().items():
        add(name, says, body=body)
    for name, attributes in _attributes().items():
        add(name, attributes=attributes)
    add("no attributes at all", "alone", attributes=None)
    for name, fields in _odd_fields().items():
        add(name, **fields)
    return found


class _Raising:
    def __str__(self) -> str:
        raise RuntimeError("not today")

    __repr__ = __str__


def _cycle() -> list[Any]:
    cycle: list[Any] = ["before"]
    cycle.append(cycle)
    return cycle


def _deep(levels: int) -> list[Any]:
    nested: list[Any] = ["bottom"]
    for _ in range(levels):
        nested = [nested]
    return nested


def _bodies() -> Mapping[str, tuple[Any, str]]:
    """Bodies by what they are, and what is still to be read of each."""
    return {
        "body None": (None, ""),
        "body empty": ("", ""),
        "body of blanks": ("  \t ", ""),
        "body of an object": (object(), "object"),
        "body of an exception": (ValueError("boom"), "boom"),
        "body 2**63": (2**63, "9223372036854775808"),
        "body -2**63": (-(2**63), "9223372036854775808"),
        "body of 5,000 digits": (10**5000, ""),
        "body NaN": (math.nan, ""),
        "body infinity": (math.inf, ""),
        "body true": (True, ""),
        "body bytes, no UTF-8": (b"\xff\x00", ""),
        "body lone surrogate": ("lone \ud800 half", "lone"),
        "body NUL": ("nul \x00 byte", "nul"),
        "body bidi": ("right \u202e to left \u2066 isolate", "right"),
        "body lines": ("line one\nline two\r\nline three\u2028four\x85five", "line two"),
        "body escapes": ("\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b31m", "red"),
        "body emoji": ("fire \U0001f525 and e\u0301", "fire"),
        "body quotes": ('quotes " \' \\ {"a": 1} <b> & ${x} %s', "quotes"),
        "body 300 KB": ("long " * 60_000, "long"),
        "body 300 KB of quotes": ('"' * 300_000, '"'),
        "body map": ({"nested": {"deeper": ["inside", 1, None]}, "b": b"\x00"}, "inside"),
        "body map with hostile keys": ({"a\ud800": 1, "": "word", 3: [], None: {}}, "word"),
        "body set": ({1}, "1"),
        "body cycle": (_cycle(), "before"),
        "body 200 deep": (_deep(200), ""),
        "body whose str() raises": (_Raising(), ""),
    }


def _attributes() -> Mapping[str, Mapping[Any, Any]]:
    return {
        "attribute without a name": {"": "nameless"},
        "attribute name of underscores": {"__": 1, "..": 2, "é": 3},
        "attribute name hostile": {'a "b" {c} = d\n\x00\ud800': "x", "1digit": 1},
        "attribute name of 4 KB": {"n" * 4096: 1},
        "attribute name no text": {1: "one", None: "none", ("a",): "tuple"},
        "attribute names that fall together": {"a.b": 1, "a_b": 2, "a-b": 3, "a": 4},
        "attribute names that intakes have": {
            "message": "m",
            "timestamp": "t",
            "@timestamp": "x",
            "_id": "i",
            "status": [],
            "host": {},
            "time": "now",
        },
        "attribute values of every kind": {
            "n": None,
            "i": 2**63,
            "f": math.nan,
            "m": {"a": {"b": [1, {"c": object()}]}},
            "l": [1, "a", None],
            "b": b"\xff",
        },
        "attribute value of 300 KB": {"exception.stacktrace": "at line 1\n" * 30_000},
        "attribute value a cycle": {"cycle": _cycle(), "deep": _deep(200)},
        "attribute value whose str() raises": {"raising": _Raising(), "after": "it"},
        "attribute values empty": {"empty": "", "none": [], "nothing": {}},
        "300 attributes": {f"attribute_{number}": number for number in range(300)},
    }


def _odd_fields() -> Mapping[str, Mapping[str, Any]]:
    now = time.time_ns()
    return {
        "time 0": {"timestamp": 0, "observed_timestamp": 0},
        "no time": {"timestamp": None},
        "time a day ahead": {"timestamp": now + _DAY},
        "time 30 days ago": {"timestamp": now - 30 * _DAY},
        "time 2**70": {"timestamp": 2**70, "observed_timestamp": -1},
        "no severity": {"severity_number": None, "severity_text": None},
        "severity 99": {"severity_number": 99, "severity_text": "LOUD\n"},
        "no trace": {"context": Context()},
        "event name": {"event_name": "shop.order.paid\x00"},
    }
