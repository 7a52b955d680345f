"""How long export operations took: a histogram's numbers, kept whether or not anybody collects metrics."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from logcapy._value import Value
from logcapy.attributes import ERROR_TYPE
from logcapy.types import Broken, Operation, Rejected, Retry, TooLarge

if TYPE_CHECKING:
    from .watched import Labels

#: Seconds. Those that OpenTelemetry advises for HTTP requests, and two more: an operation has its retries in it.
#: Source: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpclientrequestduration
BOUNDARIES: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0, 60.0)

_HTTP_STATUS: Final = "http.response.status_code"
_RPC_STATUS: Final = "rpc.response.status_code"


class Durations(Value):
    """The durations for one set of attributes.

    Args:
        labels: The set of attributes.
        counts: How many fell into each bucket of :data:`BOUNDARIES`, and the rest.
        total: The sum of all, in seconds.
    """

    labels: Labels
    counts: tuple[int, ...]
    total: float


class DurationBook:
    """Adds up durations by attributes; may be told of one and asked on any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[frozenset[tuple[str, str | int]], Durations] = {}

    def add(self, seconds: float, labels: Labels) -> None:
        """Count one operation."""
        key = frozenset(labels.items())
        place = bisect_left(BOUNDARIES, seconds)
        with self._lock:
            row = self._rows.get(key) or Durations(labels, (0,) * (len(BOUNDARIES) + 1), 0.0)
            counts = (*row.counts[:place], row.counts[place] + 1, *row.counts[place + 1 :])
            self._rows[key] = Durations(labels, counts, row.total + seconds)

    def __iter__(self) -> Iterator[Durations]:
        with self._lock:
            rows = list(self._rows.values())
        return iter(rows)


def outcome_labels(operation: Operation) -> dict[str, str | int]:
    """What the semantic conventions say of how an operation ended; nothing of a success but its status."""
    labels: dict[str, str | int] = {}
    if isinstance(operation.status, int):
        labels[_HTTP_STATUS] = operation.status
    elif operation.status:
        labels[_RPC_STATUS] = operation.status
    match operation.outcome:
        case Rejected():
            labels[ERROR_TYPE] = "rejected"
        case TooLarge():
            labels[ERROR_TYPE] = "too_large"
        case Retry(unreachable=True):
            labels[ERROR_TYPE] = "unreachable"
        case Retry() | Broken():
            labels[ERROR_TYPE] = "export_failed"
    return labels
