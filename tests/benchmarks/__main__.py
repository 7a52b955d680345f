"""LogCapy beside its peers, measured: ``make bench``, or ``python -m tests.benchmarks --help``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from . import machine, parts, report
from .children import ROOT, Children, intake
from .plan import MEASURES, Plan

_ROUNDS = 5


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of records in each measurement")
    parser.add_argument("--quick", action="store_true", help="one round, a tenth of the records")
    parser.add_argument("--only", default=",".join(MEASURES), help="some of these, with commas between: %(default)s")
    parser.add_argument("--logcapy", type=Path, default=ROOT / "src", help="the folder that LogCapy is installed in")
    parser.add_argument("--compiled", type=Path, help="the folder of a LogCapy with compiled modules, if it is there")
    parser.add_argument("--rows", type=Path, default=ROOT / "build" / "benchmarks.json", help="where all figures go")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where the page and the plot go")
    parser.add_argument("--again", action="store_true", help="write the report from the figures of the last run")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.scale = 1, 0.1
    return options


def run(options: argparse.Namespace) -> None:
    """Measure, and keep every figure."""
    with intake() as endpoint:
        compiled = options.compiled.resolve() if options.compiled and options.compiled.exists() else None
        children = Children(endpoint, options.logcapy.resolve(), compiled, options.scale)
        rows = list(Plan(children, options.rounds, tuple(options.only.split(","))).run())
    about = {
        **machine.description(options.logcapy),
        "rounds": str(options.rounds),
        "scale": "" if _is_whole(options) else " A trial, too short to rely on.",
    }
    options.rows.parent.mkdir(parents=True, exist_ok=True)
    options.rows.write_text(json.dumps({"about": about, "rows": rows}))


def _is_whole(options: argparse.Namespace) -> bool:
    return bool(options.rounds >= _ROUNDS and options.scale >= 1)


def main() -> None:
    options, began = arguments(), time.monotonic()
    if not options.again:
        run(options)
    kept = json.loads(options.rows.read_text())
    measured = {row["measure"] for row in kept["rows"]}
    if "parts" in measured:
        parts.write(kept["rows"], kept["about"], options.docs)
    if measured - {"parts"}:
        report.write(kept["rows"], kept["about"], options.docs)
    print(f"written after {time.monotonic() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
