"""What a queue tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from opentelemetry.sdk._logs.export import LogRecordExporter

from .accounting import Stats

#: Attributes of a figure.
Labels = Mapping[str, "str | int"]


class Watched(Protocol):
    """A queue with its destination. All of it is cheap, may be read on any thread, and never raises."""

    def stats(self) -> Stats:
        """What became of every record."""
        ...

    @property
    def exporter(self) -> LogRecordExporter:
        """Where batches go."""
        ...

    @property
    def queue_size(self) -> int:
        """How many records wait in the queue."""
        ...

    @property
    def queue_capacity(self) -> int:
        """How many records may wait in the queue."""
        ...

    @property
    def schedule_delay_seconds(self) -> float:
        """How long a record waits for a batch to be full."""
        ...

    @property
    def handed_over(self) -> int:
        """How many records have left the queue to be sent."""
        ...

    @property
    def dropped_at_the_door(self) -> Mapping[str, int]:
        """How many records never left the queue, or never got into it, by reason; they are in the stats too."""
        ...

    @property
    def in_flight(self) -> int:
        """How many records are being encoded or sent."""
        ...

    @property
    def spool_records(self) -> int:
        """How many records wait on disk."""
        ...

    @property
    def spool_bytes(self) -> int:
        """How many bytes the spool has on disk."""
        ...

    @property
    def oldest_age_seconds(self) -> float | None:
        """How long the oldest record waits, in memory or on disk; None where none waits."""
        ...

    @property
    def last_success(self) -> float | None:
        """When the destination last took something, a ``time.monotonic()`` value; None if it never did."""
        ...

    @property
    def failing_since(self) -> float | None:
        """When the first attempt after the last success failed; None while the destination is well."""
        ...

    @property
    def failing_reason(self) -> str | None:
        """Why the last attempt failed, without credentials."""
        ...

    @property
    def restarts(self) -> int:
        """How often a thread of the queue had to begin again."""
        ...

    @property
    def stopped(self) -> bool:
        """Whether the queue was shut down."""
        ...
