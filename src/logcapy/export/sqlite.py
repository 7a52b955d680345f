"""Records in an SQLite database: one table, which anybody can ask by SQL."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from logcapy import environment
from logcapy.config.destinations.sqlite import SqliteConfig
from logcapy.exporter import PayloadExporter
from logcapy.types import Broken, Delivered, Outcome, Payload, Record, Rejected, Retry

from ._rows import encode_rows, rows_of, split_rows
from ._sqlite_table import is_passing, store
from ._write_failure import write_failure

_LOCK_PAUSE_SECONDS = 0.01
#: How often old records are looked for.
_TIDY_SECONDS = 60.0

#: SQLite's state does not cross a fork: nothing may be open at that moment. What is waited for is one transaction.
_open = threading.Lock()
os.register_at_fork(before=_open.acquire, after_in_parent=_open.release, after_in_child=_open.release)


class SqliteLogRecordExporter(PayloadExporter):
    """Stores log records in an SQLite database. Each batch is one transaction.

    Args:
        config: Where, and how long. Default: what ``LOGCAPY_SQLITE_*`` say.
        **fields: Fields of :class:`SqliteConfig`, which win over the variables.

    Raises:
        ConfigError: A setting cannot be used.
    """

    name = "sqlite"

    def __init__(self, config: SqliteConfig | None = None, **fields: Any) -> None:
        self._config = config or environment.destination_config(SqliteConfig, fields)
        super().__init__(self._config.timeout / 1000)
        self.destination = f"sqlite:{self._config.path}"
        self._path = Path(self._config.path)
        self._tidy_time = 0.0

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._config.path!r})"

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        """Rows in JSON, one a line, of 4 MiB at most."""
        return encode_rows(records)

    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:
        """Two payloads with the rows of one."""
        return split_rows(body)

    def send(self, payload: Payload, deadline: float) -> Outcome:
        """Store the rows; another process that writes is waited for."""
        try:
            rows = rows_of(payload.body)
        except ValueError:
            return Rejected(len(payload.records), f"{self.destination}: no rows")
        deadline = min(deadline, time.monotonic() + self.timeout_seconds)
        while True:
            outcome = self._store(rows)
            if not isinstance(outcome, Retry) or "locked" not in outcome.reason or time.monotonic() >= deadline:
                return outcome
            time.sleep(_LOCK_PAUSE_SECONDS)

    def _store(self, rows: list[tuple[Any, ...]]) -> Outcome:
        is_time = self._config.keep_age is not None and time.monotonic() >= self._tidy_time
        oldest = time.time_ns() - int(self._config.keep_age * 1e6) if is_time and self._config.keep_age else None
        try:
            with _open:
                store(self._path, rows, self._config.keep_bytes, oldest)
        except sqlite3.Error as error:
            reason = f"{self.destination}: {error}"
            return Retry(reason) if is_passing(error) else Broken(reason)
        except OSError as error:
            return write_failure(self.destination, error)
        if is_time:
            self._tidy_time = time.monotonic() + _TIDY_SECONDS
        return Delivered()
