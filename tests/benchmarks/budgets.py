"""What LogCapy may cost: each budget beside what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .figures import Figures, Spread, pairs
from .setups import COMPILED, FLOOR

_STDLIB, _LOGGER = "logcapy-stdlib", "logcapy-logger"


@dataclass(frozen=True)
class Budget:
    """One bound, and how the median of the rounds lies to it.

    Args:
        title: Of what.
        bound: The most that is allowed; the least where ``at_least``.
        measured: None where it was not measured.
        unit: After each number.
        at_least: The bound is a lower one.
    """

    title: str
    bound: float
    measured: Spread | None
    unit: str = ""
    at_least: bool = False

    @property
    def is_kept(self) -> bool | None:
        if self.measured is None:
            return None
        median = round(self.measured.median, 3)
        return median >= self.bound if self.at_least else median <= self.bound


def budgets(figures: Figures) -> Iterator[Budget]:
    """All of them; ratios are to stock unless the title says otherwise."""
    for setup, name, plain, compiled in ((_STDLIB, "logging", 0.30, 0.20), (_LOGGER, "get_logger()", 0.20, 0.12)):
        title = f"all processor time, `{name}`"
        yield Budget(title, plain, figures.ratio("cost", setup, "usual", "all_cpu"))
        yield Budget(f"{title}, compiled", compiled, figures.ratio("cost", COMPILED[setup], "usual", "all_cpu"))
    yield Budget(
        "all processor time, `get_logger()` sending OTLP, to python-json-logger writing to /dev/null",
        1.0,
        figures.ratio("cost", _LOGGER, "usual", "all_cpu", to="json-logger"),
    )
    for setup, name in ((_STDLIB, "logging"), (_LOGGER, "get_logger()")):
        title = f"the caller's time above a handler that does nothing, `{name}`"
        yield Budget(title, 0.11, figures.ratio_above_floor(setup, "bursts", "caller_wall"))
        compiled_too = figures.ratio_above_floor(COMPILED[setup], "bursts", "caller_wall")
        yield Budget(f"{title}, compiled", 0.11, compiled_too)
    yield from _load(figures)
    yield from _rest(figures)


def _load(figures: Figures) -> Iterator[Budget]:
    yield Budget(
        "records a second into the Collector",
        3.0,
        figures.ratio("throughput", _STDLIB, "usual", "per_second"),
        at_least=True,
    )
    received = figures.value("throughput", _STDLIB, "usual", "received")
    least = received and Spread(received.least, received.least, received.greatest)
    yield Budget("share of them that the Collector has received, the least of the rounds", 1.0, least, at_least=True)
    for setup, name in ((_STDLIB, "logging"), (_LOGGER, "get_logger()")):
        title = f"a record's time until all has left, 8 threads to 1, `{name}`"
        yield Budget(title, 1.0, figures.ratio_of_works(setup, "threads", "usual", "whole"))
    yield Budget("a record's processor time, the most records to a tenth", 1.1, _record_growth(figures))
    title = "an attribute's processor time, between 12 and 64 to between 0 and 12"
    yield Budget(title, 1.1, _attribute_growth(figures))


def _rest(figures: Figures) -> Iterator[Budget]:
    below = figures.ratio("below", _STDLIB, "usual", "call", to=FLOOR)
    yield Budget("a call below the level, `logging`, to `logging` alone", 1.1, below)
    below = figures.ratio("below", _LOGGER, "usual", "call", to=FLOOR)
    yield Budget("a call below the level, `get_logger()`, to `logging` alone", 1.1, below)
    caught, bare = figures.rounds("catch", _STDLIB, "", "catch"), figures.rounds("catch", _STDLIB, "", "bare")
    added = pairs(caught, bare, lambda own, other: (own - other) / 1000)
    yield Budget("`@catch` where nothing fails, beside a wrapper that only calls", 0.3, added, " µs")
    start = figures.difference("start", _STDLIB, "", "milliseconds")
    yield Budget("`opentelemetry-instrument python -c pass`, beyond stock", 40, start, " ms")
    resident = figures.difference("start", _STDLIB, "", "mebibytes")
    yield Budget("its memory, beyond stock", 5, resident, " MiB")
    yield Budget("wake-ups a second while nothing is logged", 0, figures.value("idle", _STDLIB, "usual", "wake_ups"))


def _record_growth(figures: Figures) -> Spread | None:
    """The last two sizes that were measured; the largest is measured in one round."""
    sizes = sorted(figures.works("growth", _STDLIB), key=int)
    if len(sizes) < 2:
        return None
    most, tenth = (figures.rounds("growth", _STDLIB, size, "all_cpu") for size in (sizes[-1], sizes[-2]))
    return pairs(most, tenth, lambda own, other: own / other)


def _attribute_growth(figures: Figures) -> Spread | None:
    none, twelve, many = (
        figures.rounds("works", _STDLIB, work, "all_cpu") for work in ("bare", "twelve", "sixty-four")
    )
    first = {number: (twelve[number] - none[number]) / 13 for number in none if number in twelve}
    later = {number: (many[number] - twelve[number]) / 51 for number in many if number in twelve}
    return pairs(later, first, lambda own, other: own / other)
