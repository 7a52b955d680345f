"""A record as a line of JSON, for programs."""

from __future__ import annotations

import json

from hypothesis import given

from logcapy.render.as_json import json_line
from logcapy.render.received import Received
from render.arbitrary import records


def refuse(name: str) -> object:
    raise AssertionError(f"{name} is no JSON")


@given(records)
def test_whatever_the_record_it_is_one_line_of_valid_json(record: Received) -> None:
    line = json_line(record)
    assert line.endswith("\n")
    assert len(line.splitlines()) == 1
    assert line[:-1].isprintable() or not any(c in line[:-1] for c in "\n\r\x00\x1b\x7f\x85\x9b\u2028\u202e")
    assert isinstance(json.loads(line.encode(), parse_constant=refuse), dict)


def test_every_field_has_its_name() -> None:
    record = Received(
        time_unix_nano=1_767_614_467_000_000_089,
        observed_time_unix_nano=1_767_614_467_000_001_000,
        severity_number=17,
        severity_text="ERROR",
        body={"text": "zapłacono", "raw": b"\x00\xff"},
        attributes={"big": 2**63 - 1, "ratio": float("nan"), "most": float("inf"), "least": float("-inf")},
        resource={"service.name": "shop"},
        scope_name="shop.payments",
        scope_version="1.2",
        trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
        span_id="00f067aa0ba902b7",
        flags=1,
        event_name="order.paid",
    )
    line = json_line(record)
    assert "zapłacono" in line
    assert json.loads(line) == {
        "timestamp": "2026-01-05T12:01:07.000000089Z",
        "observed_timestamp": "2026-01-05T12:01:07.000001000Z",
        "severity_text": "ERROR",
        "severity_number": 17,
        "body": {"text": "zapłacono", "raw": "AP8="},
        "attributes": {"big": 2**63 - 1, "ratio": "NaN", "most": "Infinity", "least": "-Infinity"},
        "resource": {"service.name": "shop"},
        "scope": {"name": "shop.payments", "version": "1.2"},
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba902b7",
        "flags": 1,
        "event_name": "order.paid",
    }


def test_what_a_record_does_not_have_is_not_in_it() -> None:
    assert json.loads(json_line(Received())) == {
        "severity_number": 0,
        "attributes": {},
        "resource": {},
        "scope": {"name": "", "version": ""},
        "flags": 0,
    }
