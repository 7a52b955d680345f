"""How long to wait before sending again."""

from __future__ import annotations

import random
from collections.abc import Callable

_FIRST_SECONDS = 1.0
_LONGEST_SECONDS = 60.0
_LONGEST_ASKED_SECONDS = 600.0


def backoff_seconds(
    attempt: int, asked_seconds: float | None = None, random_fraction: Callable[[], float] = random.random
) -> float:
    """Exponential backoff with full jitter: 1 s doubling to 60 s, at least what the destination asked for.

    Args:
        attempt: How often it was tried, from 1.
        asked_seconds: A ``Retry-After``; a floor, capped at 10 minutes, because a destination may be wrong.
        random_fraction: Gives the jitter, 0 to 1.

    Returns:
        Seconds to wait.
    """
    ceiling = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** min(attempt - 1, 16))
    jittered = ceiling * random_fraction()
    floor = min(asked_seconds, _LONGEST_ASKED_SECONDS) if asked_seconds and asked_seconds > 0 else 0.0
    return max(jittered, floor)
