"""gunicorn under opentelemetry-instrument: its kinds of workers, ended by a signal."""

from __future__ import annotations

import signal
import sys
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest

from logcapy.render.received import Received
from servers.processes import RunningProcess, clean_environment, free_port, wait_until

from .conftest import Program

pytestmark = pytest.mark.slow

# The application itself, without a framework that would log its exceptions.
WSGI = """
import logging
log = logging.getLogger("shop")

def app(environ, start_response):
    if environ["PATH_INFO"] == "/fail":
        raise LookupError("no such order")
    log.info("asked for %s", environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]
"""

FLASK = """
import logging
from flask import Flask
app = Flask(__name__)
log = logging.getLogger("shop")

@app.get("/fail")
def fail():
    raise LookupError("no such order")

@app.get("/<path>")
def ask(path):
    log.info("asked for /%s", path)
    return "ok"
"""

FASTAPI = """
import logging
from fastapi import FastAPI
app = FastAPI()
log = logging.getLogger("shop")

@app.get("/fail")
def fail():
    raise LookupError("no such order")

@app.get("/{path}")
async def ask(path):
    log.info("asked for /%s", path)
    return "ok"
"""

UVICORN_WORKER = "uvicorn.workers.UvicornWorker"
BIN = Path(sys.executable).parent


def has_uvicorn_worker() -> bool:
    return find_spec("uvicorn.workers") is not None


KINDS = [
    pytest.param("sync", FLASK, id="sync"),
    pytest.param("gthread", FLASK, id="gthread"),
    pytest.param("sync", WSGI, id="sync, no framework"),
    pytest.param(
        UVICORN_WORKER,
        FASTAPI,
        id="uvicorn",
        marks=pytest.mark.skipif(not has_uvicorn_worker(), reason="this uvicorn has no worker for gunicorn any more"),
    ),
]


def ask(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def full(records: list[Received]) -> list[Received]:
    return [record for record in records if "exception.stacktrace" in record.attributes]


@pytest.mark.parametrize("preload", [[], ["--preload"]], ids=["", "preload"])
@pytest.mark.parametrize(("kind", "source"), KINDS)
def test_each_record_arrives_once_and_those_of_the_last_moment_too(
    program: Program, tmp_path: Path, kind: str, source: str, preload: list[str]
) -> None:
    (tmp_path / "shop_app.py").write_text(source)
    port = free_port()
    command = [BIN / "opentelemetry-instrument", BIN / "gunicorn", "shop_app:app", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "2", "--worker-class", kind, "--threads", "2" if kind == "gthread" else "1", *preload]
    process = RunningProcess(
        command,
        clean_environment(
            OTEL_EXPORTER_OTLP_ENDPOINT=program.endpoint,
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            OTEL_TRACES_EXPORTER="none",
            OTEL_METRICS_EXPORTER="none",
            OTEL_BLRP_SCHEDULE_DELAY="60000",  # nothing is sent before the end
        ),
        tmp_path / "output",
        cwd=tmp_path,
    )
    try:
        process.wait_for_port(port)
        wait_until(lambda: ask(port, "/ready") == 200, 30, lambda: str(process))
        assert [ask(port, f"/{number}") for number in range(10)] == [200] * 10, process
        assert ask(port, "/fail") == 500, process
        assert ask(port, "/last") == 200
        assert program.records == [], "nothing was sent before the end"
    finally:
        process.terminate(30, how=signal.SIGTERM)

    asked = [record for record in program.records if record.scope_name == "shop"]
    expected = {f"asked for /{path}" for path in ("ready", *range(10), "last")}
    assert {str(record.body) for record in asked} == expected, process
    assert len([one for one in asked if one.body != "asked for /ready"]) == 11, "none of them twice"
    assert len({record.trace_id for record in asked if record.trace_id}) in (0, len(asked)), "each in its own trace"

    (whole,) = full(program.records)
    assert (whole.severity_number, whole.attributes["exception.type"]) == (17, "LookupError")
    assert whole.attributes["exception.message"] == "no such order"
    later = [one for one in program.records if "logcapy.exception.reference" in one.attributes]
    assert {one.attributes["logcapy.exception.reference"] for one in later} <= {whole.attributes["log.record.uid"]}
    if source is not WSGI:
        assert whole.trace_id
