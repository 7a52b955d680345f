"""Instructions a record, and of a start, counted by valgrind: nearly the same on every run and machine, however busy.

``python -m tests.benchmarks.instructions`` prints those of a record for stock and LogCapy, and the ratios;
``python -m tests.benchmarks.instructions --start .venv-bench/logcapy`` those of a start, as ``make bench`` installs it;
``python -m tests.benchmarks.instructions --threads`` those of a record from eight threads and from one, and
``--attributes`` those of an attribute between 12 and 64 of them and between none and 12.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import startup
from .children import ROOT, Children, intake
from .setups import STOCK

#: Few and many, so that what is done once drops out of the difference.
FEW, MANY = 1, 601
#: Cachegrind without its caches counts what callgrind counts, in two thirds of the time.
_COUNT = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
_COUNTED = re.compile(r"I\s+refs:\s+([\d,]+)")
_AT_A_TIME = 2
_TIMEOUT_SECONDS = 120


def valgrind() -> str | None:
    """The program, if it is installed."""
    return shutil.which("valgrind")


def instructions(setups: tuple[str, ...], work: str = "usual", many: int = MANY) -> dict[str, float]:
    """Instructions that one more record takes, by set-up, until it has been encoded and sent.

    Args:
        setups: Which.
        work: How records come.
        many: Of so many records, less the few, a share is given.

    Raises:
        AssertionError: A run failed, or not every record has arrived.
    """
    runs = [(setup, records) for setup in setups for records in (FEW, many)]
    with intake() as endpoint, ThreadPoolExecutor(_AT_A_TIME) as pool:
        children = Children(endpoint, ROOT / "src")
        for setup in setups:  # the first process writes what it has compiled, the others read it
            children.measure("cost", setup, work, FEW)
        children.count()
        counts = dict(zip(runs, pool.map(lambda run: _count(children, work, *run), runs), strict=True))
        arrived = children.count()["records"]
    sent = sum(sent for _, sent in counts.values())
    assert arrived == sent, f"{arrived} records of {sent} have arrived"
    return {setup: (counts[setup, many][0] - counts[setup, FEW][0]) / (many - FEW) for setup in setups}


def _count(children: Children, work: str, setup: str, records: int) -> tuple[int, int]:
    """The instructions of a whole process, and the records that it has sent."""
    wanted = json.dumps({"measure": "cost", "setup": setup, "work": work, "records": records})
    env = children.environment(setup)
    with tempfile.NamedTemporaryFile("r") as output:
        count = _counted([sys.executable, "-m", "tests.benchmarks.child", wanted, output.name], env)
        figures = json.load(output)
    return count, figures["sent"]


def _counted(command: list[str], env: dict[str, str], *options: str) -> int:
    """The instructions that valgrind counts of a command."""
    done = subprocess.run(
        ["valgrind", *options, *_COUNT, *command],
        cwd=ROOT,
        env={**env, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
    )
    counted = _COUNTED.search(done.stderr)
    assert done.returncode == 0, done.stderr
    assert counted is not None, done.stderr
    return int(counted[1].replace(",", ""))


def of_a_start(setups: tuple[str, ...], logcapy: Path) -> dict[str, float]:
    """Instructions of ``opentelemetry-instrument python -c pass``, by set-up."""
    with intake() as endpoint:
        children = Children(endpoint, logcapy)
        return {setup: _counted(*startup.command(children, setup, "pass"), "--trace-children=yes") for setup in setups}


def of_threads(setups: tuple[str, ...]) -> tuple[dict[str, float], dict[str, float]]:
    """Instructions of a record from eight threads, and from one; of so many that threads get in one another's way."""
    return instructions(setups, "threads", many=4_001), instructions(setups, many=4_001)


def of_attributes(setup: str) -> tuple[float, float]:
    """Instructions of an attribute: where a record has between 12 and 64 of them, and where it has up to 12."""
    none, twelve, many = (instructions((setup,), work)[setup] for work in ("bare", "twelve", "sixty-four"))
    return (many - twelve) / (64 - 12), (twelve - none) / 12


def main() -> None:
    arguments = sys.argv[1:]
    if arguments[:1] == ["--threads"]:
        counts, one = of_threads((STOCK, "logcapy-stdlib", "logcapy-logger"))
        unit, beside = "a record", "one thread's"
    elif arguments[:1] == ["--attributes"]:
        count, few = of_attributes("logcapy-stdlib")
        counts, one = {"logcapy-stdlib": count}, {"logcapy-stdlib": few}
        unit, beside = "an attribute", "one's of the first 12"
    elif arguments[:1] == ["--start"]:
        counts = of_a_start((STOCK, "logcapy-stdlib"), Path(arguments[1]).resolve())
        unit, beside, one = "a start", "stock's", dict.fromkeys(counts, counts[STOCK])
    else:
        counts = instructions((STOCK, *arguments) if arguments else (STOCK, "logcapy-stdlib"))
        unit, beside, one = "a record", "stock's", dict.fromkeys(counts, counts[STOCK])
    for setup, count in counts.items():
        print(f"{setup:20} {count:13,.0f} instructions {unit}, {count / one[setup]:.3f} of {beside}")


if __name__ == "__main__":
    main()
