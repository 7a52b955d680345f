"""A program under opentelemetry-instrument, and what arrives of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from logcapy.render.received import Received
from logcapy.tail.http_receiver import HttpReceiver
from logcapy.tail.intake import Intake


@dataclass
class Run:
    """What a program left behind."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def said(self) -> list[str]:
        """What LogCapy said on stderr."""
        return [line for line in self.stderr.splitlines() if line.startswith("logcapy:")]


@dataclass
class Program:
    """Runs Python programs under ``opentelemetry-instrument``; their records arrive in ``records``."""

    folder: Path
    endpoint: str
    records: list[Received] = field(default_factory=list)

    def run(self, source: str, *, instrument: bool = True, **env: str) -> Run:
        script = self.folder / "program.py"
        script.write_text(source)
        command = [str(Path(sys.executable).with_name("opentelemetry-instrument"))] if instrument else []
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LOGCAPY_", "PYTHON"))
        }
        defaults = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_TRACES_EXPORTER": "none",
        }
        started = time.monotonic()
        done = subprocess.run(
            [*command, sys.executable, str(script)],
            env={**clean, **defaults, **env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr, time.monotonic() - started)

    @property
    def bodies(self) -> list[object]:
        return [record.body for record in self.records]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    records: list[Received] = []
    receiver = HttpReceiver(Intake(records.extend), "127.0.0.1", 0)
    receiver.start()
    yield Program(tmp_path, f"http://127.0.0.1:{receiver.port}", records)
    receiver.stop()
