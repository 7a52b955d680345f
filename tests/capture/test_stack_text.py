"""The text of an exception is Python's own, the first time and when its places are known."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import pytest

from logcapy.capture import stack_text
from logcapy.capture.stack_text import described

needs_groups = pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_text, "_places", {})


def caught(call: Callable[[], object]) -> BaseException:
    try:
        call()
    except BaseException as error:
        return error
    raise AssertionError


def fail(text: str = "no") -> None:
    raise ValueError(text)


def caused() -> None:
    try:
        fail("first")
    except ValueError as error:
        raise KeyError("second") from error


def in_context() -> None:
    try:
        caused()
    except KeyError:
        fail("third")


def without_context() -> None:
    try:
        fail("first")
    except ValueError:
        raise KeyError("second") from None


def in_a_circle() -> None:
    first, second = caught(fail), caught(caused)
    first.__cause__, second.__cause__ = second, first
    raise first


def dig(depth: int) -> int:
    return dig(depth - 1) if depth else 1 // 0


def by_turns(depth: int) -> None:
    (by_turns if depth % 2 else dig)(depth - 1)


def in_one_line() -> object:
    return [*map(lambda one: [*map(lambda two: [*map(lambda three: three[one], [two])], [1])], [1])]  # noqa: C417


def misspelt() -> object:
    fali = fail
    return fail_, fali  # type: ignore[name-defined]  # noqa: F821


def of_no_file() -> None:
    exec(compile("def inner():\n    fail()\ninner()", "<nowhere>", "exec"), {"fail": fail})


def noted() -> None:
    error = ValueError("no")
    error.__notes__ = ["one\nof two lines", "two"]  # type: ignore[attr-defined]
    raise error


def under_another_line() -> None:
    """As template engines do it: an entry whose line is not that of its instruction."""
    entry = caught(fail).__traceback__
    assert entry is not None
    raise ValueError("no").with_traceback(TracebackType(entry, entry.tb_frame, entry.tb_lasti, 7))


def of_a_group() -> None:
    leaves = [caught(caused), caught(fail), ExceptionGroup("inner", [caught(in_context)])]  # type: ignore[name-defined]  # noqa: F821
    try:
        fail("before")
    except ValueError:
        raise ExceptionGroup("several", leaves)  # type: ignore[name-defined]  # noqa: B904, F821


SHAPES = [
    fail,
    caused,
    in_context,
    without_context,
    in_a_circle,
    *(pytest.param(lambda depth=depth: dig(depth), id=f"dig-{depth}") for depth in range(7)),
    lambda: by_turns(9),
    in_one_line,
    misspelt,
    of_no_file,
    lambda: compile("a = (", "<text>", "exec"),
    noted,
    under_another_line,
    lambda: int("x"),
    pytest.param(of_a_group, marks=needs_groups),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_what_python_prints_also_of_places_that_are_known(shape: Callable[[], object]) -> None:
    for _ in range(3):
        error = caught(shape)
        told = described(error, error.__traceback__)
        assert "".join(told.format()) == "".join(traceback.format_exception(error))


def test_an_exception_that_was_never_raised_has_no_stack() -> None:
    error = ValueError("no")
    assert [*described(error, None).format()] == traceback.format_exception(error)


def test_the_limit_of_the_process_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    error = caught(lambda: dig(2))
    assert "in dig" in "".join(described(error, error.__traceback__).format())
    monkeypatch.setattr(sys, "tracebacklimit", 1, raising=False)
    text = "".join(described(error, error.__traceback__).format())
    assert text == "".join(traceback.format_exception(error))
    assert "in dig" not in text


def test_a_place_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    described(error := caught(caused), error.__traceback__)
    looked_at: list[TracebackType] = []
    look = stack_text._new_place
    monkeypatch.setattr(stack_text, "_new_place", lambda entry: (looked_at.append(entry), look(entry))[1])
    text = "".join(described(error := caught(caused), error.__traceback__).format())
    assert 'raise KeyError("second") from error' in text
    assert not looked_at
    described(error := caught(in_context), error.__traceback__)
    assert {entry.tb_frame.f_code.co_name for entry in looked_at} == {"in_context"}


def test_what_is_kept_is_bounded(tmp_path: Path) -> None:
    def made_anew() -> Iterator[Callable[[], object]]:
        for number in range(3000):
            scope: dict[str, Callable[[], object]] = {}
            exec(compile(f"def inner():\n    return {number} // 0", str(tmp_path), "exec"), scope)
            yield scope["inner"]

    for inner in made_anew():
        described(error := caught(inner), error.__traceback__)
    assert len(stack_text._places) <= 1024
    (tmp_path / "long.py").write_text(f"1 // 0  # {'x' * 5000}")
    code = compile((tmp_path / "long.py").read_text(), str(tmp_path / "long.py"), "exec")
    told = described(error := caught(lambda: exec(code)), error.__traceback__)
    assert "x" * 5000 in "".join(told.format())
    assert all(len(text) < 1100 for text, _, _ in stack_text._places.values())
