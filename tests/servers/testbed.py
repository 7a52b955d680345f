"""Where the programs of real servers are, and which of them a run must have.

``LOGCAPY_TESTBED`` names their folder (default: ``~/.cache/logcapy-testbed``). A test whose server is not there skips,
or fails where ``LOGCAPY_REQUIRE_SERVERS`` names the server: ``collector,loki,opensearch,postgres``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_REQUIRED = {name.strip() for name in os.environ.get("LOGCAPY_REQUIRE_SERVERS", "").split(",") if name.strip()}
_FOLDER = Path(os.environ.get("LOGCAPY_TESTBED") or Path.home() / ".cache" / "logcapy-testbed")


def program(server: str, path: str) -> Path:
    """A server's program in the folder; the test skips or fails without it.

    Args:
        server: The server's name in ``LOGCAPY_REQUIRE_SERVERS``.
        path: Of the program, in the folder.
    """
    found = _FOLDER / path
    if not os.access(found, os.X_OK):
        missing(server, f"no {server} at {found}")
    return found


def missing(server: str, message: str) -> None:
    """Fail the test that lacks a server where the server is required, else skip it."""
    message = f"{message}: CONTRIBUTING.md tells how to get it"
    if server in _REQUIRED:
        pytest.fail(message)
    pytest.skip(message)
