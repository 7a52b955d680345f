"""What is known of a destination from the attempts to send to it, and how long to wait before the next."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from ._guard import describe_error, say
from .types import Broken, Delivered, Observe, Operation, Outcome, Rejected, Retry

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


class DestinationState:
    """Whether a destination is well. Written by the thread that sends, read by any.

    Args:
        observe: Told of each operation: all attempts to send one payload are one, as OpenTelemetry counts.
    """

    def __init__(self, observe: Observe | None = None) -> None:
        self.observe = observe
        #: When it last took a record, a ``time.monotonic()`` value.
        self.last_success: float | None = None
        #: Since when all attempts failed; None where the last one did not.
        self.failing_since: float | None = None
        #: Why the last attempt failed; holds no credential.
        self.failing_reason: str | None = None

    def attempted(self, outcome: Outcome) -> None:
        """One request was made. A payload that is refused says nothing against the destination."""
        now = time.monotonic()
        if isinstance(outcome, (Retry, Broken)):
            self.failing_since = self.failing_since or now
            self.failing_reason = outcome.reason
            return
        self.failing_since = self.failing_reason = None
        if isinstance(outcome, (Delivered, Rejected)):
            self.last_success = now

    def settled(self, seconds: float, records: int, outcome: Outcome) -> None:
        """The attempts to send one payload are over."""
        if self.observe is None:
            return
        try:
            self.observe(Operation(seconds, records, outcome))
        except Exception as error:  # noqa: BLE001 - who watches must not stop what is watched
            say("observe", f"an operation could not be observed: {describe_error(error)}")
