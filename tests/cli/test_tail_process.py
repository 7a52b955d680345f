"""``logcapy tail`` as people start it: a process with a terminal's signals, ports and pipes."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpExporter

from servers.processes import RunningProcess, clean_environment, free_port, running, wait_until
from tail.sending import send_one

COMMAND = [sys.executable, "-m", "logcapy.cli", "tail"]
#: A developer's PYTHONUNBUFFERED would hide what becomes of the last buffer.
ENVIRONMENT = clean_environment(PYTHONUNBUFFERED="")
LISTENING = re.compile(r"^logcapy tail: listening for OTLP on http://127\.0\.0\.1:(\d+).*; Ctrl-C ends$", re.MULTILINE)


def listening_port(process: RunningProcess) -> int:
    """The port of the line that says so; it must take connections at once."""
    line = wait_until(lambda: LISTENING.search(process.stderr), 30, lambda: str(process))
    assert line is not None
    port = int(line[1])
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    return port


@contextmanager
def tail(folder: Path, *arguments: str, grpc_port: int = 0) -> Iterator[tuple[RunningProcess, int]]:
    args = [*COMMAND, "--port", "0", "--grpc-port", str(grpc_port), *arguments]
    with running(args, ENVIRONMENT, folder) as process:
        yield process, listening_port(process)


def send(port: int, body: str = "payment failed") -> None:
    send_one(HttpExporter(endpoint=f"http://127.0.0.1:{port}/v1/logs"), body)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_what_is_sent_is_shown_at_once_and_a_signal_ends_it_with_a_summary(tmp_path: Path, how: signal.Signals) -> None:
    with tail(tmp_path) as (process, port):
        send(port)
        assert "ERROR shop.payments  payment failed  order_id=7\n" in process.stdout
        assert process.terminate(how=how) == 0
        assert process.stdout.count("\n") == 1
        assert re.fullmatch(LISTENING.pattern + r"\nlogcapy tail: 1 record, 0 spans received\n", process.stderr, re.M)


def test_a_pipe_gets_no_colours_unless_it_is_told_to(tmp_path: Path) -> None:
    with tail(tmp_path / "auto") as (plain, plain_port), tail(tmp_path / "on", "--color", "always") as (painted, port):
        send(plain_port)
        send(port)
        assert "\x1b" not in plain.stdout
        assert "\x1b[1;31mERROR\x1b[0m" in painted.stdout


def test_json_is_one_object_a_line_in_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    args = [*COMMAND, "--port", "0", "--grpc-port", "0", "--json"]
    with running(args, {**ENVIRONMENT, "PYTHONIOENCODING": "ascii"}, tmp_path) as process:
        send(listening_port(process), "zapłacono\n\x1b[2J")
        (line,) = process.stdout.splitlines()
        assert json.loads(line)["body"] == "zapłacono\n\x1b[2J"
        assert "zapłacono" in line


def test_what_the_terminal_cannot_write_is_spelled_out(tmp_path: Path) -> None:
    args = [*COMMAND, "--port", "0", "--grpc-port", "0"]
    with running(args, {**ENVIRONMENT, "PYTHONIOENCODING": "ascii"}, tmp_path) as process:
        send(listening_port(process), "zapłacono")
        assert "zap\\u0142acono" in process.stdout


def test_grpc_is_received_beside_http(tmp_path: Path) -> None:
    grpc_port = free_port()
    with tail(tmp_path, grpc_port=grpc_port) as (process, _):
        assert f" (gRPC on {grpc_port}); Ctrl-C ends\n" in process.stderr
        send_one(GrpcExporter(f"127.0.0.1:{grpc_port}", insecure=True))
        assert "payment failed" in process.stdout
        assert process.terminate() == 0


def test_a_grpc_port_that_is_taken_is_told_in_a_line_and_http_goes_on(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        grpc_port = other.getsockname()[1]
        with tail(tmp_path, grpc_port=grpc_port) as (process, port):
            send(port)
            assert "payment failed" in process.stdout
            first, second = process.stderr.splitlines()
    assert first == f"logcapy tail: 127.0.0.1:{grpc_port} is in use, so there is no gRPC"
    assert LISTENING.match(second)


def test_a_port_that_is_taken_ends_it_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = subprocess.run(
            [*COMMAND, "--port", str(port)], env=ENVIRONMENT, capture_output=True, text=True, timeout=60
        )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == (
        f"logcapy tail: 127.0.0.1:{port} is in use; stop what listens there or choose another with --port\n"
    )


@pytest.mark.parametrize("host", ["203.0.113.1", "no such host", "x" * 300])
def test_a_host_that_is_not_ours_ends_it_in_one_line(host: str) -> None:
    ended = subprocess.run(
        [*COMMAND, "--host", host, "--port", "0"], env=ENVIRONMENT, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert re.fullmatch(rf"logcapy tail: cannot listen on {host}:0: .+; choose another .+\n", ended.stderr)


@contextmanager
def piped() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The process with its stdout in a pipe to us, and its port."""
    args = [*COMMAND, "--port", "0", "--grpc-port", "0"]
    pipe = subprocess.PIPE
    with subprocess.Popen(args, env=ENVIRONMENT, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stderr is not None
            line = LISTENING.match(process.stderr.readline())
            assert line is not None
            yield process, int(line[1])
        finally:
            process.kill()


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    with piped() as (process, port):
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        with pytest.raises(OSError, match=r"503|closed|reset"):
            post_json(port)
        assert process.wait(30) == 0
        assert process.stderr.read() == "logcapy tail: 0 records, 0 spans received\n"


def test_a_reader_that_does_not_read_on_does_not_keep_it_from_ending() -> None:
    with piped() as (process, port):
        assert process.stderr is not None
        with pytest.raises(OSError, match="timed out"):
            post_json(port, "x" * 1_000_000, timeout=1)
        process.terminate()
        assert process.wait(30) == 0
        assert process.stderr.read() == "logcapy tail: 0 records, 0 spans received\n"


def post_json(port: int, body: str = "paid", timeout: float = 10) -> None:
    document = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": body}}]}]}]}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/logs", json.dumps(document).encode())
    request.add_header("Content-Type", "application/json")
    urllib.request.urlopen(request, timeout=timeout).close()
