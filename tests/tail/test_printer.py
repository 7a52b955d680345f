"""Records on their way to stdout, which may be a pipe that nobody reads."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest

from logcapy.render.received import Received
from logcapy.tail.printer import Printer
from logcapy.tail.refusal import Refusal


def render(record: Received) -> str:
    return f"{record.body}\n"


def test_records_of_a_request_are_flushed_together(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as stream:
        Printer(stream, render, pytest.fail).show([Received(body="a"), Received(body="b")])
        assert (tmp_path / "out").read_text() == "a\nb\n"


def test_a_broken_pipe_is_told_once_and_nothing_is_acknowledged_after_it() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    told: list[OSError] = []
    stream = os.fdopen(writing, "w")
    printer = Printer(stream, render, told.append)
    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            printer.show([Received(body="a")])
        assert refused.value.status == 503
    assert [type(error) for error in told] == [BrokenPipeError]
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_after_the_end_nothing_is_printed_or_acknowledged() -> None:
    stream = io.StringIO()
    printer = Printer(stream, render, pytest.fail)
    assert printer.close(1)
    with pytest.raises(Refusal):
        printer.show([Received(body="a")])
    assert stream.getvalue() == ""


def test_closing_does_not_wait_for_a_reader_that_does_not_read() -> None:
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w")
    text = "x" * 1_000_000
    printer = Printer(stream, render, lambda error: None)
    stuck = threading.Thread(target=printer.show, args=([Received(body=text)],))
    stuck.start()
    os.read(reading, 1)
    assert not printer.close(0.05)
    left = len(text)  # one was read above, and the newline is still to come
    while left:
        left -= len(os.read(reading, left))
    stuck.join()
    assert printer.close(1)
    stream.close()
    os.close(reading)
