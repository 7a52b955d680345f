"""The real OpenTelemetry Collector, started for tests, and what it has received.

The program is ``otelcol`` in the folder that ``LOGCAPY_TESTBED`` names (default: ``~/.cache/logcapy-testbed``).
"""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from .otlp_json import logs_of, spans_of
from .processes import RunningProcess, clean_environment, free_ports, running, wait_until

CONFIGURATIONS = Path(__file__).parents[2] / "collector"
_T = TypeVar("_T")


class Collector:
    """A Collector that runs with ``collector/config.test.yaml``.

    Attributes:
        http_endpoint: For ``OTEL_EXPORTER_OTLP_ENDPOINT`` with ``http/protobuf``; without ``/v1/logs``.
        grpc_endpoint: The same for ``grpc``.
    """

    def __init__(self, http_port: int, grpc_port: int, output: Path) -> None:
        self.http_endpoint = f"http://127.0.0.1:{http_port}"
        self.grpc_endpoint = f"http://127.0.0.1:{grpc_port}"
        self._output = output

    def logs(self, service: str | None = None) -> list[dict[str, Any]]:
        """All log records received, in the order of arrival; of one ``service.name``, or of all."""
        return [record for request in self._requests("logs") for record in logs_of(request) if _is_of(record, service)]

    def spans(self, service: str | None = None) -> list[dict[str, Any]]:
        """All spans received, in the same way."""
        return [span for request in self._requests("traces") for span in spans_of(request) if _is_of(span, service)]

    def raw(self) -> bytes:
        """Every byte the Collector has written: logs, traces and metrics."""
        return b"".join(path.read_bytes() for path in sorted(self._output.glob("*.jsonl")))

    def wait_for(self, predicate: Callable[[], _T], timeout: float = 15) -> _T:
        """What ``predicate`` returns, as soon as it is true.

        Raises:
            AssertionError: It was not within ``timeout`` seconds; says what has been received.
        """

        def received() -> str:
            bodies = [record["body"] for record in self.logs()]
            return f"received {len(bodies)} records, {len(self.spans())} spans; the last records: {bodies[-10:]}"

        return wait_until(predicate, timeout, received)

    def _requests(self, signal: str) -> Iterator[Any]:
        path = self._output / f"{signal}.jsonl"
        if not path.exists():
            return
        for line in path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):  # the last one may be in the middle of being written
                yield json.loads(line)


def collector_environment(http_port: int, grpc_port: int, health_port: int, **more: str) -> dict[str, str]:
    """The environment for a Collector that listens on these ports of 127.0.0.1."""
    return clean_environment(
        OTELCOL_HTTP_ENDPOINT=f"127.0.0.1:{http_port}",
        OTELCOL_GRPC_ENDPOINT=f"127.0.0.1:{grpc_port}",
        OTELCOL_HEALTH_ENDPOINT=f"127.0.0.1:{health_port}",
        **more,
    )


@contextlib.contextmanager
def running_collector(
    program: Path, folder: Path, configuration: str = "config.test.yaml", **more: str
) -> Iterator[Collector]:
    """Start a Collector that writes what it receives to files under ``folder``.

    Args:
        program: The Collector.
        folder: Where what it has written before is kept, and more is added.
        configuration: One of those in ``collector/``.
        **more: Variables that the configuration needs beside the usual ones.
    """
    http_port, grpc_port, health_port = free_ports(3)
    output = folder / "received"
    output.mkdir(parents=True, exist_ok=True)
    env = collector_environment(http_port, grpc_port, health_port, OTELCOL_OUTPUT=str(output), **more)
    with running([program, "--config", CONFIGURATIONS / configuration], env, folder) as process:
        wait_until_healthy(process, health_port)
        yield Collector(http_port, grpc_port, output)


def wait_until_healthy(process: RunningProcess, health_port: int) -> None:
    """Return as soon as the health endpoint says that the pipelines run.

    Raises:
        AssertionError: It did not within 20 s, or the Collector ended.
    """
    process.wait_for_port(health_port, timeout=20)

    def healthy() -> bool:
        url = f"http://127.0.0.1:{health_port}/"
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
        return False

    wait_until(healthy, 20, lambda: str(process))


def _is_of(item: dict[str, Any], service: str | None) -> bool:
    return service is None or item["resource"].get("service.name") == service
