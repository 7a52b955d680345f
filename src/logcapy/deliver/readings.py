"""What can be read of a queue and its destination from outside, on any thread."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from opentelemetry.sdk._logs.export import LogRecordExporter

from logcapy._attempts import DestinationState

from .accounting import Stats
from .queue import RecordQueue
from .worker import Worker

if TYPE_CHECKING:
    from .spooling import SpoolSending


class Readings:
    """Part of the processor of a queue. All of it is cheap, and never raises."""

    exporter: LogRecordExporter
    #: Whether it was shut down.
    stopped: bool
    _queue: RecordQueue
    _worker: Worker
    _spooling: SpoolSending | None
    _state: DestinationState
    _delay_seconds: float

    def stats(self) -> Stats:
        """The accounts of this destination, exact to the record while nobody is in the middle of a call."""
        return self._queue.stats(on_disk=self.spool_records)

    @property
    def queue_size(self) -> int:
        """How many records wait in the queue."""
        return self._queue.size

    @property
    def queue_capacity(self) -> int:
        """How many records may wait in the queue."""
        return self._queue.capacity

    @property
    def queue_bytes(self) -> int:
        """The bytes that the records in the queue hold beyond those of small ones."""
        return self._queue.weight

    @property
    def schedule_delay_seconds(self) -> float:
        """How long a record waits for a batch to be full."""
        return self._delay_seconds

    @property
    def handed_over(self) -> int:
        """How many records have left the queue to be sent."""
        return self._queue.accounts.handed_over

    @property
    def late(self) -> int:
        """How many records came after the shutdown."""
        return self._queue.late

    @property
    def dropped_at_the_door(self) -> Mapping[str, int]:
        """How many records never left the queue, or never got into it, by reason; they are in the stats too."""
        return self._queue.dropped

    @property
    def in_flight(self) -> int:
        """How many records are being encoded or sent."""
        return self._queue.accounts.in_hand

    @property
    def spool_records(self) -> int:
        """How many records wait on disk."""
        spool = self._spooling.spool if self._spooling is not None else None
        return 0 if spool is None else spool.records

    @property
    def spool_bytes(self) -> int:
        """How many bytes the spool has on disk."""
        spool = self._spooling.spool if self._spooling is not None else None
        return 0 if spool is None else spool.size_bytes

    @property
    def oldest_age_seconds(self) -> float | None:
        """How long the oldest record has waited, in memory (at most) or on disk; None where none waits."""
        now = time.monotonic()
        sender = self._spooling.sender if self._spooling is not None else None
        times = (self._queue.oldest_since, self._worker.in_hand_since, sender.in_memory_since if sender else None)
        ages = [now - since for since in times if since is not None]
        spool = self._spooling.spool if self._spooling is not None else None
        if spool is not None and (on_disk := spool.oldest_age_seconds) is not None:
            ages.append(on_disk)
        return max(ages, default=None)

    @property
    def last_success(self) -> float | None:
        """When the destination last took a record, a ``time.monotonic()`` value; None if it never did."""
        return self._state.last_success

    @property
    def failing_since(self) -> float | None:
        """When the first attempt failed after the last that did not; None while the destination is well."""
        return self._state.failing_since

    @property
    def failing_reason(self) -> str | None:
        """Why the last attempt failed, without credentials; None while the destination is well."""
        return self._state.failing_reason

    @property
    def restarts(self) -> int:
        """How often a thread had to begin again after an error."""
        sender = self._spooling.sender if self._spooling is not None else None
        return self._worker.thread.restarts + (0 if sender is None else sender.thread.restarts)
