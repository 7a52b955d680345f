"""What ``opentelemetry-instrument python -c pass`` takes: nothing installed but stock, and with LogCapy."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from .children import ROOT, Children

_SIZE = "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])"
#: Stock's own are there for both, so each names what it would have alone.
_NAMES = {
    "stock": {"OTEL_PYTHON_DISTRO": "distro", "OTEL_PYTHON_CONFIGURATOR": "configurator"},
    "logcapy-stdlib": {
        "OTEL_PYTHON_DISTRO": "logcapy_distro",
        "OTEL_PYTHON_CONFIGURATOR": "logcapy_configurator",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "logging",
    },
}


#: Of so many starts the fastest counts: what else the machine does makes one slower, and nothing makes it faster.
_STARTS = 5


def measure(children: Children, setup: str) -> dict[str, float]:
    """Milliseconds from start to end, those of the processor, and the most MiB that were in use."""
    instrument = [str(Path(sys.executable).parent / "opentelemetry-instrument")] if setup in _NAMES else []
    env = {**children.environment(setup), **_NAMES.get(setup, {})}
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", "")])
    starts = [_start([*instrument, "python", "-c", "pass"], env) for _ in range(_STARTS)]
    milliseconds, processor = (min(each) for each in zip(*starts, strict=True))
    mebibytes = int(_run([*instrument, "python", "-c", _SIZE], env)) / 1024
    return {"milliseconds": milliseconds, "processor": processor, "mebibytes": mebibytes}


def _start(command: list[str], env: dict[str, str]) -> tuple[float, float]:
    began, spent = time.perf_counter(), _processor_seconds()
    _run(command, env)
    return (time.perf_counter() - began) * 1000, (_processor_seconds() - spent) * 1000


def _processor_seconds() -> float:
    """Of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _run(command: list[str], env: dict[str, str]) -> str:
    return subprocess.run(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, timeout=60
    ).stdout
