"""The real OpenSearch, started for tests, and what it has stored."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .processes import clean_environment, free_ports, running, wait_until

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


@contextlib.contextmanager
def running_opensearch(program: Path) -> Iterator[OpenSearch]:
    """Start an OpenSearch with nothing in it. It refuses to run as root, and then runs as nobody."""
    http, transport = free_ports(2)
    user = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="opensearch") as name:
        folder = Path(name)
        home = folder / "home"
        shutil.copytree(program.parent.parent, home)
        configuration = home / "config" / "opensearch.yml"
        configuration.write_text(_CONFIGURATION.format(http=http, transport=transport, folder=folder))
        if user is not None:
            folder.chmod(0o755)
            for path in (folder, *folder.rglob("*")):
                shutil.chown(path, user)
        java = Path(os.path.realpath(shutil.which("java") or "java")).parent.parent
        env = clean_environment(
            HOME=str(folder), OPENSEARCH_JAVA_HOME=str(java), OPENSEARCH_JAVA_OPTS="-Xms512m -Xmx512m"
        )
        with running([home / "bin" / "opensearch"], env, folder / "output", folder, user) as process:
            process.wait_for_port(http, timeout=120)
            endpoint = f"http://127.0.0.1:{http}"

            def is_ready() -> bool:
                url = f"{endpoint}/_cluster/health?wait_for_status=yellow&timeout=5s"
                with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=10) as answer:
                    return bool(answer.status == 200)
                return False

            wait_until(is_ready, 60, lambda: str(process))
            yield OpenSearch(endpoint)
