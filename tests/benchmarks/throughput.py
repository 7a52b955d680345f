"""Records a second into the real Collector, which says how many it has received."""

from __future__ import annotations

import re
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import testbed
from tests.servers.collector import collector_environment, wait_until_healthy
from tests.servers.processes import free_ports, running

from .children import Children

_CONFIGURATION = Path(__file__).with_name("collector.yaml")
_RECEIVED = re.compile(r"^otelcol_receiver_accepted_log_records(?:_total)?\{.*?\} (\S+)$", re.MULTILINE)
RECORDS = 50_000


class CountingCollector:
    """A Collector that takes records, counts them and throws them away."""

    def __init__(self, endpoint: str, metrics: str) -> None:
        self.endpoint = endpoint
        self._metrics = metrics

    def received(self) -> int:
        """The log records that its receiver has accepted since it started."""
        with urllib.request.urlopen(self._metrics, timeout=10) as answer:
            return round(sum(float(one) for one in _RECEIVED.findall(answer.read().decode())))


@contextmanager
def counting_collector() -> Iterator[CountingCollector | None]:
    """A Collector that runs; None where its program is not installed."""
    try:
        program = testbed.program("collector", "otelcol")
    except pytest.skip.Exception:
        yield None
        return
    http_port, grpc_port, health_port, metrics_port = free_ports(4)
    env = collector_environment(http_port, grpc_port, health_port, OTELCOL_METRICS_PORT=str(metrics_port))
    with (
        tempfile.TemporaryDirectory() as folder,
        running([program, "--config", _CONFIGURATION], env, Path(folder)) as process,
    ):
        wait_until_healthy(process, health_port)
        yield CountingCollector(f"http://127.0.0.1:{http_port}", f"http://127.0.0.1:{metrics_port}/metrics")


def measure(children: Children, collector: CountingCollector, setup: str) -> dict[str, float] | None:
    """Records a second until everything has arrived, and the share that has."""
    before = collector.received()
    records = max(1, round(RECORDS * children.scale))
    figures = children.measure("cost", setup, "usual", records, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
    if figures is None:
        return None
    received = collector.received() - before
    return {"per_second": 1e6 / figures["whole"], "received": received / figures["sent"]}
