"""What a call costs that the level does not let through."""

from __future__ import annotations

import timeit

from tests.benchmarks.setups import Opened
from tests.benchmarks.works import Work

_REPEATS = 25


def measure(opened: Opened, work: Work, records: int) -> dict[str, float]:
    """Nanoseconds a call; the least of several, because only disturbance makes it more."""
    if opened.below_level is None:
        return {}
    return {"call": min(timeit.repeat(opened.below_level, number=records, repeat=_REPEATS)) / records * 1e9}
