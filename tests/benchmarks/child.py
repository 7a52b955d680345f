"""One measurement in a process of its own: ``python -m tests.benchmarks.child SPECIFICATION OUTPUT``.

The specification is JSON: setup, work, measure, records. What was measured is written to the file OUTPUT, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path

from .setups import open_setup
from .works import WORKS


def main(specification: str, output: str) -> None:
    wanted = json.loads(specification)
    measure = import_module(f".measures.{wanted['measure']}", __package__).measure
    figures = measure(open_setup(wanted["setup"]), WORKS[wanted["work"]], wanted["records"])
    Path(output).write_text(json.dumps(figures))
    sys.stderr.flush()
    os._exit(0)  # what is left to do at the end of a process was never measured


if __name__ == "__main__":
    main(*sys.argv[1:])
