"""Where Splunk's HTTP Event Collector is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from logcapy.config import setting
from logcapy.config.setting import Setting, require

from .base import HttpDestinationConfig, http_rows, row

_URL = "a URL of Splunk's HTTP Event Collector, https://splunk.example:8088"


@dataclass(frozen=True, kw_only=True)
class SplunkConfig(HttpDestinationConfig):
    """Where Splunk's HTTP Event Collector is. Each field is the variable ``LOGCAPY_SPLUNK_<FIELD>``.

    Args:
        endpoint: ``https://host:8088``; with a path after it where that is not ``/services/collector``.
        token: Of the collector. Never shown.
        index: Where events go, instead of the token's index.
        source: Of the events, instead of the token's.
        sourcetype: Of the events, instead of the token's.
        acknowledge: Whether a payload counts as delivered only once the indexer has acknowledged it. The token must
            have acknowledgement switched on; Splunk Cloud has none.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        *http_rows("SPLUNK"),
        row("SPLUNK", "endpoint", str, _URL),
        row("SPLUNK", "token", str, "a token of the HTTP Event Collector", secret=True),
        row("SPLUNK", "index", str, "the name of an index"),
        row("SPLUNK", "source", str, "the name of a source"),
        row("SPLUNK", "sourcetype", str, "the name of a source type"),
        row("SPLUNK", "acknowledge", setting.boolean, "true or false"),
    )

    endpoint: str = ""
    token: str = field(default="", repr=False)
    index: str | None = None
    source: str | None = None
    sourcetype: str | None = None
    acknowledge: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        shown = "[REDACTED]" if "@" in self.endpoint else self.endpoint
        require("endpoint", shown, self.endpoint.startswith(("http://", "https://")), _URL)
        require("token", "", bool(self.token), "a token of the HTTP Event Collector")

    @property
    def url(self) -> str:
        """The collector, without a slash at its end."""
        base = self.endpoint.rstrip("/")
        return base if "/" in base.partition("://")[2] else f"{base}/services/collector"
