"""What all tests share: an environment without anybody's settings, and the real servers."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from servers.collector import Collector, collector_program, running_collector

_REQUIRED_SERVERS = os.environ.get("LOGCAPY_REQUIRE_SERVERS", "").split(",")
_COLLECTOR_IS_REQUIRED = "collector" in (name.strip() for name in _REQUIRED_SERVERS)
_TESTBED = os.environ.get("LOGCAPY_TESTBED")

# A developer's OTEL_EXPORTER_OTLP_ENDPOINT must not receive what tests send; and the two variables above are the
# tests', not LogCapy's, which would report them as unknown.
for _name in [name for name in os.environ if name.startswith(("OTEL_", "LOGCAPY_"))]:
    del os.environ[_name]

# What starts tests in the background, as shells do with `&`, lets them ignore Ctrl-C, and their children with them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def collector_binary() -> Path:
    """The Collector's program. Without it a test skips, or fails under ``LOGCAPY_REQUIRE_SERVERS=collector``."""
    return collector_program(_TESTBED, required=_COLLECTOR_IS_REQUIRED)


@pytest.fixture(scope="session")
def collector(collector_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """A real Collector on ports of 127.0.0.1, one for all tests: tell records apart by ``service.name``."""
    with running_collector(collector_binary, tmp_path_factory.mktemp("collector")) as running:
        yield running
