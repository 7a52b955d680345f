"""What is left of an exception when it is folded."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

import pytest

from logcapy.render.colour import Paint
from logcapy.render.fold import folded_exception

PLAIN = Paint(enabled=False)
LIBRARY = "/srv/.venv/lib/python3.12/site-packages/starlette/routing.py"


def stack(*frames: tuple[str, int, str]) -> str:
    body = "".join(f'  File "{path}", line {line}, in {name}\n    code()\n' for path, line, name in frames)
    return f"Traceback (most recent call last):\n{body}shop.PaymentError: declined\n"


def folded(stacktrace: str, *, full: bool = False) -> list[str]:
    attributes = {
        "exception.type": "shop.PaymentError",
        "exception.message": "declined\nfor good",
        "exception.stacktrace": stacktrace,
    }
    return folded_exception(attributes, PLAIN, full=full)


def test_a_record_without_an_exception_has_nothing_to_fold() -> None:
    assert folded_exception({"order_id": 7}, PLAIN, full=True) == []


def test_the_frames_of_the_application_are_shown_and_the_others_counted() -> None:
    frames = [
        (LIBRARY, 1, "app"),
        ("/srv/shop/app.py", 5, "order"),
        (LIBRARY, 2, "call"),
        ("/srv/shop/pay.py", 9, "pay"),
    ]
    assert folded(stack(*frames)) == [
        "  shop.PaymentError: declined\\nfor good",
        "    shop/app.py:5 in order",
        "    shop/pay.py:9 in pay",
        "    … 2 frames more",
    ]


def test_of_many_frames_the_last_four_are_shown() -> None:
    lines = folded(stack(*(("/srv/shop/app.py", line, "deeper") for line in range(1, 8))))
    assert lines[1:] == [*(f"    shop/app.py:{line} in deeper" for line in (4, 5, 6, 7)), "    … 3 frames more"]


def test_where_all_frames_are_of_libraries_the_last_are_shown() -> None:
    assert folded(stack((LIBRARY, 7, "call")))[1:] == ["    starlette/routing.py:7 in call"]


def test_of_a_chain_the_frames_of_the_last_exception_are_shown() -> None:
    cause = stack(("/srv/shop/bank.py", 3, "dial"))
    chain = f"{cause}\nThe above exception was the direct cause of the following exception:\n\n" + stack(
        ("/srv/shop/pay.py", 9, "pay")
    )
    assert folded(chain)[1:] == ["    shop/pay.py:9 in pay", "    … 1 frame more"]


def test_full_shows_the_stack_trace_line_by_line() -> None:
    lines = folded(stack((LIBRARY, 7, "call")), full=True)
    assert lines[1:] == [
        "    Traceback (most recent call last):",
        f'      File "{LIBRARY}", line 7, in call',
        "        code()",
        "    shop.PaymentError: declined",
    ]


@pytest.mark.parametrize("full", [False, True])
def test_escapes_in_a_stack_trace_are_inert(full: bool) -> None:
    lines = folded(stack(("/srv/shop/\x1b[2J.py", 7, "call\u202e")), full=full)
    assert "\\x1b[2J" in "".join(lines)
    assert "\\u202e" in "".join(lines)
    assert all(line.isprintable() for line in lines)


def test_a_stack_trace_of_another_language_is_not_guessed_at() -> None:
    assert folded("java.lang.Error: declined\n\tat shop.Pay.pay(Pay.java:9)\n") == [
        "  shop.PaymentError: declined\\nfor good"
    ]


def _fail() -> None:
    raise ValueError("as Python writes it")


def _fail_within_a_handler() -> None:
    try:
        _fail()
    except ValueError:
        raise KeyError("again") from None


@pytest.mark.parametrize("fail", [_fail, _fail_within_a_handler])
def test_what_python_writes_is_understood(fail: Callable[[], None]) -> None:
    try:
        fail()
    except Exception:
        text = traceback.format_exc()
    assert folded(text)[-1] == f"    render/test_fold.py:{sys_line(fail)} in {fail.__name__}"


def sys_line(fail: Callable[[], None]) -> int:
    """The line of the last statement of a function."""
    return fail.__code__.co_firstlineno + (1 if fail is _fail else 4)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")
def test_of_an_exception_group_the_last_member_s_frames_are_shown() -> None:
    group = """  + Exception Group Traceback (most recent call last):
  |   File "/srv/shop/app.py", line 3, in run
  |     raise ExceptionGroup("two", errors)
  | ExceptionGroup: two (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/srv/shop/pay.py", line 9, in pay
    |     raise ValueError
    | ValueError
    +------------------------------------
"""
    assert folded(group)[1:] == ["    shop/pay.py:9 in pay", "    … 1 frame more"]
