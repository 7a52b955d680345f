"""Measures what becomes of exceptions with OpenTelemetry alone and with LogCapy; writes the documentation's table.

``python tools/exception_matrix.py`` prints the table; with ``--write`` it replaces the one in ``docs/exceptions.md``.
The applications are those of ``tests/capture/matrix``.
"""

from __future__ import annotations

import argparse
import platform
import re
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

_ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(_ROOT), str(_ROOT / "tests")]

from tests.capture.matrix.running import APPLICATIONS, see  # noqa: E402 - needs the path

_PAGE = _ROOT / "docs" / "exceptions.md"
_TABLE = re.compile(r"(?<=<!-- measured -->\n).*?(?=<!-- end -->)", re.DOTALL)
_PACKAGES = (
    "logcapy",
    "opentelemetry-sdk",
    "opentelemetry-instrumentation-asgi",
    "fastapi",
    "starlette",
    "flask",
    "django",
    "uvicorn",
    "gunicorn",
)
_HEAD = (
    "| | path | OpenTelemetry, sampled | LogCapy, sampled | OpenTelemetry, not sampled | LogCapy, not sampled |\n"
    "|---|---|---|---|---|---|\n"
)


def measured() -> str:
    """The versions and the table, in Markdown."""
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return f"\nMeasured with Python {platform.python_version()}, {versions}.\n\n{_HEAD}{''.join(_rows())}\n"


def _rows() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        for number, application in enumerate(APPLICATIONS):
            stock = see(application, Path(folder, f"{number}-stock"), stock=True)
            ours = see(application, Path(folder, f"{number}-logcapy"))
            for scenario in application.scenarios:
                cells = [seen.told[scenario, sampled].cell for sampled in (True, False) for seen in (stock, ours)]
                yield f"| {application.name} | {scenario} | {' | '.join(cells)} |\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"replace the table in {_PAGE.relative_to(_ROOT)}")
    arguments = parser.parse_args()
    table = measured()
    if arguments.write:
        _PAGE.write_text(_TABLE.sub(lambda _: table, _PAGE.read_text()))
    else:
        print(table)


if __name__ == "__main__":
    main()
