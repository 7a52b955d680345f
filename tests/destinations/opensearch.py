"""The real OpenSearch as a destination that is killed."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterable
from pathlib import Path

from servers.opensearch import OpenSearch, OpenSearchServer

from .crossing import Arrived

_INDEX = "logs-crossing"


class OpenSearchReceiver:
    """See :class:`tests.destinations.crossing.Receiver`. A document has an id of its own, so none is ever there twice.

    Args:
        program: OpenSearch.
    """

    name = "OpenSearch"
    interruption = "SIGKILL"

    def __init__(self, program: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="opensearch")  # another user must be able to reach it
        self._server = OpenSearchServer(program, Path(self._folder.name))
        self.environment = {
            "OTEL_LOGS_EXPORTER": "logcapy_opensearch",
            "LOGCAPY_OPENSEARCH_ENDPOINT": self._server.endpoint,
            "LOGCAPY_OPENSEARCH_INDEX": _INDEX,
        }

    def __enter__(self) -> OpenSearchReceiver:
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.end()
        self._folder.cleanup()

    def start(self) -> None:
        self._server.start()

    def kill(self) -> None:
        self._server.end(signal.SIGKILL)

    def arrived(self) -> Iterable[Arrived]:
        documents = OpenSearch(self._server.endpoint).every(_INDEX, ("trace.id", "message"))
        return (Arrived(found["trace.id"], found["message"]) for found in documents if "trace.id" in found)
