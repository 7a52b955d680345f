"""How PostgreSQL is reached, and how long records are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

from logcapy.config.setting import MILLISECONDS, Setting, require, require_milliseconds

from .base import DestinationConfig, row

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,50}(\.[a-z_][a-z0-9_]{0,50})?")


@dataclass(frozen=True, kw_only=True)
class PostgresConfig(DestinationConfig):
    """How PostgreSQL is reached. Each field is the variable ``LOGCAPY_POSTGRES_<FIELD>``.

    Args:
        dsn: ``postgresql://user:password@host:port/database``, or ``host=… dbname=…``; what it leaves out is what
            PostgreSQL's own variables say (``PGHOST``, ``PGPASSWORD``, a service file …). Never shown.
        table: Where records go, perhaps with its schema: ``logs.records``. Made if it is not there.
        timeout: Milliseconds that storing one batch may take.
        keep_age: Milliseconds after which a record is deleted; None for never.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        row("POSTGRES", "dsn", str, "postgresql://user:password@host:port/database", secret=True),
        row("POSTGRES", "table", str, "the name of a table"),
        row("POSTGRES", "timeout", float, MILLISECONDS),
        row("POSTGRES", "keep_age", float, MILLISECONDS),
    )

    dsn: str = field(default="", repr=False)
    table: str = "logcapy_logs"
    timeout: float = 10000
    keep_age: float | None = None

    def __post_init__(self) -> None:
        holds = bool(_NAME.fullmatch(str(self.table)))
        require(
            "table", self.table, holds, "lower-case letters, digits and underscores, perhaps a schema and a dot before"
        )
        require_milliseconds("timeout", self.timeout)
        require("keep_age", self.keep_age, self.keep_age is None or self.keep_age > 0, MILLISECONDS)
