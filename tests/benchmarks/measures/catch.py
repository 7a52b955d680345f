"""What ``@logcapy.catch`` adds to a call that does not fail."""

from __future__ import annotations

from tests.benchmarks.catch_success import PAIRS
from tests.benchmarks.setups import Opened
from tests.benchmarks.works import Work

_REPEATS = 7


def measure(opened: Opened, work: Work, records: int) -> dict[str, float]:
    """Nanoseconds a call through a wrapper that only calls, and through catch; in turns, the least of several."""
    bare, caught = PAIRS["function"]
    runs = [(bare(), caught()) for _ in range(_REPEATS)]
    return {"bare": min(run[0] for run in runs), "catch": min(run[1] for run in runs)}
