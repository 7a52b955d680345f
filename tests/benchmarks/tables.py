"""The tables of the report, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .budgets import budgets
from .compression import WAYS
from .figures import Figures, Spread
from .plan import BURST_WORKS, INTO_COLLECTOR, QUEUEING
from .setups import FLOOR, SETUPS, STOCK
from .works import WORKS

_NONE = "–"  # noqa: RUF001 - an en dash is what an empty cell has
_IN_ALL = [name for name, setup in SETUPS.items() if not (setup.works or setup.is_part)]
_STDLIB = "logcapy-stdlib"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows under a head; cells of the first column to the left."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown(spread: Spread | None, digits: int = 2) -> str:
    return _NONE if spread is None else spread.text(digits)


def budget_table(figures: Figures) -> str:
    words = {True: "yes", False: "**no**", None: _NONE}
    rows = [
        [
            one.title,
            f"{'≥' if one.at_least else '≤'} {one.bound:g}{one.unit}",
            shown(one.measured, 3),
            words[one.is_kept],
        ]
        for one in budgets(figures)
    ]
    return table(["budget", "bound", "measured", "kept"], rows)


def usual_table(figures: Figures) -> str:
    """All processor time, raw and above the floor."""

    def row(name: str) -> list[str]:
        return [
            SETUPS[name].title,
            shown(figures.value("cost", name, "usual", "all_cpu"), 1),
            shown(figures.ratio("cost", name, "usual", "all_cpu")),
            shown(figures.ratio_above_floor(name, "usual", "all_cpu")),
            shown(figures.value("cost", name, "usual", "peak"), 0),
        ]

    rows = [row(name) for name in SETUPS if figures.value("cost", name, "usual", "all_cpu")]
    return table(["", "µs a record", "to stock", "above the floor, to stock", "memory at most, MiB"], rows)


def caller_table(figures: Figures, work: str) -> str:
    """The caller's share of one work."""

    def row(name: str) -> list[str]:
        return [
            SETUPS[name].title,
            shown(figures.value("cost", name, work, "caller_wall"), 1),
            shown(figures.ratio("cost", name, work, "caller_wall")),
            shown(figures.ratio_above_floor(name, work, "caller_wall")),
            shown(figures.ratio_above_floor(name, work, "caller_cpu")),
        ]

    rows = [row(name) for name in SETUPS if figures.value("cost", name, work, "caller_wall")]
    head = ["", "µs a call", "to stock", "above the floor, to stock", "the same in processor time of the caller"]
    return table(head, rows)


def works_table(figures: Figures) -> Iterator[str]:
    """All processor time of every work as ratios to stock, set-ups in columns, some columns a table."""
    works = [name for name in WORKS if figures.value("cost", STOCK, name, "all_cpu")]
    able = [name for name in _IN_ALL if figures.works("cost", name)]
    ours = [name for name in able if name.startswith("logcapy")]
    for columns in (ours, [name for name in able if name not in (*ours, STOCK)]):
        rows = [
            [WORKS[work].title, shown(figures.value("cost", STOCK, work, "all_cpu"), 1)]
            + [shown(figures.ratio("cost", name, work, "all_cpu")) for name in columns]
            for work in works
        ]
        yield table(["", "stock, µs", *(SETUPS[name].title for name in columns)], rows)


def threads_table(figures: Figures) -> str:
    """The same number of records from one thread and from eight."""
    rows = [
        [
            SETUPS[name].title,
            shown(figures.value("works", name, "usual", "whole"), 1),
            shown(figures.value("works", name, "threads", "whole"), 1),
            shown(figures.ratio_of_works(name, "threads", "usual", "whole")),
        ]
        for name in (FLOOR, *QUEUEING)
        if figures.works("works", name)
    ]
    return table(["", "1 thread, µs", "8 threads, µs", "8 to 1"], rows)


def redaction_table(figures: Figures) -> str:
    """LogCapy with and without redaction, with and without something to redact."""
    rows = [
        [SETUPS[name].title, *(shown(figures.ratio("cost", name, work, "all_cpu")) for work in ("usual", "secret"))]
        for name in (_STDLIB, "logcapy-neither")
    ]
    return table(["all processor time, to stock", "nothing to redact", WORKS["secret"].title], rows)


