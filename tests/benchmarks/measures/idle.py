"""How often a set-up wakes up while nothing is logged."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.benchmarks.drive import drive
from tests.benchmarks.setups import Opened
from tests.benchmarks.works import Work

_SETTLE_SECONDS, _WATCH_SECONDS = 1.5, 4.0


def sleeps() -> int:
    """How often the threads of this process have gone to sleep by themselves, but the one that asks."""
    total = 0
    for task in Path("/proc/self/task").iterdir():
        if task.name != str(os.getpid()):
            status = (task / "status").read_text()
            total += int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
    return total


def measure(opened: Opened, work: Work, records: int) -> dict[str, float]:
    """Wake-ups a second of all threads beside the one that waits, after records have been logged and sent."""
    drive(opened, opened.calls(work), work, records)
    opened.drain()
    time.sleep(_SETTLE_SECONDS)
    before, began = sleeps(), time.perf_counter()
    time.sleep(_WATCH_SECONDS)
    return {"wake_ups": (sleeps() - before) / (time.perf_counter() - began)}
