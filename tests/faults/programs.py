"""Programs of their own: measured, killed, forked without harm to whoever measures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers.processes import clean_environment

ROOT = Path(__file__).parents[2]

#: What the sources of all programs may use.
PRELUDE = """
import asyncio, atexit, gc, json, logging, os, signal, sys, threading, time
from pathlib import Path
logging.getLogger().addHandler(logging.NullHandler())

def peak_mib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024

def report(**figures):
    print(json.dumps(figures), flush=True)
"""


@dataclass(frozen=True)
class Ran:
    """What a program left behind; ``seconds`` of its life, ``ended`` as a ``time.monotonic()`` value."""

    returncode: int | None
    stdout: str
    stderr: str
    seconds: float
    ended: float

    @property
    def reported(self) -> dict[str, Any]:
        """What it said with its last ``report()``."""
        lines = [line for line in self.stdout.splitlines() if line.startswith("{")]
        assert lines, f"nothing was reported: {self.stdout} {self.stderr[-2000:]}"
        return dict(json.loads(lines[-1]))


def start(source: str, *arguments: object, wrapper: tuple[str, ...] = (), **env: str) -> subprocess.Popen[str]:
    """Start a program with some words on its command line, which it finds in ``sys.argv``."""
    command = [*wrapper, sys.executable, "-c", PRELUDE + source, *map(str, arguments)]
    path = f"{ROOT}:{ROOT / 'tests'}:{ROOT / 'src'}"
    return subprocess.Popen(
        command,
        env=clean_environment(PYTHONPATH=path, **env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )


def finish(process: subprocess.Popen[str], began: float, timeout: float = 120) -> Ran:
    """Wait for its end; one that does not end is killed with its children, and has no return code."""
    try:
        stdout, stderr = process.communicate(timeout=timeout)
        returncode: int | None = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # a child that hangs would keep the pipes open
        stdout, stderr = process.communicate()
        returncode = None
    ended = time.monotonic()
    return Ran(returncode, stdout, stderr, ended - began, ended)


def run(source: str, *arguments: object, timeout: float = 120, wrapper: tuple[str, ...] = (), **env: str) -> Ran:
    """Run a program to its end."""
    began = time.monotonic()
    return finish(start(source, *arguments, wrapper=wrapper, **env), began, timeout)
