"""Writes docs/benchmarks.md and docs/benchmarks.svg, and the lines between the marks of README.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from . import tables
from .children import ROOT
from .figures import Figures
from .plan import BURST, DEFAULT_QUEUE, QUEUED, TURNS, WORKS_TURNS
from .plot import svg
from .startup import STARTS
from .throughput import RECORDS

_MARKS = ("<!-- benchmarks: begin -->", "<!-- benchmarks: end -->")
_HEAD = """<!-- Written by `make bench`. Change tests/benchmarks/report.py, not this. -->

# Benchmarks

What a record costs with LogCapy, beside stock OpenTelemetry and other ways to log in Python. Only ratios carry over
from one machine to another. To measure here:

```sh
make bench                      # or, for a first look: make bench BENCH=--quick
```

![All processor time of a record, as a ratio to stock OpenTelemetry](benchmarks.svg)

**How.** Each measurement is a process of its own. There are {rounds} rounds; in each, every set-up does every work, in
turns, another one first each time. What has a budget does it {turns} times, and the fastest counts. A figure is the
median of the rounds with the [least, greatest]; a ratio is taken pair by pair within a round. Set-ups that send OTLP
send it over HTTP to an intake on the same machine, in another process, whose own time does not count, and every
record's arrival is checked there. LogCapy enriches, redacts, and adds where in the code the call is; stock does none of
it, and of the others logfire scrubs. All are set up as their own documentation calls fast, and so that no record is
lost. "Compiled" is LogCapy from the same source with its hot modules compiled by mypyc, as `make compiled` builds it;
all else is plain Python. "The floor" is plain `logging` with a handler that does nothing.

**Where.** {processor}, {memory}, {system}, {python}, {date}.{scale} {versions}.
"""
_QUEUED = """One queue holds {queued:,} records while the intake does not answer. Allocations are the blocks of memory
that Python holds a record: counted, so that they do not depend on the machine."""
_BURST = """{burst:,} records as fast as they can be logged, into a queue of the default size, {queue:,}; the intake
answers at once. What a full queue cannot hold is given up."""
_START = """`opentelemetry-instrument python -c pass`, with traces, metrics and logs to OTLP over HTTP; in the first
line without `opentelemetry-instrument`. In each round each is started {starts} times, in turns, and the fastest start
counts."""
_THREADS = """The clock until all has left, a record; the threads are there before it begins. In CPython one thread runs
at a time, and threads that all want to run disturb each other: the first line shows by how much. In each round each
work is measured {turns} times, in turns, and the fastest counts. What the work itself takes, in instructions, whatever
else the machine does: `python -m tests.benchmarks.instructions --threads`."""
_COLLECTOR = """{records:,} records, as fast as they go, into the OpenTelemetry Collector on the same cores, until all
have left."""
_GROWTH = """LogCapy, `logging`, in bursts of 5,000. What an attribute takes is among the budgets; in instructions,
whatever else the machine does: `python -m tests.benchmarks.instructions --attributes`."""
_COMPRESSION = """A request of 512 records as LogCapy sends it. They are much alike; others gain less."""


def write(rows: list[dict[str, object]], about: Mapping[str, str], docs: Path = ROOT / "docs") -> None:
    """Write the page, its plot, and README's lines where README has the marks."""
    figures = Figures(rows)
    (docs / "benchmarks.svg").write_text(svg(figures))
    (docs / "benchmarks.md").write_text(page(figures, about))
    readme = ROOT / "README.md"
    text = readme.read_text()
    if all(mark in text for mark in _MARKS):
        begin, end = (re.escape(mark) for mark in _MARKS)
        lines = f"{_MARKS[0]}\n{headline(figures)}\n{_MARKS[1]}"
        readme.write_text(re.sub(f"{begin}.*{end}", lambda _: lines, text, flags=re.DOTALL))


def page(figures: Figures, about: Mapping[str, str]) -> str:
    """All of docs/benchmarks.md."""
    head = _HEAD.format_map({**about, "turns": TURNS})
    sections = {
        "Budgets": tables.budget_table(figures),
        "All processor time": "From the call until everything has left the process.\n\n" + tables.usual_table(figures),
        "The caller's time": "In bursts of 400 records, which are sent after the burst, so that nothing else runs "
        "meanwhile.\n\n"
        + tables.caller_table(figures, "bursts")
        + "\n\nIn one go, while the queue's worker wants the interpreter too.\n\n"
        + tables.caller_table(figures, "usual"),
        "Kinds of records": "All processor time, to stock.\n\n" + "\n\n".join(tables.works_table(figures)),
        "Threads": f"{_THREADS.format(turns=WORKS_TURNS)}\n\n{tables.threads_table(figures)}",
        "Redaction": tables.redaction_table(figures),
        "Records that wait": f"{_QUEUED.format(queued=QUEUED)}\n\n{tables.memory_table(figures)}",
        "A burst": f"{_BURST.format(burst=BURST, queue=DEFAULT_QUEUE)}\n\n{tables.burst_table(figures)}",
        "Into the Collector": f"{_COLLECTOR.format(records=RECORDS)}\n\n{tables.throughput_table(figures)}",
        "Growth": f"{_GROWTH}\n\n{tables.growth_table(figures)}",
        "Start": f"{_START.format(starts=STARTS)}\n\n{tables.start_table(figures)}",
        "When there is nothing to do": tables.quiet_table(figures),
        "Compression": f"{_COMPRESSION}\n\n{tables.compression_table(figures)}",
    }
    return head + "".join(f"\n## {title}\n\n{text}\n" for title, text in sections.items())


def headline(figures: Figures) -> str:
    """README's lines: the plot, and the two ratios that matter most."""
    lines = ["![All processor time of a record, as a ratio to stock OpenTelemetry](docs/benchmarks.svg)", ""]
    whole = figures.ratio("cost", "logcapy-stdlib", "usual", "all_cpu")
    caller = figures.ratio_above_floor("logcapy-stdlib", "bursts", "caller_wall")
    if whole and caller:
        lines += [
            f"A record takes {whole.median:.2f} of stock OpenTelemetry's processor time, enriched, redacted, encoded "
            f"and sent, and a call {caller.median:.2f} of what stock adds to it. [All figures](docs/benchmarks.md)."
        ]
    return "\n".join(lines)
