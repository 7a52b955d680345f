"""Where Azure Monitor takes telemetry."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

from logcapy.config.setting import MILLISECONDS, Setting, require, require_milliseconds

from .base import DestinationConfig, row

_ALLOWED = "the connection string of an Application Insights resource, InstrumentationKey=…;IngestionEndpoint=https://…"
_KEY = re.compile(r"(^|;)InstrumentationKey=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(;|$)", re.I)


@dataclass(frozen=True, kw_only=True)
class AzureConfig(DestinationConfig):
    """Where Azure Monitor takes telemetry. Each field is the variable ``LOGCAPY_AZURE_<FIELD>``.

    Args:
        connection_string: Of an Application Insights resource, else ``APPLICATIONINSIGHTS_CONNECTION_STRING``. Never
            shown.
        timeout: Milliseconds that one request may take.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        row(
            *("AZURE", "connection_string", str, _ALLOWED),
            also=("APPLICATIONINSIGHTS_CONNECTION_STRING",),
            secret=True,
        ),
        row("AZURE", "timeout", float, MILLISECONDS),
    )

    connection_string: str = field(default="", repr=False)
    timeout: float = 10000

    def __post_init__(self) -> None:
        require("connection_string", "", bool(_KEY.search(self.connection_string)), _ALLOWED)
        require_milliseconds("timeout", self.timeout)
