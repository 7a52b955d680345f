"""How Loki is reached, and what becomes a label there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

from logcapy.config.setting import Setting, names, require, require_names, require_strings
from logcapy.errors import ConfigError

from .base import HttpDestinationConfig, http_rows, row

FORMATS = ("json", "protobuf", "otlp")
#: What differs from record to record makes a stream of each record, which is what brings a Loki down.
#: Source: https://grafana.com/docs/loki/latest/get-started/labels/bp-labels/
_UNBOUNDED = ("trace_id", "span_id", "log.record.uid", "http.request.header.x-request-id", "user.id", "session.id")
_FEW_VALUES = (
    "attributes with few values, as each is a stream of its own; this one is in the structured metadata anyway"
)
_MOST_LABELS = 15


@dataclass(frozen=True, kw_only=True)
class LokiConfig(HttpDestinationConfig):
    """How Loki is reached, and what becomes a label there. Each field is the variable ``LOGCAPY_LOKI_<FIELD>``.

    Args:
        endpoint: Where Loki is, without the path: ``https://logs.example.org``.
        format: ``json`` (compressed by gzip) or ``protobuf`` (in snappy's frame, not compressed) for Loki's own API;
            ``otlp`` (compressed by gzip) for its OTLP endpoint, where Loki's configuration chooses the labels.
        labels: The attributes, of a record or its resource, that become labels; also ``severity`` and ``scope``. All
            else becomes structured metadata. Not with ``otlp``.
        tenant: The tenant of every record that has none of its own; none for a Loki without tenants.
        tenant_key: The attribute, of a record or its resource, that names the tenant.
        username: For basic authentication, which a proxy or Grafana Cloud asks for.
        password: The same. Never shown.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        row("LOKI", "endpoint", str, "a URL that begins with http:// or https://"),
        row("LOKI", "format", str.lower, f"one of {', '.join(FORMATS)}"),
        row("LOKI", "labels", names, "names of attributes, with commas between"),
        row("LOKI", "tenant", str, "a tenant's name"),
        row("LOKI", "tenant_key", str, "the name of an attribute"),
        row("LOKI", "username", str, "a name"),
        row("LOKI", "password", str, "a password or token", secret=True),
        *http_rows("LOKI"),
    )

    endpoint: str = "http://localhost:3100"
    format: str = "json"
    labels: tuple[str, ...] = ("service.name", "service.namespace", "deployment.environment.name")
    tenant: str | None = None
    tenant_key: str = "tenant.id"
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_names("format", (self.format,), FORMATS)
        require_strings("labels", self.labels)
        most = f"at most {_MOST_LABELS}, which is what Loki takes"
        require("labels", self.labels, len(self.labels) <= _MOST_LABELS, most)
        for name in self.labels:
            if name in _UNBOUNDED:
                raise ConfigError("labels", name, _FEW_VALUES)
        are_ours = self.format != "otlp" or self.labels == LokiConfig.labels
        require("labels", self.labels, are_ours, "none with format=otlp: Loki's own otlp_config chooses them there")
        require("tenant_key", self.tenant_key, bool(self.tenant_key), "the name of an attribute")
        require("tenant", self.tenant, self.tenant is None or is_tenant(self.tenant), TENANTS)
        require("password", "[REDACTED]", bool(self.password) <= bool(self.username), "set username too")


#: Source: https://grafana.com/docs/loki/latest/operations/multi-tenancy/
TENANTS = "1 to 150 letters, digits and any of !-_.*'(), but not . or .."
_TENANT = re.compile(r"[A-Za-z0-9!\-_.*'()]{1,150}")


def is_tenant(text: str) -> bool:
    """Whether Loki takes a text as the name of a tenant."""
    return bool(_TENANT.fullmatch(text)) and text not in (".", "..")
