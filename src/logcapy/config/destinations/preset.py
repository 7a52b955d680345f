"""Vendors that take OTLP: where, with which header, and up to which size."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import urlsplit

from logcapy.config.otlp import OtlpConfig
from logcapy.config.setting import Setting, require, require_names
from logcapy.errors import ConfigError

from .base import DestinationConfig, row

#: A vendor whose limit is 1 MB, or whose events may have no more.
_ONE_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Preset:
    """How one vendor takes OTLP.

    Args:
        variables: The vendor's own variables for the key, read where LogCapy's is not set.
        host: Where the vendor listens; None where each account has a host of its own.
        path: After the host.
        headers: Made of the key.
        max_bytes: The most bytes of a request; None for OTLP's usual limit.
    """

    variables: tuple[str, ...]
    host: str | None
    path: str
    headers: Callable[[str], Mapping[str, str]]
    max_bytes: int | None = None


def _basic(key: str) -> Mapping[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(key.encode()).decode()}"}


def _header(name: str, before: str = "") -> Callable[[str], Mapping[str, str]]:
    return lambda key: {name: f"{before}{key}"}


#: Source: each vendor's documentation of its OTLP endpoint. The limits: New Relic's "OTLP best practices" has 1 MB a
#: request; Honeycomb has 1 MB an event (release notes of its refinery 2.9.2).
PRESETS: Mapping[str, Preset] = {
    "better_stack": Preset((), None, "/v1/logs", _header("Authorization", "Bearer ")),
    "dash0": Preset((), None, "/v1/logs", _header("Authorization", "Bearer ")),
    "datadog": Preset(("DD_API_KEY",), "otlp.datadoghq.com", "/v1/logs", _header("dd-api-key")),
    "dynatrace": Preset((), None, "/api/v2/otlp/v1/logs", _header("Authorization", "Api-Token ")),
    "elastic": Preset((), None, "/v1/logs", _header("Authorization", "ApiKey ")),
    "grafana_cloud": Preset((), None, "/otlp/v1/logs", _basic),
    "honeycomb": Preset(("HONEYCOMB_API_KEY",), "api.honeycomb.io", "/v1/logs", _header("x-honeycomb-team"), _ONE_MB),
    "newrelic": Preset(("NEW_RELIC_LICENSE_KEY",), "otlp.nr-data.net", "/v1/logs", _header("api-key"), _ONE_MB),
    "sentry": Preset(("SENTRY_DSN",), "", "", _header("x-sentry-auth", "sentry sentry_key=")),
}


@dataclass(frozen=True, kw_only=True)
class PresetConfig(DestinationConfig):
    """A vendor that takes OTLP. The fields are ``LOGCAPY_PRESET``, ``LOGCAPY_PRESET_KEY`` and ``LOGCAPY_PRESET_HOST``.

    Args:
        preset: The vendor, one of :data:`PRESETS`.
        key: By which the vendor knows the account; for Grafana Cloud ``instance:token``, for Sentry a DSN. Never shown.
        host: Where the vendor listens for this account, ``api.eu1.honeycomb.io`` for one; with a scheme for a proxy.

    Raises:
        ConfigError: A field has a value that cannot be used, or this vendor needs it.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        Setting("preset", ("LOGCAPY_PRESET",), str.lower, f"one of {', '.join(PRESETS)}"),
        row("PRESET", "key", str, "the vendor's key; for grafana_cloud instance:token, for sentry a DSN", secret=True),
        row("PRESET", "host", str, "the account's host at this vendor"),
    )

    preset: str
    key: str = field(default="", repr=False)
    host: str | None = None

    def __post_init__(self) -> None:
        require_names("preset", (self.preset,), tuple(PRESETS))
        require("key", "", bool(self.key), "the vendor's key")
        require("host", self.host, bool(self.host) or PRESETS[self.preset].host is not None, "the account's host")
        if self.preset == "sentry":
            _dsn(self.key)

    def otlp(self) -> OtlpConfig:
        """The same as a configuration of OTLP."""
        preset = PRESETS[self.preset]
        key, host, path = self.key, self.host or preset.host or "", preset.path
        if self.preset == "sentry":
            key, own_host, path = _dsn(self.key)
            host = self.host or own_host
        base = host if "://" in host else f"https://{host}"
        return OtlpConfig(
            endpoint=base.rstrip("/") + path,
            headers=preset.headers(key),
            compression="gzip",
            max_bytes=preset.max_bytes,
        )


def _dsn(dsn: str) -> tuple[str, str, str]:
    """Public key, host and path of ``https://key@host/project``."""
    parts = urlsplit(dsn)
    project = parts.path.strip("/")
    if not parts.username or not parts.hostname or not project.isdigit():
        raise ConfigError("key", "[REDACTED]", "a DSN of Sentry, https://key@host/project")
    return parts.username, parts.netloc.rpartition("@")[2], f"/api/{project}/integration/otlp/v1/logs"
