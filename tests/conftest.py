"""What all tests share: an environment without anybody's settings, and the real servers."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

from servers import testbed
from servers.collector import Collector, running_collector
from servers.loki import Loki, running_loki
from servers.opensearch import OpenSearch, running_opensearch
from servers.postgres import Postgres, programs, running_postgres

# A developer's OTEL_EXPORTER_OTLP_ENDPOINT must not receive what tests send; and the two variables that `testbed` has
# read are the tests', not LogCapy's, which would report them as unknown.
for _name in [name for name in os.environ if name.startswith(("OTEL_", "LOGCAPY_"))]:
    del os.environ[_name]

# How long an example takes is no test's matter: the machine may be busy.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

# What starts tests in the background, as shells do with `&`, lets them ignore Ctrl-C, and their children with them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def collector_binary() -> Path:
    """The Collector's program."""
    return testbed.program("collector", "otelcol")


@pytest.fixture(scope="session")
def collector(collector_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """A real Collector on ports of 127.0.0.1, one for all tests: tell records apart by ``service.name``."""
    with running_collector(collector_binary, tmp_path_factory.mktemp("collector")) as running:
        yield running


@pytest.fixture(scope="session")
def loki_binary() -> Path:
    """Loki's program."""
    return testbed.program("loki", "loki")


@pytest.fixture(scope="session")
def loki(loki_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loki]:
    """A real Loki with tenants on a port of 127.0.0.1, one for all tests: each test has tenants of its own."""
    with running_loki(loki_binary, tmp_path_factory.mktemp("loki")) as running:
        yield running


@pytest.fixture(scope="session")
def opensearch() -> Iterator[OpenSearch]:
    """A real OpenSearch on a port of 127.0.0.1, one for all tests: each test has an index of its own."""
    with running_opensearch(testbed.program("opensearch", "opensearch-2.19.4/bin/opensearch")) as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL on a port of 127.0.0.1, one for all tests: each test has a table of its own."""
    folder = programs()
    if folder is None:
        testbed.missing("postgres", "no initdb")
    assert folder is not None
    with running_postgres(folder) as running:
        yield running
