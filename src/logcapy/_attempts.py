"""What is known of a destination from the attempts to send to it."""

from __future__ import annotations

import time

from ._guard import describe_error, say
from .types import Broken, Delivered, Observe, Operation, Outcome, Rejected, Retry


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
