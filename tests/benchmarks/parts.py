"""What each enricher, each preset of redaction and each way of sampling adds to a record."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from . import tables
from .figures import Figures, Spread, pairs
from .setups import NEITHER, PARTS, STOCK, part_name

_HEAD = """<!-- Written by `make bench BENCH="--only parts"`. Change tests/benchmarks/parts.py, not this. -->

# What each part costs

The processor time that one part adds to a record with three attributes, through `logging`, all of it from the call
until the record has left: LogCapy with that part alone, less LogCapy with none, in microseconds and as a share of
what stock OpenTelemetry takes for the record. Median of {rounds} rounds, taken pair by pair, with the [least,
greatest]; what is less than its spread is nothing. Redaction looks at many texts of a batch at once, so that what has
no secret is cheap; the last column is a message that holds a card number and an e-mail address.

{processor}, {memory}, {system}, {python}, {date}.{scale}

"""


def write(rows: list[dict[str, object]], about: Mapping[str, str], docs: Path) -> None:
    """Write docs/benchmark-parts.md."""
    figures = Figures(rows)
    (docs / "benchmark-parts.md").write_text(_HEAD.format_map(about) + _table(figures) + "\n")


def _table(figures: Figures) -> str:
    lines = []
    for part in PARTS:
        added, share = _added(figures, part, "usual")
        with_secret, _ = _added(figures, part, "secret")
        lines.append([f"`{part}`", tables.shown(added), tables.shown(share, 3), tables.shown(with_secret)])
    return tables.table(["", "µs a record", "of stock", "µs a record with two secrets"], lines)


def _added(figures: Figures, part: str, work: str) -> tuple[Spread | None, Spread | None]:
    own = figures.rounds("parts", part_name(part), work, "all_cpu")
    without = figures.rounds("parts", NEITHER, work, "all_cpu")
    stock = figures.rounds("parts", STOCK, work, "all_cpu")
    added = {number: own[number] - without[number] for number in own if number in without}
    return Spread.of(added.values()), pairs(added, stock, lambda one, other: one / other)
