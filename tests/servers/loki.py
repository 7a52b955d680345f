"""The real Loki, started for tests, and what it has stored."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .processes import RunningProcess, clean_environment, free_ports, running, wait_until

_CONFIGURATION = """
auth_enabled: true
server:
  http_listen_address: 127.0.0.1
  http_listen_port: {http}
  grpc_listen_address: 127.0.0.1
  grpc_listen_port: {grpc}
  log_level: error
common:
  instance_addr: 127.0.0.1
  path_prefix: {folder}
  storage: {{filesystem: {{chunks_directory: {folder}/chunks, rules_directory: {folder}/rules}}}}
  replication_factor: 1
  ring: {{kvstore: {{store: inmemory}}}}
memberlist: {{bind_addr: [127.0.0.1], bind_port: {gossip}}}
ingester: {{wal: {{enabled: true, dir: {folder}/wal, flush_on_shutdown: false}}}}
schema_config:
  configs:
    - {{from: 2024-01-01, store: tsdb, object_store: filesystem, schema: v13, index: {{prefix: index_, period: 24h}}}}
analytics: {{reporting_enabled: false}}
limits_config: {{ingestion_rate_mb: {rate}, ingestion_burst_size_mb: {burst}, max_entries_limit_per_query: 200000}}
"""


@dataclass(frozen=True)
class Entry:
    """A line as Loki gives it back; ``labels`` holds structured metadata too, as Loki merges them."""

    timestamp: int
    line: str
    labels: dict[str, str]


class Loki:
    """A Loki that runs.

    Attributes:
        endpoint: For ``LOGCAPY_LOKI_ENDPOINT``.
        process: To kill it.
    """

    def __init__(self, endpoint: str, process: RunningProcess) -> None:
        self.endpoint = endpoint
        self.process = process

    def pages(self, query: str, tenant: str, since: int) -> Iterator[Entry]:
        """Any number of lines, oldest first. Of those of one nanosecond some may be missing where a page ends.

        Args:
            query: LogQL.
            tenant: Whose.
            since: Nanoseconds.
        """
        page = 5_000
        while found := self.query(query, tenant, page, since):
            yield from found
            if len(found) < page:
                return
            since = found[-1].timestamp + 1

    def query(self, query: str, tenant: str, limit: int = 100_000, since: int | None = None) -> list[Entry]:
        """The lines of the last week, or since then, and the next hour that a LogQL query finds, oldest first."""
        now = time.time_ns()
        answer = self._get(
            "/loki/api/v1/query_range",
            tenant,
            query=query,
            limit=str(limit),
            direction="forward",
            start=str(now - 604_800_000_000_000 if since is None else since),
            end=str(now + 3_600_000_000_000),
        )
        found = [
            Entry(int(value[0]), value[1], stream["stream"])
            for stream in answer["data"]["result"]
            for value in stream["values"]
        ]
        return sorted(found, key=lambda entry: entry.timestamp)

    def series(self, tenant: str) -> list[dict[str, str]]:
        """The label sets of a tenant's streams."""
        found: list[dict[str, str]] = self._get("/loki/api/v1/series", tenant, **{"match[]": '{service_name=~".+"}'})[
            "data"
        ]
        return found

    def count(self, query: str, tenant: str) -> int:
        """What a metric query says at this moment."""
        result = self._get("/loki/api/v1/query", tenant, query=query)["data"]["result"]
        return sum(int(float(one["value"][1])) for one in result)

    def _get(self, path: str, tenant: str, **parameters: str) -> Any:
        request = urllib.request.Request(
            f"{self.endpoint}{path}?{urllib.parse.urlencode(parameters)}", headers={"X-Scope-OrgID": tenant}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None


@contextlib.contextmanager
def running_loki(
    program: Path, folder: Path, *, port: int | None = None, rate: int = 4, burst: int = 6
) -> Iterator[Loki]:
    """Start a Loki that keeps what it stores under ``folder``, and finds again what is there.

    Args:
        program: Loki.
        folder: Where its files are.
        port: Where to listen; None for any port that is free.
        rate: Megabytes that a tenant may send in a second; the default is Loki's own.
        burst: And at once.
    """
    http, grpc, gossip = free_ports(3)
    http = port or http
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "loki.yaml"
    configuration.write_text(
        _CONFIGURATION.format(http=http, grpc=grpc, gossip=gossip, folder=folder, rate=rate, burst=burst)
    )
    with running([program, f"-config.file={configuration}"], clean_environment(), folder) as process:
        process.wait_for_port(http, timeout=60)
        _wait_until_ready(process, http)
        yield Loki(f"http://127.0.0.1:{http}", process)


def _wait_until_ready(process: RunningProcess, port: int) -> None:
    def is_ready() -> bool:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2) as answer,
        ):
            return bool(answer.status == 200)
        return False

    wait_until(is_ready, 60, lambda: str(process))
