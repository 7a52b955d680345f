"""The table of records in an SQLite database.

Source: https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ._rows import COLUMNS

_CREATE = (
    """CREATE TABLE IF NOT EXISTS logs (
        id TEXT PRIMARY KEY, time INTEGER NOT NULL, severity_number INTEGER NOT NULL, severity TEXT NOT NULL,
        service TEXT NOT NULL, logger TEXT NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL,
        trace_id TEXT, span_id TEXT, attributes TEXT NOT NULL, resource TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS logs_time ON logs (time)",
    "CREATE INDEX IF NOT EXISTS logs_trace_id ON logs (trace_id) WHERE trace_id IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS logs_severity ON logs (severity_number, time)",
)
_INSERT = f"INSERT OR IGNORE INTO logs ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - our own words


def store(path: Path, rows: Sequence[tuple[Any, ...]], keep_bytes: int, oldest: int | None) -> None:
    """Store rows and delete what is kept no longer, in one transaction. Rows that are there are left as they are.

    Args:
        path: Of the database; it is made, for its owner alone, if it is not there.
        rows: Values of :data:`COLUMNS`.
        keep_bytes: The most bytes that the database may hold: the oldest rows are deleted.
        oldest: Nanoseconds since the epoch; earlier rows are deleted. None for none.

    Raises:
        sqlite3.Error: It could not; nothing has changed.
        OSError: The file cannot be made.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(
            os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        )  # what SQLite makes beside it has its mode
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        with _transaction(connection):
            for statement in _CREATE:
                connection.execute(statement)
            connection.executemany(_INSERT, rows)
            if oldest is not None:
                connection.execute("DELETE FROM logs WHERE time < ?", (oldest,))
            _shrink(connection, keep_bytes)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # some errors have ended it already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _shrink(connection: sqlite3.Connection, keep_bytes: int) -> None:
    """Delete the oldest tenth of the rows until what is left has room. The file keeps its size, and uses it again."""
    while _used_bytes(connection) > keep_bytes:
        first, last = connection.execute("SELECT min(rowid), max(rowid) FROM logs").fetchone()
        if first is None:
            return
        connection.execute("DELETE FROM logs WHERE rowid <= ?", (first + (last - first) // 10,))


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def is_passing(error: sqlite3.Error) -> bool:
    """Whether room or time may mend it. Source: https://www.sqlite.org/c3ref/errcode.html; the texts are of SQLite."""
    return any(word in str(error) for word in ("locked", "full", "disk I/O", "busy"))
