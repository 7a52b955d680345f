"""What a set-up is once it is there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from tests.benchmarks.works import Call, Work


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Opened:
    """A set-up at work.

    Args:
        calls: How one record of a work is logged.
        below_level: Logs a record that the level does not let through; None where there are no levels.
        drain: Returns when everything that was logged has left the process.
        span: What is around the calls: a server's span where the set-up knows traces.
        arrived: How many records have come to its end; None where that is counted elsewhere, or nothing can be lost.
    """

    calls: Callable[[Work], Call]
    below_level: Callable[[], object] | None
    drain: Callable[[], object] = _nothing
    span: Callable[[], AbstractContextManager[object]] = nullcontext
    arrived: Callable[[], int] | None = None
