"""A uvicorn server under opentelemetry-instrument, ended by a signal."""

from __future__ import annotations

import signal
import socket
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from servers.processes import RunningProcess, clean_environment, free_port, wait_until

from .conftest import Program

pytestmark = pytest.mark.slow

APP = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
"""


BIN = Path(sys.executable).parent


def serve(folder: Path, *options: str, instrument: bool = True, **env: str) -> tuple[RunningProcess, int]:
    """A server that has answered ``/last``, and its port."""
    (folder / "app.py").write_text(APP)
    port = free_port()
    process = RunningProcess(
        [
            *([BIN / "opentelemetry-instrument"] if instrument else []),
            BIN / "uvicorn",
            "app:app",
            "--port",
            str(port),
            *options,
        ],
        clean_environment(
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            OTEL_TRACES_EXPORTER="none",
            OTEL_METRICS_EXPORTER="none",
            OTEL_BLRP_SCHEDULE_DELAY="60000",
            **env,
        ),
        folder / "output",
        cwd=folder,
    )
    try:
        process.wait_for_port(port)
        urllib.request.urlopen(f"http://127.0.0.1:{port}/last", timeout=10).read()
    except BaseException:
        process.terminate()
        raise
    return process, port


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("options", "servers"),
    [([], 1), (["--workers", "2"], 2), (["--reload"], 1)],
    ids=["single", "two workers", "reload"],
)
def test_the_records_of_the_last_moment_arrive_and_the_status_is_uvicorns_own(
    program: Program, tmp_path: Path, end: signal.Signals, options: list[str], servers: int
) -> None:
    bare, _ = serve(tmp_path, *options, instrument=False)
    status = bare.terminate(how=end)
    process, _ = serve(tmp_path, *options, OTEL_EXPORTER_OTLP_ENDPOINT=program.endpoint)
    # One of two workers may answer before the other is there.
    wait_until(lambda: process.stderr.count("startup complete") == servers, 30, lambda: process.stderr)
    assert process.terminate(how=end) == status, process
    bodies = [str(body) for body in program.bodies]
    assert sum('"GET /last HTTP/1.1" 200' in body for body in bodies) == 1, process
    assert sum(body.startswith("Finished server process") for body in bodies) == servers, bodies


def test_the_records_of_a_server_that_is_reloaded_arrive(program: Program, tmp_path: Path) -> None:
    process, _ = serve(tmp_path, "--reload", OTEL_EXPORTER_OTLP_ENDPOINT=program.endpoint)
    try:
        (tmp_path / "app.py").write_text(APP + "# changed\n")
        wait_until(
            lambda: any('"GET /last HTTP/1.1" 200' in str(body) for body in program.bodies), 20, lambda: str(process)
        )
    finally:
        process.terminate()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_collector_that_hangs_delays_the_end_by_the_timeout_once(tmp_path: Path, end: signal.Signals) -> None:
    with socket.socket() as black_hole:
        black_hole.bind(("127.0.0.1", 0))
        black_hole.listen()
        endpoint = f"http://127.0.0.1:{black_hole.getsockname()[1]}"
        process, _ = serve(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, LOGCAPY_SHUTDOWN_TIMEOUT="3000")
        began = time.monotonic()
        process.terminate(how=end)
        assert time.monotonic() - began < 2 * 3.0, "the timeout once, and what uvicorn itself takes"
    assert "not delivered" in process.stderr
