"""Where an SQLite database of records is, and how long they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from logcapy.config.setting import COUNT, MILLISECONDS, Setting, require, require_count, require_milliseconds

from .base import DestinationConfig, row


@dataclass(frozen=True, kw_only=True)
class SqliteConfig(DestinationConfig):
    """Where the database is, and how long records are kept. Each field is the variable ``LOGCAPY_SQLITE_<FIELD>``.

    Args:
        path: Of the database. Its folder is made, if need be; several processes may write to one.
        timeout: Milliseconds to wait for another process that writes.
        keep_age: Milliseconds after which a record is deleted; None for never.
        keep_bytes: The most bytes that records may have: beyond it the oldest are deleted, and their room used again.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        row("SQLITE", "path", str, "the path of a database"),
        row("SQLITE", "timeout", float, MILLISECONDS),
        row("SQLITE", "keep_age", float, MILLISECONDS),
        row("SQLITE", "keep_bytes", int, COUNT),
    )

    path: str = ""
    timeout: float = 10000
    keep_age: float | None = None
    keep_bytes: int = 1024 * 1024 * 1024

    def __post_init__(self) -> None:
        require("path", self.path, bool(self.path) and not self.path.endswith("/"), "the path of a database")
        require_milliseconds("timeout", self.timeout)
        require("keep_age", self.keep_age, self.keep_age is None or self.keep_age > 0, MILLISECONDS)
        require_count("keep_bytes", self.keep_bytes)
