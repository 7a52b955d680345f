"""Starts the applications on real servers, asks each path with sampled and unsampled traces, and sorts what arrives."""

from __future__ import annotations

import contextlib
import http.client
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers.otlp import KeepingIntake, otlp_receiver
from servers.processes import RunningProcess, clean_environment, free_port, running

_BIN = Path(sys.executable).parent
_ROOT = Path(__file__).parents[3]
_GUNICORN = ("gunicorn", "--bind", "127.0.0.1:{port}", "--workers", "1")
_UVICORN = ("uvicorn", "--port", "{port}")
_PATHS = ("unhandled", "handled", "handled-with-503", "http-404", "http-500")
_ASGI = ("background", "streaming", "wrapped-streaming", "middleware", "websocket", "left-websocket")


@dataclass(frozen=True)
class Application:
    """What is served by what, the paths that it has, and the instrumentations it is to be without."""

    name: str
    command: tuple[str, ...]
    scenarios: tuple[str, ...]
    disabled: tuple[str, ...] = ()


APPLICATIONS = (
    Application("FastAPI, contrib", (*_UVICORN, "tests.capture.matrix.fastapi_app:app"), (*_PATHS, "invalid", *_ASGI)),
    Application(
        "FastAPI, own telemetry",
        (*_UVICORN, "tests.capture.matrix.fastapi_app:app"),
        (*_PATHS, "invalid", *_ASGI),
        ("fastapi",),
    ),
    Application("Starlette", (*_UVICORN, "tests.capture.matrix.starlette_app:app"), (*_PATHS, *_ASGI)),
    Application(
        "Flask",
        (*_GUNICORN, "tests.capture.matrix.flask_app:app"),
        (*_PATHS, "streaming", "before-request", "middleware"),
    ),
    Application(
        "Django, WSGI",
        (*_GUNICORN, "tests.capture.matrix.django_app:wsgi"),
        (*_PATHS[:4], "denied", "streaming", "middleware"),
    ),
    Application(
        "Django, ASGI",
        (*_UVICORN, "tests.capture.matrix.django_app:asgi"),
        (*_PATHS[:4], "denied", "unhandled-async", "streaming", "middleware"),
    ),
)


@dataclass(frozen=True)
class Told:
    """What one request has left: its log records that tell of an exception, and its exception events with their spans.

    Attributes:
        records: Those with ``exception.*`` or ``logcapy.exception.*`` attributes.
        full: Those of them that have the stack.
        events: Span and event, each with an exception event.
        spans: All spans of the request.
    """

    trace_id: str
    caller_span_id: str
    records: list[dict[str, Any]]
    events: list[tuple[dict[str, Any], dict[str, Any]]]
    spans: list[dict[str, Any]]

    @property
    def full(self) -> list[dict[str, Any]]:
        return [record for record in self.records if "exception.stacktrace" in record["attributes"]]

    @property
    def cell(self) -> str:
        """Full records, those of them in the request's trace, and exception events; ``0`` where there is nothing."""
        traced = [record for record in self.full if record["trace_id"] == self.trace_id]
        numbers = len(self.full), len(traced), len(self.events)
        return " / ".join(map(str, numbers)) if any(numbers) else "0"


@dataclass(frozen=True)
class Seen:
    """What all requests of an application have left, by scenario and whether it was sampled."""

    told: Mapping[tuple[str, bool], Told]
    #: Records of exceptions that belong to no request.
    unclaimed: list[dict[str, Any]]
    console: str


#: OpenTelemetry alone: its own distro and configurator, and the handler of its logging instrumentation.
_STOCK = {"OTEL_PYTHON_DISTRO": "distro", "OTEL_PYTHON_CONFIGURATOR": "configurator"}


