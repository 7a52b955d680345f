"""What is special about the records of a tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar

from logcapy._value import Value

from .checks import require, require_count
from .redaction import RedactionConfig
from .setting import Setting


class Tenant(Value, kw_only=True):
    """What is special about the records of a tenant. Where they go is a :class:`logcapy.Route`.

    Args:
        redaction: The rules for its records, instead of those for all.
        records_per_second: How many of its records are taken in a second; the rest is dropped (``tenant_quota``).

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    redaction: RedactionConfig | None = None
    records_per_second: int | None = None

    def __post_init__(self) -> None:
        holds = self.redaction is None or isinstance(self.redaction, RedactionConfig)
        require("redaction", self.redaction, holds, "a RedactionConfig")
        if self.records_per_second is not None:
            require_count("records_per_second", self.records_per_second)


class TenancyConfig(Value):
    """Whose records these are.

    Args:
        tenant_key: The attribute that names a record's tenant: its own, else what is bound around it
            (``logcapy.context``), else its resource's. ``LOGCAPY_TENANT_KEY``.
        tenants: What is special about some of them, by name. In code only.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        Setting("tenant_key", ("LOGCAPY_TENANT_KEY",), str, "the name of an attribute"),
        Setting("tenants", (), str, "a mapping of names to Tenant"),
    )

    tenant_key: str = "tenant.id"
    tenants: Mapping[str, Tenant] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require("tenant_key", self.tenant_key, bool(self.tenant_key), "the name of an attribute")
        holds = all(isinstance(one, Tenant) for one in dict(self.tenants).values())
        require("tenants", self.tenants, holds, "a mapping of names to Tenant")
