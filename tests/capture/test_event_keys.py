"""Whether two texts tell of one exception."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from logcapy.capture.local_root import EventKey, event_key


def dig(depth: int, message: str = "bottom") -> None:
    if not depth:
        raise ValueError(message)
    dig(depth - 1, message)


def key_of(error: Exception) -> EventKey:
    text = "".join(traceback.format_exception(error))
    return event_key({"exception.type": "ValueError", "exception.message": str(error), "exception.stacktrace": text})


def caught(depth: int, message: str = "bottom") -> Exception:
    try:
        dig(depth, message)
    except ValueError as error:
        return error
    raise AssertionError


def test_a_stack_matches_its_inner_part_also_within_a_recursion() -> None:
    error = caught(30)
    outer = key_of(error)
    for _ in range(31):
        assert error.__traceback__ is not None
        error.__traceback__ = error.__traceback__.tb_next
        assert key_of(error).matches(outer)
        assert outer.matches(key_of(error))


def test_another_type_message_or_place_does_not_match() -> None:
    key = key_of(caught(1))
    assert not key.matches(key_of(caught(1, "top")))
    assert not key.matches(key._replace(type="KeyError"))
    with pytest.raises(ValueError, match="bottom") as elsewhere:
        raise ValueError("bottom")
    assert not key.matches(key_of(elsewhere.value))


def test_a_key_is_small_and_made_of_anything() -> None:
    huge: dict[str, Any] = {
        "exception.message": "m" * 10**7,
        "exception.stacktrace": '  File "x", line 1, in y\n' * 10**5,
    }
    assert sum(map(len, event_key(huge))) < 3000
    assert event_key({}) == EventKey("", "", "")
    assert event_key({"exception.message": 7, "exception.stacktrace": None}).message == "7"
