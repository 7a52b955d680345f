"""Where Datadog takes logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from logcapy.config.setting import Setting, require

from .base import HttpDestinationConfig, http_rows, row


@dataclass(frozen=True, kw_only=True)
class DatadogConfig(HttpDestinationConfig):
    """Where Datadog takes logs. Each field is the variable ``LOGCAPY_DATADOG_<FIELD>``, else Datadog's own.

    Args:
        api_key: An API key (not an application key), else ``DD_API_KEY``. Never shown.
        site: Of the account, ``datadoghq.eu`` for one, else ``DD_SITE``.
        endpoint: The full URL, instead of the site's.
        service: The service of records whose resource names none, else ``DD_SERVICE``.
        env: The environment of records whose resource names none, else ``DD_ENV``.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        *http_rows("DATADOG"),
        row("DATADOG", "api_key", str, "an API key of Datadog", also=("DD_API_KEY",), secret=True),
        row("DATADOG", "site", str, "a site of Datadog, datadoghq.com for one", also=("DD_SITE",)),
        row("DATADOG", "endpoint", str, "a URL that begins with http:// or https://"),
        row("DATADOG", "service", str, "the name of a service", also=("DD_SERVICE",)),
        row("DATADOG", "env", str, "the name of an environment", also=("DD_ENV",)),
    )

    api_key: str = field(default="", repr=False)
    site: str = "datadoghq.com"
    endpoint: str | None = None
    service: str | None = None
    env: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require("api_key", "", bool(self.api_key), "an API key of Datadog")
        plain = self.site.replace(".", "").replace("-", "").isalnum()
        require("site", self.site, plain, "a site of Datadog, datadoghq.com for one")

    @property
    def url(self) -> str:
        """Where requests go."""
        return self.endpoint or f"https://http-intake.logs.{self.site}/api/v2/logs"
