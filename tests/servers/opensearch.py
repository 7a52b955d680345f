"""The real OpenSearch, started for tests, and what it has stored."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .processes import RunningProcess, clean_environment, free_ports, wait_until

_CONFIGURATION = """
discovery.type: single-node
network.host: 127.0.0.1
http.port: {http}
transport.port: {transport}
path.data: {folder}/data
path.logs: {folder}/logs
cluster.routing.allocation.disk.threshold_enabled: false
"""


class OpenSearch:
    """An OpenSearch that runs.

    Attributes:
        endpoint: For ``LOGCAPY_OPENSEARCH_ENDPOINT``.
    """

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def documents(self, index: str, field: str = "service.name", value: str | None = None) -> list[dict[str, Any]]:
        """The documents of an index in the order in which they were stored, all or those with a value in a field."""
        self._call(f"/{index}/_refresh?ignore_unavailable=true", {})
        query = {"match_all": {}} if value is None else {"match_phrase": {field: value}}
        search = {"query": query, "size": 10_000, "sort": ["_doc"]}
        found = self._call(f"/{index}/_search?ignore_unavailable=true", search)
        return [hit["_source"] for hit in found["hits"]["hits"]]

    def put(self, path: str, body: object) -> None:
        """Set something up."""
        self._call(path, body, "PUT")

    def _call(self, path: str, body: object, method: str = "POST") -> Any:
        request = urllib.request.Request(
            self.endpoint + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()}") from None

    def every(self, index: str, fields: Sequence[str]) -> Iterator[dict[str, Any]]:
        """These fields of all documents of an index, however many there are."""
        self._call(f"/{index}/_refresh?ignore_unavailable=true", {})
        search = {"size": 10_000, "sort": ["_doc"], "_source": list(fields)}
        found = self._call(f"/{index}/_search?ignore_unavailable=true&scroll=1m", search)
        while hits := found["hits"]["hits"]:
            yield from (hit["_source"] for hit in hits)
            found = self._call("/_search/scroll", {"scroll": "1m", "scroll_id": found["_scroll_id"]})
        self._call("/_search/scroll", {"scroll_id": found["_scroll_id"]}, "DELETE")


class OpenSearchServer:
    """An OpenSearch that can be killed and started again. It refuses to run as root, and then runs as nobody.

    Args:
        program: OpenSearch.
        folder: An empty one, for all that it has.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        self._http, transport = free_ports(2)
        self._folder, self._home = folder, folder / "home"
        self._user = "nobody" if os.geteuid() == 0 else None
        self._process: RunningProcess | None = None
        self.endpoint = f"http://127.0.0.1:{self._http}"
        shutil.copytree(program.parent.parent, self._home)
        configuration = self._home / "config" / "opensearch.yml"
        configuration.write_text(_CONFIGURATION.format(http=self._http, transport=transport, folder=folder))
        if self._user is not None:
            folder.chmod(0o755)
            for path in (folder, *folder.rglob("*")):
                shutil.chown(path, self._user)

    def start(self) -> None:
        """Start, and wait until it takes documents."""
        java = Path(os.path.realpath(shutil.which("java") or "java")).parent.parent
        env = clean_environment(
            HOME=str(self._folder), OPENSEARCH_JAVA_HOME=str(java), OPENSEARCH_JAVA_OPTS="-Xms512m -Xmx512m"
        )
        command = [self._home / "bin" / "opensearch"]
        process = self._process = RunningProcess(command, env, self._folder / "output", self._folder, self._user)
        process.wait_for_port(self._http, timeout=120)

        def is_ready() -> bool:
            url = f"{self.endpoint}/_cluster/health?wait_for_status=yellow&timeout=5s"
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=10) as answer:
                return bool(answer.status == 200)
            return False

        wait_until(is_ready, 60, lambda: str(process))

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it, by force if it does not follow."""
        if self._process is not None:
            self._process.terminate(how=how)
            self._process = None


@contextlib.contextmanager
def running_opensearch(program: Path) -> Iterator[OpenSearch]:
    """Start an OpenSearch with nothing in it."""
    with tempfile.TemporaryDirectory(prefix="opensearch") as name:
        server = OpenSearchServer(program, Path(name))
        try:
            server.start()
            yield OpenSearch(server.endpoint)
        finally:
            server.end()