def see(application: Application, folder: Path, *, stock: bool = False) -> Seen:
    """Serve an application under ``opentelemetry-instrument`` and ask it everything.

    Args:
        application: Which one.
        folder: For the output of the server.
        stock: Without LogCapy.
    """
    port = free_port()
    with otlp_receiver() as (intake, endpoint):
        variables = {
            "DJANGO_SETTINGS_MODULE": "tests.capture.matrix.django_app",
            "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": ",".join((*application.disabled, *(["logcapy"] * stock))),
            **(_STOCK if stock else {}),
        }
        with _serving(application.command, port, endpoint, folder, **variables) as process:
            process.wait_for_port(port)
            asked = {
                (scenario, sampled): _ask(port, scenario, sampled)
                for scenario in application.scenarios
                for sampled in (True, False)
            }
            _wait_for_silence(intake, process)
    return _sorted(asked, intake, str(process))


def see_start_fail(folder: Path) -> tuple[int, list[dict[str, Any]]]:
    """The exit status of uvicorn with an application that cannot start, and the records of exceptions that arrive."""
    with (
        otlp_receiver() as (intake, endpoint),
        _serving((*_UVICORN, "tests.capture.matrix.failing_start:app"), free_port(), endpoint, folder) as process,
    ):
        return process.wait(30), [record for record in intake.records if _tells(record)]


def _serving(
    command: tuple[str, ...], port: int, endpoint: str, folder: Path, **variables: str
) -> AbstractContextManager[RunningProcess]:
    program, *arguments = [part.replace("{port}", str(port)) for part in command]
    env = clean_environment(
        OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_METRICS_EXPORTER="none",
        OTEL_BLRP_SCHEDULE_DELAY="100",
        OTEL_BSP_SCHEDULE_DELAY="100",
        HOME=str(folder),
        PYTHONPATH=str(_ROOT),
        PYTHONDONTWRITEBYTECODE="1",
        **variables,
    )
    return running([_BIN / "opentelemetry-instrument", _BIN / program, *arguments], env, folder, cwd=_ROOT)


def _ask(port: int, scenario: str, sampled: bool) -> tuple[str, str, str]:
    trace_id, span_id, token = uuid.uuid4().hex, uuid.uuid4().hex[:16], f"t{uuid.uuid4().hex[:12]}"
    headers = {"traceparent": f"00-{trace_id}-{span_id}-0{int(sampled)}"}
    path = f"/{scenario}/{token}"
    if scenario.endswith("websocket"):
        from websockets.exceptions import ConnectionClosed
        from websockets.sync.client import connect

        with connect(f"ws://127.0.0.1:{port}{path}", additional_headers=headers, proxy=None) as websocket:
            websocket.send("x")
            if scenario == "websocket":
                with contextlib.suppress(ConnectionClosed):
                    websocket.recv(timeout=10)
        return trace_id, span_id, token
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    with contextlib.closing(connection), contextlib.suppress(http.client.HTTPException, ConnectionError):
        connection.request("GET", path, headers=headers)
        connection.getresponse().read()
    return trace_id, span_id, token


def _wait_for_silence(intake: KeepingIntake, process: RunningProcess) -> None:
    """Return when nothing has come for a second, ten times the delay of the batches."""
    deadline, before, since = time.monotonic() + 20, -1, time.monotonic()
    while time.monotonic() < min(deadline, since + 1):
        count = len(intake.records) + len(intake.spans)
        if count != before:
            before, since = count, time.monotonic()
        time.sleep(0.05)
    assert before > 0, f"nothing arrived from {process}"


def _sorted(asked: Mapping[tuple[str, bool], tuple[str, str, str]], intake: KeepingIntake, console: str) -> Seen:
    told, unclaimed = {}, [record for record in intake.records if _tells(record)]
    for key, (trace_id, span_id, token) in asked.items():
        records = [record for record in unclaimed if record["trace_id"] == trace_id or token in str(record)]
        unclaimed = [record for record in unclaimed if record not in records]
        spans = [span for span in intake.spans if span["trace_id"] == trace_id]
        events = [(span, event) for span in spans for event in span["events"] if event["name"] == "exception"]
        told[key] = Told(trace_id, span_id, records, events, spans)
    return Seen(told, unclaimed, console)


def _tells(record: dict[str, Any]) -> bool:
    return any(name.startswith(("exception.", "logcapy.exception.")) for name in record["attributes"])
