"""What can be told in figures of one queue and its destination: one row a figure, read from the accounts when asked.

Names, units and texts are those of OpenTelemetry's semantic conventions where they have one, so that a dashboard made
for the SDK's own processor shows this one too; what they have no name for begins with ``logcapy.``.
Source: https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/

At rest these hold to the record, but for records that were adopted from the spool of a dead process, which enter
``emitted`` and the spool alone: ``processed`` (all) + ``queue.size`` = ``logcapy.log.emitted``, and ``exported`` (all)
+ ``inflight`` + ``logcapy.spool.records`` = ``processed`` without ``error.type``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from logcapy.attributes import ERROR_TYPE

from .accounting import Stats
from .watched import Labels, Watched

#: Why a record was dropped, in words of :class:`logcapy.Stats`.
DROP_REASON: Final = "logcapy.drop.reason"

_SHUTDOWN: Final = "shutdown"
#: It left the queue, and the exporter was not given it.
_NOT_REDACTED: Final = "redaction_failed"


class Figure(NamedTuple):
    """A row of the table of figures.

    Args:
        name: OpenTelemetry's name of the metric.
        kind: ``counter`` only grows, ``updowncounter`` may be added up over processes, ``gauge`` may not.
        unit: As UCUM has it.
        description: One sentence.
    """

    name: str
    kind: Literal["counter", "updowncounter", "gauge", "histogram"]
    unit: str
    description: str


class Point(NamedTuple):
    """A figure's value for one set of attributes."""

    figure: Figure
    labels: Labels
    value: float


PROCESSED: Final = Figure(
    "otel.sdk.processor.log.processed",
    "counter",
    "{log_record}",
    "The number of log records for which the processing has finished, either successful or failed.",
)
QUEUE_SIZE: Final = Figure(
    "otel.sdk.processor.log.queue.size",
    "updowncounter",
    "{log_record}",
    "The number of log records in the queue of a given instance of an SDK log processor.",
)
QUEUE_CAPACITY: Final = Figure(
    "otel.sdk.processor.log.queue.capacity",
    "updowncounter",
    "{log_record}",
    "The maximum number of log records the queue of a given instance of an SDK Log Record processor can hold.",
)
INFLIGHT: Final = Figure(
    "otel.sdk.exporter.log.inflight",
    "updowncounter",
    "{log_record}",
    "The number of log records which were passed to the exporter, but that have not been exported yet"
    " (neither successful, nor failed).",
)
EXPORTED: Final = Figure(
    "otel.sdk.exporter.log.exported",
    "counter",
    "{log_record}",
    "The number of log records for which the export has finished, either successful or failed.",
)
OPERATION_DURATION: Final = Figure(
    "otel.sdk.exporter.operation.duration",
    "histogram",
    "s",
    "The duration of exporting a batch of telemetry records.",
)
EMITTED: Final = Figure(
    "logcapy.log.emitted", "counter", "{log_record}", "The number of log records that were handed in for a destination."
)
DROPPED: Final = Figure(
    "logcapy.log.dropped", "counter", "{log_record}", "The number of log records that were given up, by reason."
)
OLDEST_AGE: Final = Figure(
    "logcapy.log.oldest.age",
    "gauge",
    "s",
    "The age of the oldest log record that waits for its destination, in memory or on disk; 0 where none waits.",
)
SPOOL_RECORDS: Final = Figure(
    "logcapy.spool.records", "updowncounter", "{log_record}", "The number of log records that wait on disk."
)
SPOOL_SIZE: Final = Figure("logcapy.spool.size", "updowncounter", "By", "The space that the spool takes on disk.")
RESTARTS: Final = Figure(
    "logcapy.worker.restarts",
    "counter",
    "{restart}",
    "The number of times that the thread of a queue had to begin again after an error.",
)

#: All there are.
FIGURES: Final = (
    PROCESSED,
    QUEUE_SIZE,
    QUEUE_CAPACITY,
    INFLIGHT,
    EXPORTED,
    OPERATION_DURATION,
    EMITTED,
    DROPPED,
    OLDEST_AGE,
    SPOOL_RECORDS,
    SPOOL_SIZE,
    RESTARTS,
)


def processor_figures(queue: Watched, stats: Stats, labels: Labels) -> Iterator[Point]:
    """What the queue did: each record counts as processed when the exporter is given it, whatever becomes of it."""
    not_redacted = stats.dropped.get(_NOT_REDACTED, 0)
    yield Point(PROCESSED, labels, queue.handed_over - not_redacted)
    for reason, count in {**queue.dropped_at_the_door, _NOT_REDACTED: not_redacted}.items():
        if count:
            error_type = "already_shutdown" if reason == _SHUTDOWN else reason
            yield Point(PROCESSED, {**labels, ERROR_TYPE: error_type}, count)
    yield Point(QUEUE_SIZE, labels, queue.queue_size)
    yield Point(QUEUE_CAPACITY, labels, queue.queue_capacity)
    yield Point(EMITTED, labels, stats.emitted)
    for reason, count in stats.dropped.items():
        yield Point(DROPPED, {**labels, DROP_REASON: reason}, count)
    yield Point(SPOOL_RECORDS, labels, queue.spool_records)
    yield Point(SPOOL_SIZE, labels, queue.spool_bytes)
    yield Point(RESTARTS, labels, queue.restarts)
    yield Point(OLDEST_AGE, labels, queue.oldest_age_seconds or 0.0)


def door_figures(stats: Stats, labels: Labels) -> Iterator[Point]:
    """What was dropped before there was a queue to put it into."""
    if stats.emitted:
        yield Point(EMITTED, labels, stats.emitted)
    for reason, count in stats.dropped.items():
        yield Point(DROPPED, {**labels, DROP_REASON: reason}, count)


def exporter_figures(queue: Watched, stats: Stats, labels: Labels) -> Iterator[Point]:
    """What the destination did with the records: each counts once, after the last attempt."""
    yield Point(INFLIGHT, labels, queue.in_flight)
    yield Point(EXPORTED, labels, stats.exported)
    at_the_door = queue.dropped_at_the_door
    for reason, count in stats.dropped.items():
        failed = 0 if reason == _NOT_REDACTED else count - at_the_door.get(reason, 0)
        if failed > 0:
            yield Point(EXPORTED, {**labels, ERROR_TYPE: reason}, failed)
