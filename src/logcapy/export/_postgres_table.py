"""The table of records in a PostgreSQL database. Imported where psycopg is installed.

Sources: https://www.postgresql.org/docs/current/sql-copy.html, .../sql-insert.html#SQL-ON-CONFLICT
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from psycopg import Connection, sql

from ._rows import COLUMNS

#: By an id that is not sent twice: a batch whose answer was lost is sent again, and stored once.
_CREATE = """
CREATE TABLE IF NOT EXISTS {table} (
    id text PRIMARY KEY, time timestamptz NOT NULL, severity_number smallint NOT NULL, severity text NOT NULL,
    service text NOT NULL, logger text NOT NULL, event text NOT NULL, body text NOT NULL,
    trace_id text, span_id text, attributes jsonb NOT NULL, resource jsonb NOT NULL);
CREATE INDEX IF NOT EXISTS {by_time} ON {table} (time);
CREATE INDEX IF NOT EXISTS {by_trace} ON {table} (trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS {by_severity} ON {table} (severity_number, time)
"""
_STAGE = "CREATE TEMPORARY TABLE logcapy_batch (LIKE {table}) ON COMMIT DROP"
_COPY = "COPY logcapy_batch ({columns}) FROM STDIN"
_INSERT = """
INSERT INTO {table} ({columns}) SELECT {columns} FROM pg_temp.logcapy_batch ON CONFLICT (id) DO NOTHING
"""
#: In steps that take no time to speak of; of several processes one does it.
_DELETE = """
DELETE FROM {table} WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM {table} WHERE time < now() - make_interval(secs => %s) LIMIT 10000))
"""
#: Any number that others hardly take.
_LOCK = 0x106CA9


class PostgresTable:
    """The statements for one table.

    Args:
        name: Of the table, perhaps with its schema and a dot before.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        table = sql.Identifier(*name.split("."))
        columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
        *_, own_name = name.split(".")
        parts: dict[str, sql.Composable] = {"table": table, "columns": columns}
        parts |= {f"by_{index}": sql.Identifier(f"{own_name}_{index}") for index in ("time", "trace", "severity")}
        self._create, self._stage, self._copy, self._insert, self._delete = (
            sql.SQL(statement).format(**parts) for statement in (_CREATE, _STAGE, _COPY, _INSERT, _DELETE)
        )

    def create(self, connection: Connection[Any]) -> None:
        """Make the table if it is not there. To ask first needs no right to make it; of several processes one does."""
        found = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (self._name,)).fetchone()
        if found and found[0]:
            return
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            connection.execute(self._create)

    def store(self, connection: Connection[Any], rows: Sequence[tuple[Any, ...]]) -> None:
        """Store rows in one transaction; those that are there are left as they are."""
        with connection.transaction():
            connection.execute(self._stage)
            with connection.cursor().copy(self._copy) as copy:
                for identifier, nanoseconds, *others in rows:
                    copy.write_row((identifier, _moment(nanoseconds), *others))
            connection.execute(self._insert)

    def delete_old(self, connection: Connection[Any], keep_seconds: float) -> bool:
        """Delete some of the rows that are older; False where there may be more."""
        with connection.transaction():
            mine = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,)).fetchone()
            return not (mine and mine[0]) or connection.execute(self._delete, (keep_seconds,)).rowcount < 10_000


def _moment(nanoseconds: int) -> str:
    """With microseconds, which is what PostgreSQL keeps; rounding could change the order."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"
