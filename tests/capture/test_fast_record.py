"""LogRecords made in less time: the same as the standard library's, and out of the way of whoever has others."""

from __future__ import annotations

import asyncio
import copy
import logging
import multiprocessing
import os
import pickle
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcapy.capture import fast_record

from .heard import heard

TIMES = {"created", "msecs", "relativeCreated"}
ORIGINAL = logging.LogRecord.__init__
FAST = fast_record._init(ORIGINAL)
IS_INTERNAL = getattr(logging, "_is_internal_frame", None)


def make_record(*what: Any, **kwargs: Any) -> logging.LogRecord:
    record = logging.LogRecord.__new__(logging.LogRecord)
    FAST(record, *what, **kwargs)
    return record


class _Odd(dict[str, Any]):
    pass


PATHS = st.sampled_from(
    ["", "x", "/srv/shop/orders.py", "/srv/shop.d/.hidden", "/srv/two.dots.py", "C:\\shop\\orders.py", "orders"]
) | st.text(max_size=20)
ARGUMENTS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.tuples(),
    st.tuples(st.sampled_from([{}, {"a": 1}, _Odd(a=1), _Odd(), [], [1], None, "", "text", 7, 1.5, b"x", True])),
    st.tuples(st.integers(), st.text(max_size=3)),
)


@pytest.fixture
def used() -> Iterator[None]:
    stop = fast_record.install()
    assert logging.LogRecord.__init__ is not ORIGINAL
    assert (getattr(logging, "_is_internal_frame", None) is IS_INTERNAL) is (sys.version_info < (3, 11))
    yield
    stop()
    assert logging.LogRecord.__init__ is ORIGINAL
    assert getattr(logging, "_is_internal_frame", None) is IS_INTERNAL


def same(*what: Any, **kwargs: Any) -> dict[str, Any]:
    """The fields of a record made here, once they were found to be those of the standard library's."""
    theirs, ours = logging.LogRecord(*what, **kwargs), make_record(*what, **kwargs)
    assert type(ours) is logging.LogRecord
    assert list(vars(ours)) == list(vars(theirs))
    assert [type(value) for value in vars(ours).values()] == [type(value) for value in vars(theirs).values()]
    left, right = ({k: v for k, v in vars(one).items() if k not in TIMES} for one in (ours, theirs))
    assert left == right
    assert ours.args is theirs.args
    assert 0 <= ours.created - theirs.created < 5
    assert 0 <= ours.relativeCreated - theirs.relativeCreated < 5_000
    # A float of seconds knows about a fifth of a microsecond, so a millisecond may be the one before.
    difference = (ours.msecs - int(ours.created * 1_000)) % 1_000
    assert difference in (0, 1, 999)
    assert repr(ours) == repr(theirs)
    return vars(ours)


@given(
    st.text(max_size=5),
    st.sampled_from([0, 7, 10, 20, 25, 30, 40, 50, 51, -1]),
    PATHS,
    st.integers(0, 9),
    st.one_of(st.text(max_size=5), st.none(), st.integers()),
    ARGUMENTS,
)
def test_a_record_has_the_fields_of_the_standard_librarys(
    name: str, level: int, path: str, line: int, message: Any, args: Any
) -> None:
    same(name, level, path, line, message, args, None)
    same(name, level, path, line, message, args, (None, None, None), "function", "stack", more=1)


def test_odd_paths_and_levels_are_as_the_standard_library_has_them() -> None:
    for path in (None, 3, b"/srv/shop/orders.py", ["no", "path"]):
        same("shop", 20, path, 1, "text", (), None)
    with pytest.raises(TypeError) as ours:
        make_record("shop", [], "x", 1, "text", (), None)  # type: ignore[arg-type]
    with pytest.raises(TypeError) as theirs:
        logging.LogRecord("shop", [], "x", 1, "text", (), None)  # type: ignore[arg-type]
    assert str(ours.value) == str(theirs.value)


def test_what_is_switched_off_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    for switch in ("logThreads", "logMultiprocessing", "logProcesses", "logAsyncioTasks"):
        if hasattr(logging, switch):
            with monkeypatch.context() as patch:
                patch.setattr(logging, switch, False)
                same("shop", 20, "x", 1, "text", (), None)


def test_names_are_those_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    what = ("shop", 27, "/srv/orders.py", 1, "text", (), None)
    same(*what)
    monkeypatch.setitem(logging._levelToName, 27, "NOTE")
    assert same(*what)["levelname"] == "NOTE"
    monkeypatch.setattr(threading.current_thread(), "name", "renamed")
    assert same(*what)["threadName"] == "renamed"
    monkeypatch.setattr(multiprocessing.current_process(), "name", "third")
    assert same(*what)["processName"] == "third"
    monkeypatch.setattr(multiprocessing, "current_process", lambda: 1 / 0)
    assert same(*what)["processName"] == "MainProcess"


