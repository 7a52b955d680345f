"""Puts the redaction corpus through LogCapy and its peers, and prints what leaked, what was masked, what it cost.

``make compare-redaction`` runs it in an environment with the peers, and writes the table of ``docs/redaction.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(_ROOT / "src"), str(_ROOT)]

from logcapy.config.redaction import ALL_PRESETS, REDACTION_PRESETS  # noqa: E402 - needs the path

_TABLE = re.compile(r"(?<=<!-- measured -->\n).*?(?=<!-- end -->)", re.DOTALL)
#: What is measured: its name in the table, the set-up, and the same without redaction.
_ROWS = (
    ("no redaction", "logcapy off", "logcapy off"),
    ("LogCapy, default presets", "logcapy default", "logcapy off"),
    ("LogCapy, all presets", "logcapy all", "logcapy off"),
    ("logfire, scrubbing", "logfire", "logfire off"),
    ("fapilog, `hardened`", "fapilog", "fapilog off"),
    ("Sentry, `EventScrubber(recursive=True)`", "sentry", "sentry off"),
)
_PACKAGES = ("logfire", "fapilog", "sentry-sdk", "opentelemetry-sdk")


def _rows() -> tuple[tuple[str, str, str], ...]:
    return tuple(row for row in _ROWS if row[1] != "logcapy all" or ALL_PRESETS != REDACTION_PRESETS)


def measured(setup: str, what: str) -> dict[str, Any]:
    """What a process of its own finds for one set-up."""
    with tempfile.TemporaryDirectory(prefix="logcapy-comparison-") as folder:
        answer = Path(folder) / "answer.json"
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join((str(_ROOT / "src"), str(_ROOT))),
            "TMPDIR": folder,
        }
        finished = subprocess.run(  # what the peers print is not wanted, unless it says why they failed
            [sys.executable, "-m", "tests.comparison", setup, what, str(answer)],
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
            timeout=600,
        )
        if finished.returncode:
            sys.exit(f"{setup}: {finished.stderr.decode()[-2000:]}")
        return dict(json.loads(answer.read_text()))


def times(rounds: int) -> dict[str, list[float]]:
    """Microseconds a record of each set-up, the set-ups in turn in each round."""
    setups = dict.fromkeys(setup for _, *pair in _rows() for setup in pair)
    found: dict[str, list[float]] = {setup: [] for setup in setups}
    for number in range(rounds):
        for setup in setups:
            found[setup].append(measured(setup, "time")["microseconds"])
        print(f"round {number + 1} of {rounds} is done", file=sys.stderr)
    return found


def rows(rounds: int) -> Iterator[str]:
    """The lines of the table."""
    yield (
        "| | credentials, cards, e-mail leaked | other personal data leaked | in places | look-alikes masked "
        "| records lost | µs a record | of it redaction |\n"
    )
    yield "|---|---|---|---|---|---|---|---|\n"
    cost = times(rounds)
    for name, setup, off in _rows():
        found = measured(setup, "leaks")
        leaked = {value: is_default for is_default, value, _ in found["leaked"]}
        usual = sum(leaked.values())
        masked = {tuple(one) for one in found["masked"]}
        added = [with_it - without for with_it, without in zip(cost[setup], cost[off], strict=True)]
        yield (
            f"| {name} | {usual:,} of {found['usual']:,} | {len(leaked) - usual:,} of {found['others']:,} "
            f"| {len(found['leaked']):,} of {found['placed']:,} "
            f"| {len(masked):,} of {found['lookalikes']:,} ({len(masked) / found['lookalikes']:.1%}) "
            f"| {len(found['lost']):,} | {_spread(cost[setup])} | {_spread(added) if setup != off else '-'} |\n"
        )


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often the time is measured; default: 5")
    parser.add_argument("--markdown", type=Path, metavar="PAGE", help="also replace the table between a page's marks")
    arguments = parser.parse_args()
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    table = "".join(rows(arguments.rounds))
    print(table)
    if arguments.markdown is not None:
        head = f"\nMeasured with Python {platform.python_version()}, {versions}; {arguments.rounds} rounds.\n\n"
        page = arguments.markdown.read_text()
        arguments.markdown.write_text(_TABLE.sub(lambda _: f"{head}{table}\n", page))


if __name__ == "__main__":
    main()
