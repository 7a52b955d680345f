"""What is told of an exception, whatever it does."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

import pytest

from logcapy.capture.describing import exception_attributes
from logcapy.capture.fingerprint import fingerprint

needs_groups = pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")


class PaymentError(Exception):
    """An error of an application."""


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:
        return caught


def test_type_is_qualified_message_is_the_text_and_the_stack_is_what_python_prints() -> None:
    error = raised(PaymentError("declined", 7), KeyError("card"))
    attributes = exception_attributes(error)
    assert attributes["exception.type"] == f"{__name__}.PaymentError"
    assert attributes["exception.message"] == "('declined', 7)"
    assert attributes["exception.stacktrace"] == "".join(traceback.format_exception(error))
    assert "direct cause" in attributes["exception.stacktrace"]
    assert "logcapy.truncated" not in attributes


def test_a_builtin_exception_has_its_bare_name_and_an_os_error_its_whole_message() -> None:
    attributes = exception_attributes(raised(FileNotFoundError(2, "No such file", "/nowhere")))
    assert attributes["exception.type"] == "FileNotFoundError"
    assert attributes["exception.message"] == "[Errno 2] No such file: '/nowhere'"


@needs_groups
def test_a_group_has_its_leaves_and_an_exception_its_notes() -> None:
    leaf = raised(PaymentError("declined"))
    leaf.add_note("order 7")  # type: ignore[attr-defined]
    stacktrace = exception_attributes(raised(ExceptionGroup("several", [leaf, KeyError("x")])))["exception.stacktrace"]  # type: ignore[name-defined] # noqa: F821
    assert "ExceptionGroup: several (2 sub-exceptions)" in stacktrace
    assert "PaymentError: declined" in stacktrace
    assert "order 7" in stacktrace
    assert "KeyError: 'x'" in stacktrace


def test_notes_are_told_on_every_python() -> None:
    error = PaymentError("declined")
    error.__notes__ = ["order 7"]  # type: ignore[attr-defined]
    assert exception_attributes(raised(error))["exception.stacktrace"].endswith("PaymentError: declined\norder 7\n")


class Text(str):
    """A text that is hostile."""

    __slots__ = ()

    def __len__(self) -> int:
        raise RuntimeError("no length")

    def __format__(self, spec: str) -> str:
        raise RuntimeError("no format")

    def __getitem__(self, key: Any) -> str:
        raise RuntimeError("no items")


class Hostile(Exception):
    def __init__(self, answer: Callable[[], Any]) -> None:
        self.answer = answer

    def __str__(self) -> str:
        return self.answer()  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda: 1 / 0, "<str() failed with ZeroDivisionError>"),
        (lambda: 7, "<str() failed with TypeError>"),
        (lambda: Text("declined"), "declined"),
        (lambda: "\ud800", "\ud800"),
        (lambda: str(sys.getrecursionlimit() and hostile_recursion()), "<str() failed with RecursionError>"),
    ],
)
def test_a_hostile_text_is_told_as_far_as_it_goes(answer: Callable[[], Any], message: str) -> None:
    attributes = exception_attributes(raised(Hostile(answer)))
    assert attributes["exception.message"] == message
    assert type(attributes["exception.message"]) is str
    assert "Hostile" in attributes["exception.stacktrace"]
    assert "in raised" in attributes["exception.stacktrace"]


def hostile_recursion() -> str:
    return hostile_recursion()


def circle() -> BaseException:
    first, second = PaymentError("a"), PaymentError("b")
    first.__cause__, second.__cause__ = second, first
    first.__context__ = first
    return first


def many_causes() -> BaseException:
    error: BaseException = PaymentError("the first")
    for number in range(100_000):
        following = PaymentError(str(number))
        following.__cause__ = error
        error = following
    return error


def many_frames() -> BaseException:
    error = raised(PaymentError("bottom"))
    entry = error.__traceback__
    assert entry is not None
    for _ in range(100_000):
        entry = TracebackType(entry, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return error.with_traceback(entry)


def many_leaves() -> BaseException:
    return raised(ExceptionGroup("all", [PaymentError(str(number)) for number in range(100_000)]))  # type: ignore[name-defined,no-any-return] # noqa: F821


def deep_groups() -> BaseException:
    error: Exception = PaymentError("the leaf")
    for _ in range(10_000):
        error = ExceptionGroup("deep", [error])  # type: ignore[name-defined] # noqa: F821
    return error


def with_notes(notes: object) -> BaseException:
    error = raised(PaymentError("declined"))
    error.__notes__ = notes  # type: ignore[attr-defined]
    return error


class Endless(list[str]):
    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Any:
        while True:
            yield "again"


class NoCause(Exception):
    @property
    def __notes__(self) -> Any:
        raise RuntimeError("no notes")


HOSTILE: list[Any] = [
    pytest.param(circle, "PaymentError: a", id="circle"),
    pytest.param(many_causes, "PaymentError: 99999", id="causes"),
    pytest.param(many_frames, "frames left out", id="frames"),
    pytest.param(many_leaves, "PaymentError: 0", id="leaves", marks=needs_groups),
    pytest.param(deep_groups, "ExceptionGroup: deep", id="groups", marks=needs_groups),
    pytest.param(lambda: with_notes("no list"), "PaymentError: declined", id="notes that are a text"),
    pytest.param(lambda: with_notes(7), "PaymentError: declined", id="notes that are a number"),
    pytest.param(lambda: with_notes(["n" * 10**6] * 10_000), "PaymentError: declined", id="many notes"),
    pytest.param(lambda: with_notes([Text("x"), 7, None]), "PaymentError: declined", id="notes of all kinds"),
    pytest.param(lambda: with_notes(Endless()), "PaymentError: declined", id="notes without an end"),
    pytest.param(lambda: raised(NoCause("declined")), "NoCause", id="notes that raise"),
    pytest.param(lambda: raised(PaymentError("x" * 10**6)), "PaymentError: xxx", id="a long message"),
]


@pytest.mark.parametrize(("make", "told"), HOSTILE)
def test_a_hostile_exception_is_told_in_bounded_time_and_length(make: Callable[[], BaseException], told: str) -> None:
    error = make()
    start = time.perf_counter()
    attributes = exception_attributes(error)
    fingerprint(error)
    assert time.perf_counter() - start < 1.0, "seconds where nothing is bounded"
    assert told in attributes["exception.stacktrace"]
    assert len(attributes["exception.stacktrace"]) < 70_000
    assert len(attributes["exception.message"]) < 20_000
    link: BaseException | None = error
    while link is not None:  # a chain this long could end the interpreter if it were let go of at once
        following, link.__cause__ = link.__cause__, None
        link = following


def test_what_was_cut_is_marked() -> None:
    for error in (many_frames(), raised(PaymentError("x" * 10**6))):
        assert exception_attributes(error)["logcapy.truncated"] is True


def test_a_very_deep_recursion_keeps_where_it_failed() -> None:
    def dig(depth: int) -> None:
        if depth == 0:
            raise PaymentError("bottom")
        dig(depth - 1)

    with pytest.raises(PaymentError) as caught:
        dig(sys.getrecursionlimit() - 200)
    attributes = exception_attributes(caught.value)
    assert "frames left out" in attributes["exception.stacktrace"]
    assert attributes["exception.stacktrace"].endswith("PaymentError: bottom\n")
