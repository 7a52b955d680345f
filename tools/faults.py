"""Puts LogCapy, and OpenTelemetry alone beside it, through the faults of ``docs/reliability.md``, and prints what held.

``python tools/faults.py`` runs the long form (about 40 minutes), ``--short`` what the tests run. The exit code is 1
where a criterion does not hold. The rows are those of ``tests/faults``, one after the other.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

_ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(_ROOT), str(_ROOT / "tests")]

_TESTBED = Path(os.environ.get("LOGCAPY_TESTBED") or Path.home() / ".cache" / "logcapy-testbed")
# Nobody's settings are to change what is measured.
for _name in [name for name in os.environ if name.startswith(("OTEL_", "LOGCAPY_"))]:
    del os.environ[_name]
# What starts this in the background, as shells do with `&`, lets it ignore Ctrl-C, and the programs of row 18 with it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from tests.faults.rows import LONG, ROWS, SHORT, Figure, Scale  # noqa: E402 - needs the path and the environment

_TABLE = re.compile(r"(?<=<!-- measured -->\n).*?(?=<!-- end -->)", re.DOTALL)
_PACKAGES = (
    "logcapy",
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-exporter-otlp-proto-grpc",
)


def measure(numbers: Sequence[int], scale: Scale) -> Iterator[Figure]:
    """Each row in turn; one that fails in the middle does not hold."""
    for number in numbers:
        started = time.monotonic()
        try:
            figure = ROWS[number](scale)
        except Exception as error:  # noqa: BLE001 - the other rows are to be measured
            figure = ROWS[number].failed(error)
        print(
            f"{number:2} {'holds' if figure.holds else 'DOES NOT HOLD'} ({time.monotonic() - started:.0f} s)",
            file=sys.stderr,
        )
        yield figure


def as_text(figures: Sequence[Figure]) -> str:
    """The table for a terminal: a paragraph a row."""
    return "\n".join(
        f"{figure.number:2}  {figure.fault}\n"
        f"    must     {figure.criterion}\n"
        f"    LogCapy  {'' if figure.holds else 'DOES NOT HOLD: '}{figure.logcapy}\n"
        f"    stock    {figure.stock or '-'}"
        for figure in figures
    )


def as_markdown(figures: Sequence[Figure], words: str) -> str:
    """The versions and the table."""
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    head = "| # | fault | LogCapy must | LogCapy | OpenTelemetry alone |\n|---|---|---|---|---|\n"
    rows = "".join(map(as_row, figures))
    return f"\nThe {words} form, measured with Python {platform.python_version()}, {versions}.\n\n{head}{rows}\n"


def as_row(figure: Figure) -> str:
    """One line of the table."""
    return (
        f"| {figure.number} | {_cell(figure.fault)} | {_cell(figure.criterion)} | "
        f"{'' if figure.holds else '**does not hold**: '}{_cell(figure.logcapy)} | {_cell(figure.stock or '')} |\n"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("__", "\\_\\_")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="what the tests run, in about four minutes")
    parser.add_argument("--rows", help="only these, with commas between")
    parser.add_argument(
        "--markdown",
        type=Path,
        metavar="PAGE",
        help="also replace the table between the marks of a page, or with --rows these rows of it",
    )
    arguments = parser.parse_args()
    numbers = sorted(ROWS) if arguments.rows is None else [int(number) for number in arguments.rows.split(",")]
    collector = _TESTBED / "otelcol"
    scale = replace(SHORT if arguments.short else LONG, collector=collector if os.access(collector, os.X_OK) else None)
    logging.getLogger().addHandler(logging.NullHandler())  # what stock says of its failures is not the figure
    figures = list(measure(numbers, scale))
    print(as_text(figures))
    if arguments.markdown is not None:
        page = arguments.markdown.read_text()
        if arguments.rows is None:
            table = as_markdown(figures, "short" if arguments.short else "long")
            page = _TABLE.sub(lambda _: table, page)
        for figure in figures if arguments.rows is not None else ():
            page = re.sub(rf"^\| {figure.number} \|.*\n", lambda _, row=figure: as_row(row), page, flags=re.MULTILINE)
        arguments.markdown.write_text(page)
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