def memory_table(figures: Figures) -> str:
    rows = [
        [
            SETUPS[name].title,
            shown(figures.value("memory", name, "usual", "blocks"), 1),
            shown(figures.ratio("memory", name, "usual", "blocks")),
            shown(figures.value("memory", name, "usual", "bytes"), 0),
            shown(figures.ratio("memory", name, "usual", "bytes")),
            shown(figures.value("memory", name, "usual", "mebibytes"), 0),
        ]
        for name in QUEUEING
        if figures.works("memory", name)
    ]
    return table(["", "allocations a record", "to stock", "bytes a record", "to stock", "MiB in all"], rows)


def burst_table(figures: Figures) -> str:
    """What arrives, and what a call takes, of one thread and of eight."""
    rows = [
        [
            SETUPS[name].title,
            *(
                shown(figures.value("burst", name, work, figure), digits)
                for work in BURST_WORKS
                for figure, digits in (("arrived", 3), ("call", 1))
            ),
        ]
        for name in QUEUEING
        if figures.works("burst", name)
    ]
    head = [f"{WORKS[work].threads} thread{'s' * (WORKS[work].threads > 1)}" for work in BURST_WORKS]
    return table(["", *(text for each in head for text in (f"{each}, share that arrives", "µs a call"))], rows)


def start_table(figures: Figures) -> str:
    names = {FLOOR: "python -c pass", STOCK: "stock OpenTelemetry", _STDLIB: "LogCapy"}
    rows = [
        [
            title,
            shown(figures.value("start", name, "", "milliseconds"), 0),
            shown(figures.difference("start", name, "", "milliseconds"), 0),
            shown(figures.value("start", name, "", "processor"), 0),
            shown(figures.difference("start", name, "", "processor"), 0),
            shown(figures.value("start", name, "", "mebibytes"), 1),
            shown(figures.difference("start", name, "", "mebibytes"), 1),
        ]
        for name, title in names.items()
    ]
    return table(["", "ms", "beyond stock", "processor, ms", "beyond stock", "MiB", "beyond stock"], rows)


def quiet_table(figures: Figures) -> str:
    """What a set-up does while it has nothing to do."""
    rows = [
        [
            SETUPS[name].title,
            shown(figures.value("idle", name, "usual", "wake_ups"), 1),
            shown(figures.value("below", name, "usual", "call"), 0),
            shown(figures.ratio("below", name, "usual", "call", to=FLOOR)),
        ]
        for name in _IN_ALL
        if figures.works("idle", name) or figures.works("below", name)
    ]
    return table(["", "wake-ups a second", "a call below the level, ns", "to logging alone"], rows)


def growth_table(figures: Figures) -> str:
    rows = [
        [
            f"{int(size):,}",
            shown(figures.value("growth", _STDLIB, size, "all_cpu"), 1),
            shown(figures.value("growth", _STDLIB, size, "peak"), 0),
        ]
        for size in sorted(figures.works("growth", _STDLIB), key=int)
    ]
    return table(["records", "processor time, µs a record", "memory at most, MiB"], rows)


def throughput_table(figures: Figures) -> str:
    rows = [
        [
            SETUPS[name].title,
            shown(figures.value("throughput", name, "usual", "per_second"), 0),
            shown(figures.ratio("throughput", name, "usual", "per_second")),
            shown(figures.value("throughput", name, "usual", "received"), 3),
        ]
        for name in INTO_COLLECTOR
        if figures.works("throughput", name)
    ]
    return table(["", "records a second", "to stock", "share received"], rows)


def compression_table(figures: Figures) -> str:
    rows = [
        [
            way,
            shown(figures.value("compression", _STDLIB, way, "each")),
            shown(figures.value("compression", _STDLIB, way, "smaller"), 1),
        ]
        for way in WAYS
    ]
    return table(["", "processor time, µs a record", "times smaller"], rows)
