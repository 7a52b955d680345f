"""Starts measurements as processes of their own, and the intake that they send to."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.processes import clean_environment

from .setups import SETUPS
from .works import WORKS

ROOT = Path(__file__).parents[2]
#: Room for everything that a measurement logs, so that nothing is lost anywhere.
_QUEUE = 400_000
_TIMEOUT_SECONDS = 600
#: An import looks through the folder that LogCapy is in before all others; whoever has no LogCapy has this one.
_NOTHING_TO_IMPORT = ROOT / "collector"


@dataclass
class Children:
    """Where measurements send to, and which LogCapy they measure.

    Args:
        endpoint: Of the intake.
        logcapy: The folder that LogCapy is installed in; the others do not see it.
        compiled: The folder of a LogCapy whose hot modules are compiled; None to measure none.
        scale: Of the number of records that each measurement logs.
    """

    endpoint: str
    logcapy: Path
    compiled: Path | None = None
    scale: float = 1.0

    def has(self, setup: str) -> bool:
        """Whether there is what a set-up needs."""
        return not SETUPS[setup].is_compiled or self.compiled is not None

    def environment(self, setup: str) -> dict[str, str]:
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_TIMEOUT": str(_TIMEOUT_SECONDS),
            "OTEL_BLRP_MAX_QUEUE_SIZE": str(_QUEUE),
        }
        own = self.compiled if SETUPS[setup].is_compiled else self.logcapy
        variables["PYTHONPATH"] = str(own if setup.startswith("logcapy") else _NOTHING_TO_IMPORT)
        return clean_environment(**variables, **SETUPS[setup].env)

    def start(self, measure: str, setup: str, work: str, records: int | None = None, **variables: str) -> Child:
        """Begin one measurement, with these variables over those that all have."""
        records = records or max(1, round(WORKS[work].records * self.scale))
        wanted = {"measure": measure, "setup": setup, "work": work, "records": records}
        return Child(wanted, {**self.environment(setup), **variables})

    def measure(
        self, measure: str, setup: str, work: str, records: int | None = None, **variables: str
    ) -> dict[str, Any]:
        """One measurement's figures."""
        return self.figures(self.start(measure, setup, work, records, **variables))

    def figures(self, child: Child) -> dict[str, Any]:
        """Wait for a measurement that was begun."""
        return child.wait()

    def count(self) -> dict[str, int]:
        """What the intake has received since it was asked last."""
        with urllib.request.urlopen(f"{self.endpoint}/count", timeout=60) as answer:
            counts: dict[str, int] = json.load(answer)
        return counts

    def last_body(self) -> bytes:
        """The last request that the intake has counted, decompressed."""
        with urllib.request.urlopen(f"{self.endpoint}/last", timeout=60) as answer:
            body: bytes = answer.read()
        return body


class Child:
    """A measurement that runs."""

    def __init__(self, wanted: dict[str, Any], env: dict[str, str]) -> None:
        self.wanted = wanted
        self._output = tempfile.NamedTemporaryFile("r")  # noqa: SIM115 - closed in wait()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.child", json.dumps(wanted), self._output.name],
            env=env,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait(self) -> dict[str, Any]:
        """Its figures.

        Raises:
            RuntimeError: It failed; holds what it said.
        """
        try:
            _, said = self._process.communicate(timeout=_TIMEOUT_SECONDS)
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        with self._output as output:
            text = output.read()
        if self._process.returncode or not text:
            raise RuntimeError(f"{self.wanted} ended with {self._process.returncode}:\n{said}")
        figures: dict[str, Any] = json.loads(text)
        return figures


@contextmanager
def intake() -> Iterator[str]:
    """The endpoint of an intake that runs."""
    command = [sys.executable, "-m", "tests.benchmarks.intake"]
    with subprocess.Popen(command, cwd=ROOT, env=clean_environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()
