"""The command line, and what it costs to be asked for the version."""

from __future__ import annotations

import subprocess
import sys

import pytest

from logcapy._version import __version__
from logcapy.cli import main


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"logcapy {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [[], ["tale"], ["tail", "--port", "70000"], ["tail", "--port", "http"], ["tail", "--color", "blue"]]
)
def test_a_wrong_command_line_is_told_with_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: logcapy")


def test_what_a_subcommand_needs_is_not_imported_before_it_runs() -> None:
    program = "import sys, logcapy.cli; print({'grpc', 'http.server', 'logcapy.tail'} & sys.modules.keys())"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "set()\n"
