"""The real Loki as a destination that is killed."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from servers.loki import Loki, running_loki
from servers.processes import free_port

from .crossing import Arrived

_TENANT = "crossing"


class LokiReceiver:
    """See :class:`tests.destinations.crossing.Receiver`. Loki keeps equal entries once, so none is ever there twice.

    Args:
        program: Loki.
        folder: What it has stored.
        shape: ``LOGCAPY_LOKI_FORMAT``.
    """

    name = "Loki"
    interruption = "SIGKILL"

    def __init__(self, program: Path, folder: Path, shape: str = "json") -> None:
        self._program = program
        self._folder = folder
        self._port = free_port()
        self._stack = contextlib.ExitStack()
        self._loki: Loki | None = None
        self._since = time.time_ns()
        self.environment = {
            "OTEL_LOGS_EXPORTER": "logcapy_loki",
            "LOGCAPY_LOKI_ENDPOINT": f"http://127.0.0.1:{self._port}",
            "LOGCAPY_LOKI_TENANT": _TENANT,
            "LOGCAPY_LOKI_FORMAT": shape,
        }

    def __enter__(self) -> LokiReceiver:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def start(self) -> None:
        self._loki = self._stack.enter_context(running_loki(self._program, self._folder, port=self._port))

    def kill(self) -> None:
        assert self._loki is not None
        self._loki.process.terminate(how=signal.SIGKILL)
        self._stack.close()

    def arrived(self) -> Iterable[Arrived]:
        assert self._loki is not None
        # In the line, as Loki gives back a stream for each set of metadata.
        told = '| line_format "{{.trace_id}} {{__line__}}" | keep service_name'
        found = self._loki.pages(f'{{service_name="shop"}} | trace_id != "" {told}', _TENANT, self._since)
        return (Arrived(*entry.line.split(" ", 1)) for entry in found)
