"""Rows 1 and 2: nobody takes the records for some time."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .figure import Measured, Scale, row
from .pipelines import scratch, until
from .places import KilledCollector, Place, Server
from .programs import finish, start

#: Logs so many records a second until it is told to stop; it can be paused. Then it waits until it is told to end.
_APPLICATION = """
from tests.faults.pipelines import ours, stock
kind, url, folder, rate = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
pipeline = ours(url, folder, "overflow") if kind == "ours" else stock(url)
told = ["go"]
threading.Thread(target=lambda: told.extend(line.strip() for line in sys.stdin), daemon=True).start()
for number in range(500):
    pipeline.log(f"warm {number}")
pipeline.flush(5)
before, number, seconds, last = peak_mib(), 0, 0.0, time.monotonic()
print("begun", flush=True)
while told[-1] != "stop":
    time.sleep(0.005)
    now = time.monotonic()
    seconds, last = seconds + (now - last if told[-1] == "go" else 0), now
    while number < seconds * rate:
        pipeline.log(f"{kind} {number} of the orders that were taken")
        number += 1
report(logged=number)
while told[-1] != "end":
    time.sleep(0.01)
grew = peak_mib() - before
dropped = dict(pipeline.stats.dropped) if kind == "ours" else {}
pipeline.shutdown()
report(logged=number, grew=grew, dropped=dropped, balances=kind != "ours" or pipeline.balances())
"""


@dataclass(frozen=True)
class _Outcome:
    """Of one application."""

    logged: int
    lost: int
    twice: int
    grew_mib: float
    seconds_after: float
    #: Whether its accounts balance, and it counts nothing as dropped.
    accounts: bool


def _outage(place: Place, seconds: float, rate: int, wait_seconds: float, folder: Path) -> dict[str, _Outcome]:
    """Both applications log through the same outage; returns what became of the records of each."""
    applications = {kind: start(_APPLICATION, kind, place.url, folder / kind, rate) for kind in ("ours", "stock")}
    with contextlib.ExitStack() as ends:
        for process in applications.values():
            ends.callback(process.kill)
        for process in applications.values():
            assert _line(process) == "begun\n"
        time.sleep(1)
        # A Collector that is killed loses what it has taken and not written, which is nobody's fault here.
        _tell(applications, "pause")
        time.sleep(0.5)
        place.break_down()
        _tell(applications, "go")
        time.sleep(seconds)
        place.come_back()
        back = time.monotonic()
        _tell(applications, "stop")
        logged = {kind: int(json.loads(_line(process))["logged"]) for kind, process in applications.items()}
        until(lambda: _arrived("ours", place)[0] >= logged["ours"], wait_seconds, every=0.25)
        after = time.monotonic() - back
        _tell(applications, "end")
        reports = {kind: finish(process, back, 60).reported for kind, process in applications.items()}
        return {kind: _outcome(kind, found, place, after) for kind, found in reports.items()}


def _outcome(kind: str, found: dict[str, Any], place: Place, after: float) -> _Outcome:
    arrived, twice = _arrived(kind, place)
    lost = found["logged"] - arrived
    return _Outcome(found["logged"], lost, twice, found["grew"], after, found["balances"] and not found["dropped"])


def _arrived(kind: str, place: Place) -> tuple[int, int]:
    """How many different records of an application have arrived, and how many of them more than once."""
    counts = Counter(body.split(" of ")[0] for body in place.received() if body.startswith(kind))
    return len(counts), sum(count > 1 for count in counts.values())


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    assert process.stderr is not None
    return process.stdout.readline() or process.stderr.read()


def _tell(applications: dict[str, subprocess.Popen[str]], word: str) -> None:
    for process in applications.values():
        assert process.stdin is not None
        process.stdin.write(f"{word}\n")
        process.stdin.flush()


@row(
    1,
    "Collector refuses, or accepts and hangs, at 1,000 records/s",
    "0 lost with a spool; memory grows < 32 MiB; all delivered ≤ 30 s after it is back",
)
def row_01(scale: Scale) -> Measured:
    figures, stock_figures, held = [], [], True
    for hangs, words in ((False, "refuses"), (True, "hangs")):
        with scratch() as folder, Server(hangs=hangs) as place:
            outcomes = _outage(place, scale.outage_seconds, 1000, 30, folder)
        mine, theirs = outcomes["ours"], outcomes["stock"]
        held = held and mine.lost == 0 and mine.accounts and mine.grew_mib < 32 and mine.seconds_after <= 30
        figures.append(
            f"{words} for {scale.outage_seconds:.0f} s: {mine.lost} of {mine.logged} lost, {mine.twice} twice, "
            f"{mine.grew_mib:.0f} MiB more, all there after {mine.seconds_after:.1f} s"
        )
        stock_figures.append(f"{words}: {100 * theirs.lost / theirs.logged:.0f} % lost, {theirs.grew_mib:.0f} MiB more")
    return Measured("; ".join(figures), held, "; ".join(stock_figures))


@row(
    2,
    "The Collector is killed, and is down longer than any retry budget",
    "0 lost while the spool has room; no limit in time but the spool's own",
)
def row_02(scale: Scale) -> Measured:
    rate = max(100, round(6000 / scale.long_outage_seconds))
    with scratch() as folder, _collector(scale, folder) as place:
        outcomes = _outage(place, scale.long_outage_seconds, rate, 60, folder)
    mine, theirs = outcomes["ours"], outcomes["stock"]
    which = "the real Collector" if scale.collector else "a server in its place"
    return Measured(
        f"{which}, down for {scale.long_outage_seconds:.0f} s: {mine.lost} of {mine.logged} lost, {mine.twice} twice",
        mine.lost == 0 and mine.accounts,
        f"{100 * theirs.lost / theirs.logged:.0f} % lost",
    )


def _collector(scale: Scale, folder: Path) -> Any:
    return KilledCollector(scale.collector, folder) if scale.collector else Server(hangs=False)
