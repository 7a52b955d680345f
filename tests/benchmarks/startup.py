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


#: Of so many starts of each the fastest counts, start by start in turns: what else the machine does makes one slower,
#: for a second or for a minute, and nothing makes it faster.
STARTS = 20


def measure(children: Children, setups: list[str]) -> dict[str, dict[str, float]]:
    """By set-up: milliseconds from start to end, those of the processor, and the most MiB that were in use."""
    started: dict[str, list[tuple[float, float]]] = {setup: [] for setup in setups}
    for _ in range(STARTS):
        for setup in setups:
            started[setup].append(_start(*command(children, setup, "pass")))
    return {setup: _figures(started[setup], _run(*command(children, setup, _SIZE))) for setup in setups}


def command(children: Children, setup: str, program: str) -> tuple[list[str], dict[str, str]]:
    """What starts Python with a program, in which environment."""
    instrument = [str(Path(sys.executable).parent / "opentelemetry-instrument")] if setup in _NAMES else []
    env = {**children.environment(setup), **_NAMES.get(setup, {})}
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", "")])
    return [*instrument, "python", "-c", program], env


def _figures(started: list[tuple[float, float]], kibibytes: str) -> dict[str, float]:
    milliseconds, processor = (min(each) for each in zip(*started, strict=True))
    return {"milliseconds": milliseconds, "processor": processor, "mebibytes": int(kibibytes) / 1024}


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
