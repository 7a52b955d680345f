"""The console: what a record is in each format, that it stays on its line, and streams that have others or nobody."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk.resources import Resource

from logcapy.config.destinations.console import ConsoleConfig
from logcapy.errors import ConfigError
from logcapy.export._console_lines import ECS_BYTES, GCP_BYTES, console_lines
from logcapy.export.console import ConsoleLogRecordExporter
from logcapy.exporter import PayloadExporter
from logcapy.testing.conformance import Arrived, PayloadConformance
from logcapy.testing.hostile import hostile_records
from logcapy.types import Broken, Delivered, Retry
from servers.processes import clean_environment
from tests.export.test_loki import a_record

TEMPLATE = "{timestamp} {severity:<5} {logger} {service} {event} {body} {attributes} {exception} {trace_id} {span_id}"
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


@contextmanager
def stdout_is(stream: Any) -> Iterator[None]:
    before, sys.stdout = sys.stdout, stream
    try:
        yield
    finally:
        sys.stdout = before


def shown(record: Any, **fields: Any) -> str:
    stream = io.StringIO()
    with stdout_is(stream):
        exporter = ConsoleLogRecordExporter(**fields)
        for payload in exporter.encode([record]):
            assert exporter.send(payload, time.monotonic() + 5) == Delivered()
    return stream.getvalue()


def nanoseconds(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp[:19] + "+00:00").timestamp()) * 10**9 + int(stamp[20:29])


class TestConsole(PayloadConformance):
    splits = False

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        self.path, self.monkeypatch = tmp_path / "stdout", monkeypatch
        with self.path.open("w") as self.file:
            yield

    def make_exporter(self) -> PayloadExporter:
        self.monkeypatch.setattr(sys, "stdout", self.file)  # not before: pytest puts its own there when a test begins
        return ConsoleLogRecordExporter(format="json")

    def arrived(self, service: str) -> Sequence[Arrived]:
        found = map(json.loads, self.path.read_text().splitlines())
        return [
            Arrived(
                body=str(one.get("body", "")),
                attributes=one["attributes"],
                severity_number=one["severity_number"],
                timestamp=nanoseconds(one["timestamp"]),
                trace_id=one.get("trace_id"),
                span_id=one.get("span_id"),
            )
            for one in found
            if one["resource"].get("service.name") == service
        ]


@pytest.mark.parametrize("form", ["json", "gcp", "ecs", TEMPLATE])
def test_a_record_stays_one_line_and_what_is_in_it_is_inert(form: str) -> None:
    for hostile in hostile_records("shop"):
        text = shown(hostile.record, format=form)
        assert text.endswith("\n")
        line = text[:-1]
        assert line.replace("\u200c", "").replace("\u200d", "").isprintable(), hostile.name
        if form in ("json", "gcp", "ecs"):
            json.loads(line)


@pytest.mark.parametrize("form", ["gcp", "ecs"])
def test_a_line_keeps_to_the_limit_whatever_characters_are_in_it(form: str) -> None:
    limit = GCP_BYTES if form == "gcp" else ECS_BYTES
    for character in ("a", "\x9b", "\u202e", '"', "\x00"):
        for size in (limit // 6, limit // 3, limit, 2 * limit):
            line = console_lines(ConsoleConfig(format=form), coloured=False)(a_record(character * size, Resource({})))
            assert len(line.encode()) <= limit + 1
            assert json.loads(line)["message"].startswith(character)


def a_failure() -> Any:
    record = a_record(
        "pay\x1b[31m failed\nforged line",
        Resource({"service.name": "shop", "service.version": "2"}),
        timestamp=1795359970143302400,
        severity_number=SeverityNumber.ERROR,
        trace_id=0xAF7,
        span_id=0xB7,
    )
    record.log_record.attributes = {
        "order.id": 7,
        "http.request.method": "POST",
        "http.response.status_code": 500,
        "code.file.path": "/srv/shop.py",
        "code.line.number": 41,
        "code.function.name": "charge",
        "exception.type": "ValueError",
        "exception.message": "no \x1b[2J card",
        "exception.stacktrace": 'Traceback (most recent call last):\n  File "/srv/shop.py", line 41, in charge\n'
        "    pay()\nValueError: no \x1b[2J card\n",
    }
    return record


def test_google_cloud_finds_severity_time_trace_place_and_request() -> None:
    entry = json.loads(shown(a_failure(), format="gcp", gcp_project="my-shop"))
    trace = f"{0xAF7:032x}"
    assert entry["severity"] == "ERROR"
    assert entry["time"] == "2026-11-22T15:06:10.143302400Z"
    assert entry["message"] == "pay\x1b[31m failed\nforged line"
    assert entry["stack_trace"].startswith("Traceback (most recent call last):\n")
    assert entry["logging.googleapis.com/trace"] == f"projects/my-shop/traces/{trace}"
    assert entry["logging.googleapis.com/spanId"] == f"{0xB7:016x}"
    assert entry["logging.googleapis.com/sourceLocation"] == {
        "file": "/srv/shop.py",
        "line": "41",
        "function": "charge",
    }
    assert entry["httpRequest"] == {"requestMethod": "POST", "status": 500}
    assert entry["attributes"]["order.id"] == 7
    assert entry["resource"]["service.name"] == "shop"
    unknown = json.loads(shown(a_failure(), format="gcp"))
    assert unknown["logging.googleapis.com/trace"] == trace


@pytest.mark.parametrize(
    ("number", "severity"),
    [
        *((None, "DEFAULT"), (1, "DEBUG"), (8, "DEBUG"), (9, "INFO"), (10, "INFO"), (11, "NOTICE"), (13, "WARNING")),
        *((16, "WARNING"), (17, "ERROR"), (20, "ERROR"), (21, "CRITICAL"), (23, "ALERT"), (24, "EMERGENCY")),
    ],
)
def test_google_cloud_has_severities_of_its_own(number: int | None, severity: str) -> None:
    record = a_record("x", severity_number=number and SeverityNumber(number))
    assert json.loads(shown(record, format="gcp"))["severity"] == severity


def test_ecs_has_the_fields_of_the_elastic_common_schema() -> None:
    document = json.loads(shown(a_failure(), format="ecs"))
    wanted = {
        "@timestamp": "2026-11-22T15:06:10.143302400Z",
        "log.level": "error",
        "service.name": "shop",
        "trace.id": f"{0xAF7:032x}",
        "error.type": "ValueError",
        "log.origin.file.line": 41,
    }
    assert {name: document[name] for name in wanted} == wanted


def test_a_template_shows_what_it_names() -> None:
    line = shown(a_failure(), format="{severity:<6}| {body} | {attributes} | {exception:.40}")
    assert line == (
        "ERROR | pay\\x1b[31m failed\\nforged line | order.id=7 http.request.method=POST http.response.status_code=500"
        " code.file.path=/srv/shop.py code.line.number=41 code.function.name=charge"
        " | Traceback (most recent call last):\\n  Fi\n"
    )


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"format": "prety"}, "did you mean 'pretty'"),
        ({"format": "{sevrity} {body}"}, "did you mean 'severity'"),
        ({"format": "{body.__class__}"}, "cannot be used"),
        ({"format": "{0}"}, "use any of {timestamp}"),
        ({"format": "{}"}, "use any of {timestamp}"),
        ({"format": "{body"}, "expected '}'"),
        ({"format": "{body:d}"}, "str.format"),
        ({"format": "{body:{severity}}"}, "fields inside of fields"),
        ({"format": "{body}\n{severity}"}, "on one line"),
        ({"stream": "stdin"}, "stdout, stderr"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        ConsoleLogRecordExporter(**fields)


def test_people_see_the_stack_over_lines_and_escapes_of_strangers_do_nothing() -> None:
    text = shown(a_failure())
    lines = text.splitlines()
    assert "pay\\x1b[31m failed\\nforged line" in lines[0]
    assert lines[1] == "  ValueError: no \\x1b[2J card"
    assert '      File "/srv/shop.py", line 41, in charge' in lines
    assert "\x1b" not in text


def seen_on_a_terminal(record: Any) -> str:
    leader, follower = pty.openpty()
    try:
        with os.fdopen(follower, "w") as terminal, stdout_is(terminal):
            exporter = ConsoleLogRecordExporter()
            (payload,) = exporter.encode([record])
            assert exporter.send(payload, time.monotonic() + 5) == Delivered()
            return os.read(leader, 65536).decode().replace("\r\n", "\n")
    finally:
        os.close(leader)


@pytest.mark.parametrize("with_rich", [True, False])
def test_a_terminal_has_colours_which_are_the_only_escapes(with_rich: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if not with_rich:
        monkeypatch.setitem(sys.modules, "rich.console", None)
    text = seen_on_a_terminal(a_failure())
    plain = ESCAPES.sub("", text)
    assert plain == shown(a_failure())
    place = next(line for line in text.splitlines() if "File" in ESCAPES.sub("", line))
    assert len(ESCAPES.findall(place)) == 2 if not with_rich else len(ESCAPES.findall(place)) > 2


def test_no_colours_are_where_the_user_wants_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in seen_on_a_terminal(a_failure())


def test_it_may_be_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    exporter = ConsoleLogRecordExporter(stream="stderr", format="{body}")
    (payload,) = exporter.encode([a_record("over there")])
    assert exporter.send(payload, time.monotonic() + 5) == Delivered()
    assert capfd.readouterr() == ("", "over there\n")


def test_what_nobody_reads_is_given_back_in_time_and_not_written_twice() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "w") as pipe, os.fdopen(read_end, "rb") as reader, stdout_is(pipe):
        exporter = ConsoleLogRecordExporter(format="{body}")
        (payload,) = exporter.encode([a_record(f"{number} {'x' * 500}") for number in range(500)])
        assert isinstance(exporter.send(payload, time.monotonic() + 0.1), Retry)
        found = b""
        outcome: Any = None
        while outcome != Delivered():
            found += os.read(reader.fileno(), 1 << 20)
            outcome = exporter.send(payload, time.monotonic() + 0.05)
        pipe.close()
        found += reader.read()
    assert [int(line.split()[0]) for line in found.splitlines()] == list(range(500))


def test_what_the_application_printed_before_comes_before(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as file, stdout_is(file):
        exporter = ConsoleLogRecordExporter(format="{body}")
        (payload,) = exporter.encode([a_record("second")])
        print("first")
        assert exporter.send(payload, time.monotonic() + 5) == Delivered()
        print("third")
    assert (tmp_path / "out").read_text() == "first\nsecond\nthird\n"


def test_a_stream_that_is_none_or_closed_is_for_somebody_to_mend() -> None:
    exporter = ConsoleLogRecordExporter()
    (payload,) = exporter.encode([a_record()])
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        with stdout_is(stream):
            assert isinstance(exporter.send(payload, time.monotonic() + 5), Broken)
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as pipe, stdout_is(pipe):
        assert isinstance(exporter.send(payload, time.monotonic() + 5), Broken)


PROGRAM = """
import logging
import logcapy
from logcapy.export.console import ConsoleLogRecordExporter
handle = logcapy.configure(ConsoleLogRecordExporter(format="json"))
for number in range(300):
    logging.getLogger("shop").warning("%s %s password=hunter2", number, "x" * 300)
handle.force_flush(5000)
"""


@pytest.mark.slow
def test_a_pipe_that_nobody_reads_any_more_changes_neither_exit_code_nor_raises() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], stdout=write_end, stderr=subprocess.PIPE, env=clean_environment(), timeout=60
    )
    os.close(write_end)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"300 records were not delivered" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_changes_no_exit_code() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            stdout=full,
            stderr=subprocess.PIPE,
            env=clean_environment(LOGCAPY_SHUTDOWN_TIMEOUT="500"),
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    assert b"300 of 300 records were not delivered" in done.stderr


@pytest.mark.slow
def test_lines_of_several_processes_on_one_pipe_are_whole_and_redacted() -> None:
    read_end, write_end = os.pipe()
    env = clean_environment()
    writers = [subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=write_end, env=env) for _ in range(4)]
    os.close(write_end)
    with os.fdopen(read_end, "rb") as reader:
        lines = reader.read().splitlines()
    assert [writer.wait(60) for writer in writers] == [0] * 4
    bodies = [json.loads(line)["body"] for line in lines]
    assert sorted(int(body.split()[0]) for body in bodies) == sorted(list(range(300)) * 4)
    assert not any("hunter2" in body for body in bodies)
