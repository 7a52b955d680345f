"""``make demo``'s script, run as a user runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from servers.processes import RunningProcess, clean_environment, running, wait_until

pytestmark = pytest.mark.slow

_DEMO = Path(__file__).parents[2] / "tools" / "demo.py"
_SECRET = re.compile(r"4111\W*1111\W*1111\W*1111|demo-bearer-token")


def _children_of(mark: str) -> list[str]:
    """The command lines of the processes in whose environment there is ``mark``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # ended in the meantime, or another user's
            continue
    return found


def test_the_demo_shows_the_records_without_secrets_and_leaves_no_process(tmp_path: Path):
    mark = f"DEMO_RUN={tmp_path.name}-{os.getpid()}"
    env = clean_environment(DEMO_RUN=mark.partition("=")[2])
    result = subprocess.run([sys.executable, _DEMO], env=env, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    for text in ("order placed", "order paid", "shop.PaymentDeclined: gateway refused card", "uvicorn"):
        assert text in result.stdout
    assert not _SECRET.search(result.stdout)
    assert "Traceback" not in result.stderr
    assert _children_of(mark) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_interrupted_ends_what_it_has_started(tmp_path: Path, how: signal.Signals):
    mark = f"DEMO_RUN={tmp_path.name}-{os.getpid()}"
    env = clean_environment(DEMO_RUN=mark.partition("=")[2])
    with running([sys.executable, _DEMO], env, tmp_path) as demo:
        wait_until(lambda: "/orders" in demo.stderr or _ended(demo), 60, lambda: str(demo))
        assert len(_children_of(mark)) == 3
        assert demo.terminate(30, how=how) == 1
        assert demo.stderr.endswith("demo: interrupted\n")
        assert _children_of(mark) == []


def test_a_demo_that_fails_says_what_went_wrong(tmp_path: Path):
    # A module of this name is found before the real one, and the shop cannot start.
    (tmp_path / "fastapi.py").write_text("raise ImportError('fastapi is out of order')\n")
    mark = f"DEMO_RUN={tmp_path.name}-{os.getpid()}"
    env = clean_environment(DEMO_RUN=mark.partition("=")[2], PYTHONPATH=str(tmp_path))
    result = subprocess.run([sys.executable, _DEMO], env=env, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 1
    assert "demo: the shop opens: " in result.stderr
    assert "fastapi is out of order" in result.stderr
    assert _children_of(mark) == []


def _ended(process: RunningProcess) -> bool:
    assert process.returncode is None, str(process)
    return False
