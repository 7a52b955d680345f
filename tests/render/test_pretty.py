"""A record on a line, its exception folded below, whatever is in it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcapy.render.colour import Paint
from logcapy.render.pretty import Renderer
from logcapy.render.received import Received, Value
from render.arbitrary import records

FOLDED = ("type", "message", "stacktrace")
COLOUR = re.compile(r"\x1b\[(?:0|1|2|3[1-7]|1;3[17]|1;37;41)m")
NOON = 1_767_614_467_123_456_789  # 2026-01-05T12:01:07.123456789Z

PAYMENT = Received(
    time_unix_nano=NOON,
    severity_number=17,
    scope_name="shop.payments",
    body="payment failed",
    attributes={"order_id": 7, "amount": 12.5, "note": "second try", "code.line.number": 3, "thread.id": 9},
    trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
    span_id="00f067aa0ba902b7",
)


def shown(record: Received, *, full: bool = False) -> str:
    return Renderer(Paint(enabled=False), full=full, time_zone=timezone.utc).render(record)


@given(st.lists(records, min_size=1, max_size=3), st.booleans(), st.booleans())
def test_whatever_the_record_it_is_one_line_and_indented_ones_below(
    several: list[Received], coloured: bool, full: bool
) -> None:
    renderer = Renderer(Paint(enabled=coloured), full=full)
    for record in several:
        output = renderer.render(record)
        assert output.endswith("\n")
        head, *folded = COLOUR.sub("", output)[:-1].split("\n")
        assert re.match(r"[\d-]{2}:", head)
        assert all(line.startswith("  ") for line in folded)
        assert bool(folded) == any(record.attributes.get(f"exception.{key}") not in (None, "") for key in FOLDED)


@given(records, st.booleans())
def test_the_only_control_characters_are_newlines_and_our_own_colours(record: Received, full: bool) -> None:
    plain = COLOUR.sub("", Renderer(Paint(enabled=True), full=full).render(record)).replace("\n", "")
    assert not [
        c for c in plain if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in "\u200c\u200d"
    ]
    assert "\x1b" not in shown(record, full=full)


def test_a_line_has_time_severity_logger_body_attributes_and_the_trace_in_short() -> None:
    assert shown(PAYMENT) == (
        "12:01:07.123 ERROR shop.payments  payment failed"
        '  order_id=7 amount=12.5 note="second try"   trace=4bf92f35 span=00f067aa\n'
    )


def test_the_time_is_that_of_this_machine_unless_told_otherwise() -> None:
    hours = {Renderer(Paint(enabled=False), time_zone=zone).render(PAYMENT)[:2] for zone in (None, timezone.utc)}
    assert hours == {"12", f"{datetime.fromtimestamp(NOON // 10**9):%H}"}


def test_a_record_without_a_time_shows_when_it_was_observed_or_no_time() -> None:
    observed = replace(PAYMENT, time_unix_nano=0, observed_time_unix_nano=NOON)
    assert shown(observed).startswith("12:01:07.123 ")
    assert shown(replace(PAYMENT, time_unix_nano=0)).startswith("--:--:--.--- ")


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (1, "TRACE"),
        (4, "TRACE"),
        (5, "DEBUG"),
        (9, "INFO "),
        (12, "INFO "),
        (13, "WARN "),
        (17, "ERROR"),
        (24, "FATAL"),
    ],
)
def test_the_severity_follows_from_its_number(number: int, name: str) -> None:
    assert f" {name} shop" in shown(replace(PAYMENT, severity_number=number, severity_text="something else"))


def test_without_a_number_the_sender_s_own_word_is_shown() -> None:
    assert " NOTIC shop" in shown(replace(PAYMENT, severity_number=0, severity_text="NOTICE"))


@pytest.mark.parametrize(
    ("attributes", "request_"),
    [
        ({"http.request.method": "POST", "http.route": "/orders/{id}", "url.path": "/orders/7"}, "POST /orders/{id}"),
        ({"http.request.method": "GET", "url.path": "/orders/7"}, "GET /orders/7"),
        (
            {
                "http.request.method": "GET",
                "http.route": "/",
                "http.response.status_code": 500,
                "client.address": "::1",
            },
            "GET / 500",
        ),
    ],
)
def test_a_request_is_told_in_a_few_words(attributes: dict[str, Value], request_: str) -> None:
    assert shown(replace(PAYMENT, attributes=attributes)).split("  ")[2] == request_


def test_full_shows_the_attributes_that_are_left_out_otherwise() -> None:
    line = shown(replace(PAYMENT, attributes={**PAYMENT.attributes, "http.route": "/"}), full=True)
    assert "code.line.number=3" in line
    assert "http.route=/" in line


@pytest.mark.parametrize(
    ("value", "text_"),
    [
        ("plain", "k=plain"),
        ("", 'k=""'),
        ("a b", 'k="a b"'),
        ('say "hi"', 'k="say \\"hi\\""'),
        ("a=b", 'k="a=b"'),
        ("two\nlines", 'k="two\\nlines"'),
        (True, "k=true"),
        (None, "k=null"),
        (float("nan"), "k=NaN"),
        (b"\x00\x01", "k=AAE="),
        (["a", 1], 'k=["a",1]'),
        ({"a": {"b": None}}, 'k={"a":{"b":null}}'),
    ],
)
def test_a_value_reads_as_one_word(value: Value, text_: str) -> None:
    assert shown(replace(PAYMENT, attributes={"k": value})).split("  ")[2] == text_


def test_the_service_is_shown_once_there_are_two() -> None:
    renderer = Renderer(Paint(enabled=False), time_zone=timezone.utc)
    shop, bank = (replace(PAYMENT, resource={"service.name": name}) for name in ("shop", "bank"))
    lines = [renderer.render(record) for record in (shop, shop, bank, shop)]
    assert [line.split()[2] for line in lines] == ["shop.payments", "shop.payments", "bank", "shop"]


def test_an_event_is_shown_by_its_name() -> None:
    assert "  order.placed payment failed  " in shown(replace(PAYMENT, event_name="order.placed"))


def test_colours_are_only_there_when_asked_for() -> None:
    painted = Renderer(Paint(enabled=True), time_zone=timezone.utc).render(PAYMENT)
    assert "\x1b[1;31mERROR\x1b[0m" in painted
    assert COLOUR.sub("", painted) == shown(PAYMENT)
