"""Trials of the spool with processes: killed at any moment, and beginning and ending at once; see ``spool_trials``."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from .spool_trials import SOURCE, Accounts, drain

#: Appends numbered frames and says each number once it is stored; acknowledges some of what it reads.
_WRITER = """
import os, sys
from pathlib import Path
from logcapy.deliver.spool import Spool
spool = Spool(Path(sys.argv[1]), max_bytes=1 << 30, max_age_seconds=None, fsync=sys.argv[2], evict_oldest=True,
              lost=lambda reason, count: os.write(1, b"lost %d\\n" % count), adopted=lambda count: None)
number, size = 0, int(sys.argv[3])
while True:
    frames = [(b"%012d" % each + b"x" * (each * 7919 % size), 1) for each in range(number, number + 3)]
    assert spool.append(frames) == 3
    number += 3
    os.write(1, b"stored %d\\n" % number)
    if number % 5 == 0:
        frame = spool.oldest()
        os.write(1, b"sending %d\\n" % int(frame.body[:12]))
        spool.done(frame)
        os.write(1, b"done %d\\n" % int(frame.body[:12]))
"""

#: Opens a spool as often as it is told, stores a frame, takes over what others have left, and says what went wrong.
_OPENER = """
import sys
from pathlib import Path
from logcapy.deliver.spool import Spool
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    spool = Spool(Path(sys.argv[1]), max_bytes=1 << 20, max_age_seconds=None, fsync="none", evict_oldest=True,
                  lost=print, adopted=lambda count: None)
    if spool.append([(b"one", 1)]) != 1:
        print("refused", spool.refused_because)
    spool.tend()
    while (frame := spool.oldest()) is not None:
        spool.done(frame)
    spool.close()
"""


def kill_trials(folder: Path, trials: int, fsync: str = "none", seed: int = 0) -> Counter[str]:
    """Processes that write are killed at random moments; the next one sends what they had stored.

    Row 3: of what was acknowledged nothing is missing, and of what was done nothing is sent again.

    Returns:
        ``stored``, ``read``, ``missing``, ``twice``.
    """
    chance = random.Random(seed)
    counts: Counter[str] = Counter()
    for trial in range(trials):
        seconds, size = chance.uniform(0, 0.03), 200 + 997 * (trial % 9)
        stored, done, sending = _run_until_killed(folder, fsync, seconds, size)
        accounts = Accounts(folder, fsync=fsync)
        spool = accounts.open()
        found = [int(body[:12]) for body, _ in drain(spool)]
        spool.close()
        missing = set(range(stored)) - done - sending - set(found)
        twice = done & set(found)
        counts.update(stored=stored, read=len(found), missing=len(missing), twice=len(twice), trials=1)
        assert not missing, f"trial {trial}: {sorted(missing)[:5]} of {stored} are missing"
        assert not twice, f"trial {trial}: {sorted(twice)[:5]} were done and are sent again"
        assert found == sorted(found), f"trial {trial}: out of order"
        assert accounts.adopted == len(found) + sum(accounts.lost.values())
        assert not list(folder.rglob("*.seg"))
    return counts


def open_trials(folder: Path, trials: int, processes: int = 8) -> Counter[str]:
    """Processes that begin and end at once, each looking for what the others have left, are in nobody's way.

    Args:
        folder: Where.
        trials: How often each process opens the spool.
        processes: How many.

    Returns:
        ``trials``.
    """
    command = [sys.executable, "-c", _OPENER, str(folder), str(trials)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    running = [subprocess.Popen(command, text=True, env=environment, **pipes) for _ in range(processes)]
    try:
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("begin\n")
            process.stdin.flush()
        assert [process.communicate(timeout=60 + trials) for process in running] == [("", "")] * processes
    finally:
        for process in running:
            process.kill()
            process.communicate()
    assert list(folder.iterdir()) == []
    return Counter(trials=processes * trials)


def _run_until_killed(folder: Path, fsync: str, seconds: float, size: int) -> tuple[int, set[int], set[int]]:
    """Returns how many were stored for certain, which were done, and which one was being sent at the end."""
    command = [sys.executable, "-c", _WRITER, str(folder), fsync, str(size)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        output = os.read(process.stdout.fileno(), 65536)  # it has begun
        end = time.monotonic() + seconds
        while (remaining := end - time.monotonic()) > 0:
            if select.select([process.stdout], [], [], remaining)[0]:
                output += os.read(process.stdout.fileno(), 65536)
        os.kill(process.pid, signal.SIGKILL)
        while part := os.read(process.stdout.fileno(), 65536):
            output += part
    stored, done, last_sending = 0, set(), -1
    for line in output.decode().splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        word, value = line.split()
        assert word != "lost", line
        if word == "stored":
            stored = int(value)
        elif word == "sending":
            last_sending = int(value)
        else:
            done.add(int(value))
    return stored, done, {last_sending}