def test_what_is_replaced_in_the_standard_library_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    greenlet = threading.Thread(name="greenlet")
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: 1_795_000_000.25)
        patch.setattr(time, "time_ns", lambda: 1_795_000_000_250_000_000)
        patch.setattr(threading, "get_ident", lambda: 4711)
        patch.setattr(threading, "current_thread", lambda: greenlet)
        patch.setattr(os, "getpid", lambda: 815)
        patch.setattr(logging, "getLevelName", lambda level: f"<{level}>")
        made = [vars(make("shop", 20, "x", 1, "text", (), None)) for make in (make_record, logging.LogRecord)]
    ours, theirs = made
    assert ours == theirs
    assert (int(ours["created"]), ours["thread"], ours["levelname"]) == (1_795_000_000, 4711, "<20>")


def test_a_task_and_another_thread_have_their_names() -> None:
    seen: list[dict[str, Any]] = []

    async def in_task() -> None:
        seen.append(same("shop", 20, "x", 1, "text", (), None))

    thread = threading.Thread(target=asyncio.run, args=(in_task(),), name="other")
    thread.start()
    thread.join()
    assert seen[0]["threadName"] == "other"
    assert ("taskName" in seen[0]) is (sys.version_info >= (3, 12))
    assert str(seen[0].get("taskName", "Task-")).startswith("Task-")


@pytest.mark.usefixtures("used")
def test_loggers_make_records_so_and_they_survive_copies() -> None:
    with heard("tests.fast_record") as records:
        logging.getLogger("tests.fast_record").warning("order %d", 7, extra={"customer": "c-1"})
    (record,) = records
    assert (type(record), record.getMessage(), record.customer) == (logging.LogRecord, "order 7", "c-1")  # type: ignore[attr-defined]
    assert (record.filename, record.module) == ("test_fast_record.py", "test_fast_record")
    for copied in (copy.copy(record), pickle.loads(pickle.dumps(record)), logging.makeLogRecord(vars(record))):
        assert vars(copied) == vars(record)


@pytest.mark.usefixtures("used")
def test_the_caller_is_found_at_every_depth() -> None:
    logger = logging.getLogger("tests.fast_record.depth")

    def wrapper(level: int) -> None:
        logger.warning("text", stacklevel=level)

    with heard(logger.name) as records:
        for level in (1, 2, 1, 2, 500):
            wrapper(level)
        logger.log(logging.ERROR, "text", stack_info=True)
    own = "test_the_caller_is_found_at_every_depth"
    assert [record.funcName for record in records[:4]] == ["wrapper", own, "wrapper", own]
    assert records[-1].funcName == own
    assert own in (records[-1].stack_info or "")


@pytest.mark.usefixtures("used")
def test_a_factory_and_a_class_of_somebodys_are_as_they_were() -> None:
    class Theirs(logging.LogRecord):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.host = "h"

    assert logging.getLogRecordFactory() is logging.LogRecord
    logging.setLogRecordFactory(Theirs)
    try:
        record = logging.makeLogRecord({"msg": "text"})
    finally:
        logging.setLogRecordFactory(logging.LogRecord)
    assert (type(record), record.msg, record.host) == (Theirs, "text", "h")  # type: ignore[attr-defined]


def test_what_somebody_has_replaced_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    def theirs(self: logging.LogRecord, *args: Any, **kwargs: Any) -> None:
        ORIGINAL(self, *args, **kwargs)

    monkeypatch.setattr(logging.LogRecord, "__init__", theirs)
    fast_record.install()()
    assert logging.LogRecord.__init__ is theirs


def test_what_somebody_replaces_later_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = fast_record.install()
    ours: Any = logging.LogRecord.__init__

    def theirs(self: logging.LogRecord, *args: Any, **kwargs: Any) -> None:
        ours(self, *args, **kwargs)

    try:
        logging.LogRecord.__init__ = theirs  # type: ignore[method-assign]
        stop()
        assert logging.LogRecord.__init__ is theirs
        assert logging.makeLogRecord({"msg": "text"}).msg == "text"
    finally:
        logging.LogRecord.__init__ = ORIGINAL  # type: ignore[method-assign]


def test_records_of_another_shape_are_left_to_the_standard_library(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "def __init__(self, *args, **kwargs):\n    original(self, *args, **kwargs)\n    self.host = 'h'\n"
    of_another_python: dict[str, Any] = {"original": ORIGINAL}
    exec(compile(source, logging.__file__, "exec"), of_another_python)
    monkeypatch.setattr(logging.LogRecord, "__init__", of_another_python["__init__"])
    fast_record.install()()
    assert logging.LogRecord.__init__ is of_another_python["__init__"]


def test_files_without_end_are_not_kept() -> None:
    for number in range(10_000):
        same("shop", 20, f"/tmp/{number}.py", 1, "text", (), None)
    assert len(fast_record._names) <= 4096
