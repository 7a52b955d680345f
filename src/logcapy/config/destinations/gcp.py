"""Where Google Cloud Logging takes entries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from logcapy.config.setting import MILLISECONDS, Setting, headers, require, require_milliseconds

from .base import DestinationConfig, row

#: Source: https://cloud.google.com/logging/quotas
_MOST_LABELS = 64


@dataclass(frozen=True, kw_only=True)
class GcpConfig(DestinationConfig):
    """Where Google Cloud Logging takes entries. Each field is the variable ``LOGCAPY_GCP_<FIELD>``.

    Credentials are the Application Default Credentials of Google's libraries.

    Args:
        project: The id of the project that logs and traces are in, else ``GOOGLE_CLOUD_PROJECT``.
        log: The name of the log.
        labels: Of every entry, at most 64.
        endpoint: ``https://host[:port]`` of a private or regional endpoint. One with ``http://`` gets neither TLS nor
            credentials: it is a proxy on this machine that adds them.
        timeout: Milliseconds that one request may take.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        row("GCP", "project", str, "the id of a project", also=("GOOGLE_CLOUD_PROJECT",)),
        row("GCP", "log", str, "the name of a log"),
        row("GCP", "labels", headers, "name=value, with commas between"),
        row("GCP", "endpoint", str, "a URL that begins with http:// or https://"),
        row("GCP", "timeout", float, MILLISECONDS),
    )

    project: str = ""
    log: str = "python"
    labels: Mapping[str, str] = field(default_factory=dict)
    endpoint: str = "https://logging.googleapis.com"
    timeout: float = 10000

    def __post_init__(self) -> None:
        project = re.fullmatch(r"[a-z0-9][a-z0-9.:-]{2,}", str(self.project))
        require("project", self.project, bool(project), "the id of a Google Cloud project")
        # Source: https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#FIELDS.log_name
        named = re.fullmatch(r"[A-Za-z0-9/_.-]{1,511}", str(self.log))
        require("log", self.log, bool(named), "1 to 511 letters, digits, slashes, underscores, hyphens and periods")
        require("labels", sorted(self.labels), len(self.labels) <= _MOST_LABELS, f"at most {_MOST_LABELS} labels")
        url = re.fullmatch(r"https?://[^/@\s]+/?", str(self.endpoint))
        require("endpoint", self.endpoint, bool(url), "http:// or https://, a host, and perhaps a port")
        require_milliseconds("timeout", self.timeout)
