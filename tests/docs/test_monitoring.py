"""The page on monitoring says what is really measured, and what it shows is run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from deliver.measured import SWITCH, Meters, emit, http_queue, wait_until
from logcapy.config import BatchConfig, OtlpConfig
from logcapy.deliver.batch import BatchLogRecordProcessor
from logcapy.deliver.figures import FIGURES
from logcapy.export.otlp_grpc import OTLPGrpcLogRecordExporter
from servers.grpc import grpc_server
from servers.http import Answer, scripted_server
from servers.processes import RunningProcess, clean_environment, free_port
from servers.processes import wait_until as wait_for_process

from .test_pages import code_blocks

PAGE = "docs/monitoring.md"
ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
_KINDS = {("Sum", True): "counter", ("Sum", False): "updowncounter", ("Gauge", None): "gauge"}


def table() -> dict[str, tuple[str, str, set[str]]]:
    """The instrument, unit and attributes of each metric on the page."""
    rows = re.findall(r"^\| `([a-z._]+)` \| (\w+) \| `([^`]+)` \|([^|]*)\|", (ROOT / PAGE).read_text(), re.MULTILINE)
    return {name: (kind, unit, set(re.findall("`([^`]+)`", attributes))) for name, kind, unit, attributes in rows}


def produced(meters: Meters) -> dict[str, tuple[str, str, set[str]]]:
    """The same of what was really measured."""
    found: dict[str, tuple[str, str, set[str]]] = {}
    data = meters.reader.get_metrics_data()
    metrics = [one for part in data.resource_metrics for scope in part.scope_metrics for one in scope.metrics]
    for metric in metrics:
        kind = _KINDS.get((type(metric.data).__name__, getattr(metric.data, "is_monotonic", None)), "histogram")
        attributes = {key for point in metric.data.data_points for key in point.attributes}
        found[metric.name] = (kind, metric.unit, {key for key in attributes if not key.startswith("otel.component.")})
    return found


def test_the_table_is_what_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "true")
    meters = Meters()
    with scripted_server() as server, grpc_server() as grpc:
        server.answers = [Answer(200), Answer(400), Answer(200, hang_seconds=20)]
        queue = http_queue(server.url, meter_provider=meters.provider, max_queue_size=2, max_export_batch_size=1)
        for count in range(3):
            emit(queue, 1)
            wait_until(lambda count=count: len(server.requests) == count + 1)
        emit(queue, 5)
        exporter = OTLPGrpcLogRecordExporter(
            config=OtlpConfig(endpoint=f"http://127.0.0.1:{grpc.port}", protocol="grpc", timeout=5000)
        )
        other = BatchLogRecordProcessor(exporter, config=BatchConfig(schedule_delay=10), meter_provider=meters.provider)
        emit(other, 1)
        other.force_flush(5000)
        seen = produced(meters)
        server.stopping.set()
        queue.shutdown()
        other.shutdown()
    assert table() == seen
    assert set(table()) == {figure.name for figure in FIGURES}


def run(block: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", block],
        env=clean_environment(**environment),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def block_that_has(text: str) -> str:
    return next(block for block in code_blocks(PAGE, "python") if text in block)


@pytest.mark.slow
def test_the_accounts_of_the_page_balance(tmp_path: Path) -> None:
    with scripted_server() as server:
        run(block_that_has("stats.emitted =="), tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=server.url)


@pytest.mark.slow
def test_the_pages_collector_shows_figures(tmp_path: Path) -> None:
    with scripted_server() as server:
        block = block_that_has("# prometheus_app.py")
        done = run(block, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=server.url, OTEL_METRICS_EXPORTER="none")
    for name in re.findall("`((?:otel|logcapy)_[a-z_]+_(?:total|bytes))`", (ROOT / PAGE).read_text()):
        assert f"\n{name}{{" in done.stdout


def ask(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, None


@pytest.mark.slow
def test_the_pages_health_endpoint_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "health_app.py").write_text(block_that_has("# health_app.py"))
    port = free_port()
    with scripted_server() as server:
        server.answers = [Answer(400, body=b"no")]
        process = RunningProcess(
            [BIN / "uvicorn", "health_app:app", "--port", str(port)],
            clean_environment(
                OTEL_EXPORTER_OTLP_ENDPOINT=server.url, OTEL_METRICS_EXPORTER="none", OTEL_BLRP_SCHEDULE_DELAY="50"
            ),
            tmp_path / "output",
            cwd=tmp_path,
        )
        try:
            process.wait_for_port(port)
            url = f"http://127.0.0.1:{port}/health/logs"
            wait_for_process(lambda: ask(url)[1]["state"] == "degraded", 20, lambda: str(process))
            status, health = ask(url)
        finally:
            process.terminate()
    assert status == 200
    assert f"http://127.0.0.1:{server.port}" in health["reasons"][0]
    assert "(rejected)" in health["reasons"][0]


@pytest.mark.slow
def test_each_worker_of_the_pages_gunicorn_has_its_own_figures(tmp_path: Path) -> None:
    port, base = free_port(), free_port()
    text = block_that_has("# gunicorn.conf.py")
    assert "9100" in text
    (tmp_path / "gunicorn.conf.py").write_text(text.replace("9100", str(base)))
    (tmp_path / "small.py").write_text(
        "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'']\n"
    )
    with scripted_server() as server:
        process = RunningProcess(
            [BIN / "gunicorn", "small:app", "--workers", "2", "--bind", f"127.0.0.1:{port}"],
            clean_environment(OTEL_EXPORTER_OTLP_ENDPOINT=server.url, OTEL_METRICS_EXPORTER="none"),
            tmp_path / "output",
            cwd=tmp_path,
        )
        try:
            for number in (1, 2):
                process.wait_for_port(base + number)
                with urllib.request.urlopen(f"http://127.0.0.1:{base + number}/metrics", timeout=10) as response:
                    assert b"otel_sdk_processor_log_queue_capacity{" in response.read()
        finally:
            process.terminate()
