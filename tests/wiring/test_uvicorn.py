"""A uvicorn server under opentelemetry-instrument, ended by a signal."""

from __future__ import annotations

import signal
import sys
import urllib.request
from pathlib import Path

import pytest

from servers.processes import RunningProcess, clean_environment, free_port

from .conftest import Program

pytestmark = pytest.mark.slow

APP = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
"""


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", [[], ["--workers", "2"]], ids=["single", "two workers"])
def test_the_records_of_the_last_moment_arrive(
    program: Program, tmp_path: Path, end: signal.Signals, workers: list[str]
) -> None:
    (tmp_path / "app.py").write_text(APP)
    port = free_port()
    bin_folder = Path(sys.executable).parent
    process = RunningProcess(
        [bin_folder / "opentelemetry-instrument", bin_folder / "uvicorn", "app:app", "--port", str(port), *workers],
        clean_environment(
            OTEL_EXPORTER_OTLP_ENDPOINT=program.endpoint,
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            OTEL_TRACES_EXPORTER="none",
            OTEL_METRICS_EXPORTER="none",
            OTEL_BLRP_SCHEDULE_DELAY="60000",
        ),
        tmp_path / "output",
        cwd=tmp_path,
    )
    try:
        process.wait_for_port(port)
        urllib.request.urlopen(f"http://127.0.0.1:{port}/last", timeout=10).read()
    finally:
        process.terminate(how=end)
    bodies = [str(body) for body in program.bodies]
    assert sum('"GET /last HTTP/1.1" 200' in body for body in bodies) == 1, process.stderr
    assert sum(body.startswith("Finished server process") for body in bodies) == (2 if workers else 1), bodies
