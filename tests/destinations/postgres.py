"""The real PostgreSQL as a destination that is killed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from servers.postgres import Postgres, running_postgres

from .crossing import Arrived


class PostgresReceiver:
    """See :class:`tests.destinations.crossing.Receiver`. A batch is one transaction, and none is made twice.

    Args:
        programs: The folder of ``initdb`` and ``pg_ctl``.
    """

    name = "PostgreSQL"
    interruption = "SIGKILL"

    def __init__(self, programs: Path) -> None:
        self._stack = contextlib.ExitStack()
        self._server: Postgres = self._stack.enter_context(running_postgres(programs))
        self._server.stop()
        self.environment = {"OTEL_LOGS_EXPORTER": "logcapy_postgres", "LOGCAPY_POSTGRES_DSN": self._server.dsn}

    def __enter__(self) -> PostgresReceiver:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def start(self) -> None:
        self._server.start()

    def kill(self) -> None:
        self._server.kill()

    def arrived(self) -> Iterable[Arrived]:
        rows = self._server.rows("SELECT trace_id, body FROM logcapy_logs WHERE trace_id IS NOT NULL")
        return (Arrived(row["trace_id"], row["body"]) for row in rows)
