"""What is measured, in which order: in rounds, and within a round the set-ups take turns."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from . import compression, startup, throughput
from .children import Children
from .setups import COMPILED, FLOOR, NEITHER, PARTS, SETUPS, STOCK, part_name
from .works import WORKS

OURS = [name for name, setup in SETUPS.items() if name.startswith("logcapy") and not (setup.works or setup.is_part)]
#: Those that keep records in a queue until somebody answers.
QUEUEING = [STOCK, *OURS]
INTO_COLLECTOR = [*QUEUEING, *COMPILED.values(), "stock-gzip", "logcapy-gzip"]
GROWTH = (1, 1_000, 10_000, 100_000)
LARGEST = 1_000_000
QUEUED = 100_000
#: In one go into a queue of the default size.
BURST, DEFAULT_QUEUE = 10_000, 2_048
BURST_WORKS = ("usual", "threads")
#: So often in a round what is compared closely is measured, in turns; the fastest counts.
TURNS = 3
#: The same for the works of one set-up, which take a quarter of a second each.
WORKS_TURNS = 9
#: The works and the set-ups of the budgets.
IN_TURNS = ("usual", "bursts")
COMPARED = (FLOOR, STOCK, "logcapy-stdlib", "logcapy-logger", *COMPILED.values(), "json-logger")
MEASURES = (
    "cost",
    "works",
    "growth",
    "memory",
    "burst",
    "start",
    "idle",
    "below",
    "catch",
    "throughput",
    "compression",
    "parts",
)
Row = dict[str, Any]


@dataclass
class Plan:
    """Which measurements to take.

    Args:
        children: How they are started.
        rounds: How often.
        measures: Which, of ``MEASURES``.
    """

    children: Children
    rounds: int
    measures: tuple[str, ...] = MEASURES

    def run(self) -> Iterator[Row]:
        """Rows of measure, setup, work, round and figures."""
        with throughput.counting_collector() as collector:
            if collector is None and "throughput" in self.measures:
                print("no Collector is installed: throughput is left out", file=sys.stderr)
            for number in range(self.rounds):
                for measure in self.measures:
                    began = time.monotonic()
                    rows = (
                        self._throughput(number, collector) if measure == "throughput" else self._one(measure, number)
                    )
                    for row in rows:
                        yield {"measure": measure, "round": number, **row}
                    print(f"round {number + 1}: {measure}, {time.monotonic() - began:.0f} s", file=sys.stderr)

    def _one(self, measure: str, number: int) -> Iterator[Row]:
        rows: Iterator[Row] = getattr(self, f"_{measure}")(number)
        return rows

    def _in_turn(self, setups: Iterable[str], number: int) -> list[str]:
        """Another begins each round, so that nobody always follows the same one."""
        names = [name for name in setups if self.children.has(name)]
        first = number % len(names)
        return names[first:] + names[:first]

    def _cost(self, number: int) -> Iterator[Row]:
        for work in WORKS:
            if work == "many":
                continue
            able = [name for name, setup in SETUPS.items() if setup.does(work)]
            if work == "sixty-four":
                able = [FLOOR, *QUEUEING]
            for turn in range(TURNS if work in IN_TURNS else 1):
                for setup in self._in_turn(able if turn == 0 else COMPARED, number):
                    yield {"setup": setup, "work": work, **self._measured_cost(setup, work, None)}

    def _works(self, number: int) -> Iterator[Row]:
        """Works of one set-up, to be compared with one another: in turns, so that all see the same machine."""
        for setup in self._in_turn((FLOOR, STOCK, "logcapy-stdlib", "logcapy-logger"), number):
            attributes = ("bare", "twelve", "sixty-four") if setup == "logcapy-stdlib" else ()
            works = ("usual", "threads", *attributes)
            for _ in range(WORKS_TURNS):
                for work in works:
                    yield {"setup": setup, "work": work, **self._measured_cost(setup, work, None)}

    def _measured_cost(self, setup: str, work: str, records: int | None) -> Row:
        """The cost, after seeing that everything has arrived."""
        self.children.count()
        figures = self.children.measure("cost", setup, work, records)
        if not SETUPS[setup].sends:
            return figures
        arrived = self.children.count()
        assert arrived["records"] == figures["sent"], f"{setup}, {work}: {arrived}, sent were {figures['sent']}"
        return {**figures, "bytes": arrived["bytes"] / arrived["records"]}

    def _growth(self, number: int) -> Iterator[Row]:
        for records in GROWTH if number else (*GROWTH, LARGEST):
            records = max(1, round(records * self.children.scale))
            figures = self._measured_cost("logcapy-stdlib", "many", records)
            yield {"setup": "logcapy-stdlib", "work": str(records), **figures}

    def _memory(self, number: int) -> Iterator[Row]:
        silent = f"{self.children.endpoint}/silent"
        records = max(1, round(QUEUED * self.children.scale))
        for setup in self._in_turn(QUEUEING, number):
            figures = self.children.measure("memory", setup, "usual", records, OTEL_EXPORTER_OTLP_ENDPOINT=silent)
            yield {"setup": setup, "work": "usual", **figures}

    def _burst(self, number: int) -> Iterator[Row]:
        records, queue = max(1, round(BURST * self.children.scale)), str(DEFAULT_QUEUE)
        for work in BURST_WORKS:
            for setup in self._in_turn(QUEUEING, number):
                self.children.count()
                figures = self.children.measure("burst", setup, work, records, OTEL_BLRP_MAX_QUEUE_SIZE=queue)
                arrived = self.children.count()["records"] / figures["logged"]
                yield {"setup": setup, "work": work, **figures, "arrived": arrived}

    def _start(self, number: int) -> Iterator[Row]:
        setups = self._in_turn((FLOOR, STOCK, "logcapy-stdlib"), number)
        for setup, figures in startup.measure(self.children, setups).items():
            yield {"setup": setup, "work": "", **figures}

    def _idle(self, number: int) -> Iterator[Row]:
        """All at the same time: they sleep."""
        able = [name for name, setup in SETUPS.items() if not (setup.works or setup.is_part)]
        for child in [self.children.start("idle", setup, "usual", 1_000) for setup in able]:
            figures = self.children.figures(child)
            yield {"setup": child.wanted["setup"], "work": "usual", **figures}

    def _below(self, number: int) -> Iterator[Row]:
        able = [name for name, setup in SETUPS.items() if not (setup.works or setup.is_part)]
        for _ in range(TURNS):
            for setup in self._in_turn(able, number):
                yield {"setup": setup, "work": "usual", **self.children.measure("below_level", setup, "usual", 10_000)}

    def _catch(self, number: int) -> Iterator[Row]:
        figures = self.children.measure("catch", "logcapy-stdlib", "usual", 1)
        yield {"setup": "logcapy-stdlib", "work": "", **figures}

    def _throughput(self, number: int, collector: throughput.CountingCollector | None) -> Iterator[Row]:
        for turn in range(TURNS if collector else 0):
            for setup in self._in_turn(INTO_COLLECTOR if turn == 0 else (STOCK, "logcapy-stdlib"), number):
                figures = throughput.measure(self.children, collector, setup)
                yield {"setup": setup, "work": "usual", **figures}

    def _compression(self, number: int) -> Iterator[Row]:
        body, records = compression.a_request(self.children)
        for way in compression.WAYS:
            yield {"setup": "logcapy-stdlib", "work": way, **compression.measure(way, body, records)}

    def _parts(self, number: int) -> Iterator[Row]:
        for work in ("usual", "secret"):
            for setup in self._in_turn((STOCK, NEITHER, *map(part_name, PARTS)), number):
                yield {"setup": setup, "work": work, **self._measured_cost(setup, work, None)}
