"""Where files of records are, and how long they are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from logcapy.config import setting
from logcapy.config.setting import COUNT, MILLISECONDS, Setting, require, require_count

from .base import DestinationConfig, row


@dataclass(frozen=True, kw_only=True)
class FileConfig(DestinationConfig):
    """Where files of records are, and how long they are kept. Each field is the variable ``LOGCAPY_FILE_<FIELD>``.

    Args:
        path: Of the file that is written to. Its folder is made, if need be; several processes may write to one.
        max_bytes: A file that is larger is closed, and a new one begun.
        max_age: Milliseconds after which a file is closed that has anything in it; None for no such limit.
        compress: Whether closed files are compressed by gzip.
        keep_bytes: The most bytes that closed files may have together: the oldest are deleted.
        keep_age: Milliseconds after which a closed file is deleted; None for never.
        archive: ``s3://bucket/prefix``, where closed files are put, and then deleted here; None for nowhere.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        row("FILE", "path", str, "the path of a file"),
        row("FILE", "max_bytes", int, COUNT),
        row("FILE", "max_age", float, MILLISECONDS),
        row("FILE", "compress", setting.boolean, "true or false"),
        row("FILE", "keep_bytes", int, COUNT),
        row("FILE", "keep_age", float, MILLISECONDS),
        row("FILE", "archive", str, "s3://bucket/prefix"),
    )

    path: str = ""
    max_bytes: int = 64 * 1024 * 1024
    max_age: float | None = None
    compress: bool = True
    keep_bytes: int = 1024 * 1024 * 1024
    keep_age: float | None = None
    archive: str | None = None

    def __post_init__(self) -> None:
        require("path", self.path, bool(self.path) and not self.path.endswith("/"), "the path of a file")
        require_count("max_bytes", self.max_bytes)
        require_count("keep_bytes", self.keep_bytes)
        for name in ("max_age", "keep_age"):
            value = getattr(self, name)
            require(name, value, value is None or value > 0, MILLISECONDS)
        # Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
        url = self.archive is None or re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^?#]*)?", self.archive)
        require("archive", self.archive, bool(url), "s3://bucket/prefix")
