"""A row of the table of faults: what is done to LogCapy, what must hold, and what was measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Scale:
    """How long a fault lasts, and how often it is repeated.

    Args:
        outage_seconds: Of row 1.
        long_outage_seconds: Of row 2: longer than what any exporter retries for.
        spool_kills: Processes that write to a spool and are killed.
        kills: Processes with everything in them that are killed.
        damages: Of each kind.
        forks: While locks are held.
        power_losses: On a disk in memory.
        segments: Made-up folders of a spool.
        answers: Made-up answers of a server, and made-up bytes of a segment.
        interleavings: Examples of the state machine.
        huge_megabytes: A message.
        slack: By how much what takes processor time may take longer: other tests run beside the short form.
        collector: The Collector's program, for what is measured with it.
    """

    outage_seconds: float
    long_outage_seconds: float
    spool_kills: int
    kills: int
    damages: int
    forks: int
    power_losses: int
    segments: int
    answers: int
    interleavings: int
    huge_megabytes: int
    slack: float
    collector: Path | None = None


SHORT = Scale(
    outage_seconds=6,
    long_outage_seconds=12,
    spool_kills=8,
    kills=2,
    damages=10,
    forks=40,
    power_losses=60,
    segments=150,
    answers=5_000,
    interleavings=25,
    huge_megabytes=200,
    slack=3,
)
LONG = Scale(
    outage_seconds=60,
    long_outage_seconds=600,
    spool_kills=200,
    kills=20,
    damages=200,
    forks=500,
    power_losses=1_000,
    segments=10_000,
    answers=1_000_000,
    interleavings=1_000,
    huge_megabytes=1_000,
    slack=1,
)


@dataclass(frozen=True)
class Measured:
    """What became of a fault: in words with figures, and whether the criterion holds.

    Args:
        logcapy: LogCapy's figure.
        holds: Whether the criterion holds.
        stock: The figure of OpenTelemetry alone in the same run, where that applies.
    """

    logcapy: str
    holds: bool
    stock: str | None = None


@dataclass(frozen=True)
class Figure:
    """A row as it was measured."""

    number: int
    fault: str
    criterion: str
    logcapy: str
    stock: str | None
    holds: bool


@dataclass(frozen=True)
class Row:
    """A fault, what must hold, and what measures it."""

    number: int
    fault: str
    criterion: str
    measure: Callable[[Scale], Measured]

    def __call__(self, scale: Scale) -> Figure:
        found = self.measure(scale)
        return self._figure(found.logcapy, found.stock, found.holds)

    def failed(self, error: Exception) -> Figure:
        """The figure of a measurement that did not come to its end."""
        return self._figure(f"failed: {type(error).__name__}: {error}"[:500], None, False)

    def _figure(self, logcapy: str, stock: str | None, holds: bool) -> Figure:
        return Figure(self.number, self.fault, self.criterion, logcapy, stock, holds)


#: All that there are, by number; filled by importing their modules, see ``rows``.
ROWS: dict[int, Row] = {}


def row(number: int, fault: str, criterion: str) -> Callable[[Callable[[Scale], Measured]], Row]:
    """Make a row of what measures it."""

    def register(measure: Callable[[Scale], Measured]) -> Row:
        ROWS[number] = Row(number, fault, criterion, measure)
        return ROWS[number]

    return register


def holds(figure: Figure) -> None:
    """Fail with what was measured where a criterion does not hold."""
    assert figure.holds, f"row {figure.number}, {figure.criterion}: {figure.logcapy}"
