"""Records in a PostgreSQL database: one table, which anybody can ask by SQL."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from logcapy import environment
from logcapy._forking import call_in_child
from logcapy._guard import say
from logcapy.config.destinations.postgres import PostgresConfig
from logcapy.errors import ConfigError
from logcapy.exporter import PayloadExporter
from logcapy.types import Delivered, Outcome, Payload, Record, Rejected

from ._postgres_failure import failure
from ._reason import Reasons
from ._rows import encode_rows, rows_of, split_rows

if TYPE_CHECKING:
    from psycopg import Connection

#: How often old records are looked for.
_TIDY_SECONDS = 60.0
#: In a forked child: to end its parent's connection would end it for the parent as well.
_of_the_parent: list[Any] = []


class PostgresLogRecordExporter(PayloadExporter):
    """Stores log records in a table of PostgreSQL. Needs ``logcapy[postgres]``. Each batch is one transaction.

    Args:
        config: Where, and how long. Default: what ``LOGCAPY_POSTGRES_*`` say.
        **fields: Fields of :class:`PostgresConfig`, which win over the variables.

    Raises:
        ConfigError: A setting cannot be used.
    """

    name = "postgres"

    def __init__(self, config: PostgresConfig | None = None, **fields: Any) -> None:
        self._config = config or environment.destination_config(PostgresConfig, fields)
        super().__init__(self._config.timeout / 1000)
        try:
            import psycopg
            from psycopg.conninfo import conninfo_to_dict

            from ._postgres_table import PostgresTable
        except ImportError:
            raise ConfigError("postgres", "psycopg", "install it: pip install 'logcapy[postgres]'") from None
        try:
            options = conninfo_to_dict(self._config.dsn)
        except psycopg.Error:
            raise ConfigError("dsn", "[REDACTED]", "postgresql://user:password@host:port/database") from None
        place = f"{options.get('host') or ''}{':' if options.get('port') else ''}{options.get('port') or ''}"
        self.destination = f"postgresql://{place}/{options.get('dbname') or ''}"
        self._reasons = Reasons(self.destination, [str(options[name]) for name in options if "password" in name])
        self._table = PostgresTable(self._config.table)
        self._connection: Connection[Any] | None = None
        self._tidy_time = 0.0
        call_in_child(self._forget_connection)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.destination!r})"

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        """Rows in JSON, one a line, of 4 MiB at most."""
        return encode_rows(records)

    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:
        """Two payloads with the rows of one."""
        return split_rows(body)

    def send(self, payload: Payload, deadline: float) -> Outcome:
        """Store the rows in one transaction; those that are there already are not stored again."""
        from psycopg import Error

        try:
            rows = rows_of(payload.body)
        except ValueError:
            return Rejected(len(payload.records), f"{self.destination}: no rows")
        deadline = min(deadline, time.monotonic() + self.timeout_seconds)
        try:
            connection = self._connection or self._connect(deadline)
            with _cut_off_at(deadline, connection):
                self._table.store(connection, rows)
        except Error as error:
            connecting = self._connection is None
            self._close()
            return failure(self._reason(error), error.sqlstate, len(rows), connecting=connecting)
        self._tidy(connection, deadline)
        return Delivered()

    def shutdown(self) -> None:
        """End, and close the connection."""
        super().shutdown()
        self._close()

    def _connect(self, deadline: float) -> Connection[Any]:
        import psycopg

        seconds = max(1, int(deadline - time.monotonic()))
        connection = psycopg.connect(
            self._config.dsn,
            autocommit=True,
            prepare_threshold=None,  # proxies that share connections know nothing of prepared statements
            connect_timeout=seconds,
            client_encoding="utf-8",
            fallback_application_name="logcapy",
        )
        self._connection = connection
        with _cut_off_at(deadline, connection):
            self._table.create(connection)
        return connection

    def _tidy(self, connection: Connection[Any], deadline: float) -> None:
        """Delete what is kept no longer. A failure costs nothing but room, and is told."""
        from psycopg import Error

        if self._config.keep_age is None or time.monotonic() < self._tidy_time:
            return
        self._tidy_time = time.monotonic() + _TIDY_SECONDS
        try:
            with _cut_off_at(deadline, connection):
                if not self._table.delete_old(connection, self._config.keep_age / 1000):
                    self._tidy_time = 0.0
        except Error as error:
            self._close()
            say("postgres:tidy", f"old records could not be deleted: {self._reason(error)}")

    def _reason(self, error: Exception) -> str:
        return self._reasons.reason(type(error).__name__, str(error))

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _forget_connection(self) -> None:
        if self._connection is not None:
            _of_the_parent.append(self._connection)
            self._connection = None


@contextlib.contextmanager
def _cut_off_at(deadline: float, connection: Connection[Any]) -> Iterator[None]:
    """Cut the connection at the deadline: a server that hangs does not keep a timeout of its own."""
    with socket.socket(fileno=os.dup(connection.fileno())) as end:
        timer = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, (end,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def _cut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
