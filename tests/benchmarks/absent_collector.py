"""What an absent Collector costs the FastAPI example: plain, under stock OpenTelemetry, and with LogCapy.

Run: python tests/benchmarks/absent_collector.py [ROUNDS]. They take turns, and LogCapy runs once more with a receiver
that is there ("received"). Each figure is the median of the rounds with its least and greatest, and a ratio to the
plain application of the same round. Logs only: the exporters of traces and metrics are the same stock ones with and
without LogCapy.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from servers.processes import clean_environment, free_port, running
from servers.shops import FASTAPI, open_shop

REQUESTS = 400
ORDER = json.dumps({"email": "ada@example.org", "items": [{"name": "tea", "price": 4.5, "quantity": 2}]}).encode()
LOGS_ONLY = {
    "OTEL_TRACES_EXPORTER": "none",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
}
SETUPS: dict[str, Mapping[str, str] | None] = {
    "plain": None,
    "stock": {"LOGCAPY_ENABLED": "false", "OTEL_PYTHON_LOG_CORRELATION": "true", **LOGS_ONLY},
    "LogCapy": LOGS_ONLY,
    "received": LOGS_ONLY,
}


def measure(setup: Mapping[str, str] | None, port: int, folder: Path) -> dict[str, float]:
    """Milliseconds a request (median, 99th percentile), seconds from SIGTERM to the end, the failed requests."""
    env = None if setup is None else {**setup, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
    latencies, failed = [], 0
    with open_shop(FASTAPI, folder, env) as shop:
        request = urllib.request.Request(f"{shop.url}/orders", ORDER, {"Content-Type": "application/json"})
        for _ in range(REQUESTS):
            started = time.perf_counter()
            with urllib.request.urlopen(request, timeout=10) as answer:
                failed += answer.status != 201
            latencies.append((time.perf_counter() - started) * 1000)
        started = time.perf_counter()
        shop.process.terminate()
        ended = time.perf_counter() - started
    latencies.sort()
    return {
        "median ms": statistics.median(latencies),
        "p99 ms": latencies[int(REQUESTS * 0.99)],
        "end s": ended,
        "failed": failed,
    }


def main(rounds: int) -> None:
    results: dict[str, list[dict[str, float]]] = {name: [] for name in SETUPS}
    there = free_port()
    tail = [sys.executable, "-m", "logcapy.cli", "tail", "--json", "--grpc-port", "0", "--port", str(there)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with running(tail, clean_environment(), folder / "tail") as receiver:
            receiver.wait_for_port(there)
            for number in range(rounds):
                for name, setup in SETUPS.items():
                    port = there if name == "received" else free_port()
                    results[name].append(measure(setup, port, folder / f"{name}{number}"))
    print(f"{rounds} rounds of {REQUESTS} requests; median [least, greatest]; ratio to plain, pair by pair")
    for figure in ("median ms", "p99 ms", "end s", "failed"):
        for name, runs in results.items():
            values = [run[figure] for run in runs]
            line = f"{figure:10} {name:8} {statistics.median(values):8.2f} [{min(values):.2f}, {max(values):.2f}]"
            if name != "plain" and figure.endswith("ms"):
                ratios = [run[figure] / plain[figure] for run, plain in zip(runs, results["plain"], strict=True)]
                line += f"   x{statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]"
            print(line)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
