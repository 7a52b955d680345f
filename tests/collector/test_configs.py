"""The Collector configurations in collector/, taken by the real Collector."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from servers.collector import CONFIGURATIONS, Collector, collector_environment, wait_until_healthy
from servers.processes import clean_environment, free_port, free_ports, running, wait_until

pytestmark = [pytest.mark.servers]

_PRODUCTION = CONFIGURATIONS / "config.yaml"


def _export_one(endpoint: str, body: str) -> None:
    exporter = OTLPLogExporter(endpoint=f"{endpoint}/v1/logs")
    provider = LoggerProvider(resource=Resource.create({"service.name": "test-configs"}))
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    logger = provider.get_logger("shop.orders", "1.2")
    logger.emit(
        severity_number=SeverityNumber.INFO,
        severity_text="INFO",
        body=body,
        attributes={"order.id": 7, "paid": True, "items": ["tea", "cup"], "total": 12.5},
    )
    provider.shutdown()


@pytest.mark.parametrize("name", ["config.yaml", "config.test.yaml"])
def test_the_collector_finds_nothing_wrong_in_the_configuration(collector_binary: Path, tmp_path: Path, name: str):
    """The production one as it is, without a variable set."""
    env = clean_environment()
    if name == "config.test.yaml":
        env = collector_environment(4318, 4317, 13133, OTELCOL_OUTPUT=str(tmp_path))
    command = [collector_binary, "validate", "--config", CONFIGURATIONS / name]
    result = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.slow
def test_in_production_a_record_waits_on_disk_for_an_absent_upstream_and_outlives_the_collector(
    collector_binary: Path, collector: Collector, tmp_path: Path
):
    http_port, grpc_port, health_port, metrics_port = free_ports(4)
    env = collector_environment(
        http_port,
        grpc_port,
        health_port,
        OTELCOL_METRICS_PORT=str(metrics_port),
        OTELCOL_STORAGE=str(tmp_path / "storage"),
        OTELCOL_UPSTREAM_ENDPOINT=f"127.0.0.1:{free_port()}",
        OTELCOL_LOKI_ENDPOINT=f"http://127.0.0.1:{free_port()}/otlp",
    )
    command = [collector_binary, "--config", _PRODUCTION]
    body = "an order that must not be lost"

    with running(command, env, tmp_path / "without-upstream") as process:
        wait_until_healthy(process, health_port)
        _export_one(f"http://127.0.0.1:{http_port}", body)
        for queue in ("exporter_otlp__logs", "exporter_otlphttp_loki_logs"):
            path = tmp_path / "storage" / queue
            wait_until(lambda path=path: body.encode() in path.read_bytes(), 10, lambda: str(process))
        process.terminate(how=signal.SIGKILL)

    env["OTELCOL_UPSTREAM_ENDPOINT"] = collector.grpc_endpoint.removeprefix("http://")
    with running(command, env, tmp_path / "with-upstream"):
        collector.wait_for(lambda: [log for log in collector.logs("test-configs") if log["body"] == body])


def test_the_collector_for_tests_gives_back_what_was_sent(collector: Collector):
    _export_one(collector.http_endpoint, "an order with everything")

    def arrived() -> list[dict[str, object]]:
        return [log for log in collector.logs("test-configs") if log["body"] == "an order with everything"]

    (record,) = collector.wait_for(arrived)
    assert record["attributes"] == {"order.id": 7, "paid": True, "items": ["tea", "cup"], "total": 12.5}
    assert (record["scope"], record["scope_version"]) == ("shop.orders", "1.2")
    assert (record["severity_number"], record["severity_text"]) == (9, "INFO")
    assert b"an order with everything" in collector.raw()
