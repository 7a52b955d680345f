"""What LogCapy does with a record: what is added to it, what is special about a tenant's, and all the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from ipaddress import ip_network
from typing import Any, ClassVar

from logcapy._value import Value
from logcapy.errors import ConfigError

from . import setting
from .delivery import DeliveryConfig
from .redaction import RedactionConfig
from .sampling import SEVERITIES, SamplingConfig
from .setting import Setting, require, require_count, require_names, require_strings


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


#: LogCapy's own; other packages may register further ones.
ENRICHERS = ("context", "request", "baggage", "thread", "task", "runtime")
DEFAULT_ENRICHERS = ("context", "request")
_ALLOWED = f"off, or any of {', '.join(ENRICHERS)}; baggage with LOGCAPY_BAGGAGE_KEYS"


class EnrichmentConfig(Value):
    """What is added to records. Each field is the variable ``LOGCAPY_<FIELD>``.

    Args:
        enrich: What is added to each record, of ``context``, ``request``, ``baggage``, ``thread``, ``task``,
            ``runtime``, and what other packages have registered as ``logcapy.processors``; ``()`` for nothing.
        baggage_keys: The entries of the baggage that ``baggage`` adds.
        runtime_severity: The least severity of the records that ``runtime`` adds to.
        user_hash_key: With it, ``user.id`` is a token (HMAC-SHA-256, 64 bits), the same for the same user, and Django's
            session has one too, ``session.id``. Never shown.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        Setting("enrich", ("LOGCAPY_ENRICH",), setting.names, _ALLOWED),
        Setting("baggage_keys", ("LOGCAPY_BAGGAGE_KEYS",), setting.names, "names, with commas between"),
        Setting("runtime_severity", ("LOGCAPY_RUNTIME_SEVERITY",), str.lower, f"one of {', '.join(SEVERITIES)}"),
        Setting("user_hash_key", ("LOGCAPY_USER_HASH_KEY",), str, "a text that is hard to guess", secret=True),
    )

    enrich: tuple[str, ...] = DEFAULT_ENRICHERS
    baggage_keys: tuple[str, ...] = ()
    runtime_severity: str = "warn"
    user_hash_key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        require_strings("enrich", self.enrich)
        require_strings("baggage_keys", self.baggage_keys)
        needs_keys = "baggage" in self.enrich and not self.baggage_keys
        require("enrich", self.enrich, not needs_keys, "baggage only with baggage_keys, the entries that may be added")
        require_names("runtime_severity", (self.runtime_severity.lower(),), tuple(SEVERITIES))
        require("user_hash_key", "[REDACTED]", self.user_hash_key != "", "a text that is hard to guess")


EXCEPTION_REPEATS = ("reference", "drop")
EXCEPTION_SIGNALS = ("logs", "logs/dup")


class LogCapyConfig(RedactionConfig, EnrichmentConfig, SamplingConfig, TenancyConfig, DeliveryConfig, kw_only=True):
    """What LogCapy does with a record. Each field is the variable ``LOGCAPY_<FIELD>``.

    Args:
        enabled: False leaves everything as it is without LogCapy.
        exception_repeats: What becomes of a record whose exception an earlier record has told in full:
            ``reference`` keeps it with the fingerprint and the earlier record's id, ``drop`` leaves it out.
        exception_signal: ``logs/dup``: an exception is a log record and a span event; ``logs``: a log record only.
            ``OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN`` sets it.
        frame_variables: True adds the variables of the application's last frames to an exception, bounded and
            redacted.
        request_id_header: The name of the header that a request's id is taken from and returned in; a request that
            brings none is given one. ``off``: ids are left to the application.
        trusted_proxies: Addresses and networks of the proxies whose ``Forwarded`` or ``X-Forwarded-For`` is believed.
        access_log: True makes a record of each request when its response has ended, in place of the server's own.

    The fields of :class:`RedactionConfig`, :class:`EnrichmentConfig`, :class:`SamplingConfig`,
    :class:`TenancyConfig` and :class:`DeliveryConfig` are this one's too.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        Setting("enabled", ("LOGCAPY_ENABLED",), setting.boolean, "true or false"),
        *RedactionConfig.rows,
        *EnrichmentConfig.rows,
        *SamplingConfig.rows,
        *TenancyConfig.rows,
        Setting(
            "exception_repeats", ("LOGCAPY_EXCEPTION_REPEATS",), str.lower, f"one of {', '.join(EXCEPTION_REPEATS)}"
        ),
        Setting(
            "exception_signal",
            ("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN",),
            str.lower,
            f"one of {', '.join(EXCEPTION_SIGNALS)}",
        ),
        Setting("frame_variables", ("LOGCAPY_FRAME_VARIABLES",), setting.boolean, "true or false"),
        Setting("request_id_header", ("LOGCAPY_REQUEST_ID_HEADER",), str.lower, "the name of a header, or off"),
        Setting(
            "trusted_proxies",
            ("LOGCAPY_TRUSTED_PROXIES",),
            setting.names,
            "addresses like 10.0.0.1 and networks like 10.0.0.0/8, with commas between",
        ),
        Setting("access_log", ("LOGCAPY_ACCESS_LOG",), setting.boolean, "true or false"),
        *DeliveryConfig.rows,
    )

    enabled: bool = True
    exception_repeats: str = "reference"
    exception_signal: str = "logs/dup"
    frame_variables: bool = False
    request_id_header: str = "x-request-id"
    trusted_proxies: tuple[str, ...] = ()
    access_log: bool = False

    def __post_init__(self) -> None:
        for part in (RedactionConfig, EnrichmentConfig, SamplingConfig, TenancyConfig, DeliveryConfig):
            part.__post_init__(self)
        require("enabled", self.enabled, isinstance(self.enabled, bool), "True or False")
        require_names("exception_repeats", (self.exception_repeats,), EXCEPTION_REPEATS)
        require_names("exception_signal", (self.exception_signal,), EXCEPTION_SIGNALS)
        require("frame_variables", self.frame_variables, isinstance(self.frame_variables, bool), "True or False")
        _require_header_name("request_id_header", self.request_id_header)
        _require_networks("trusted_proxies", self.trusted_proxies)
        require("access_log", self.access_log, isinstance(self.access_log, bool), "True or False")


def _require_header_name(setting: str, value: object) -> None:
    text = value if isinstance(value, str) and value.isascii() and len(value) <= 64 else ""
    require(
        setting,
        value,
        text[:1].isalpha() and text.replace("-", "").isalnum(),
        "the name of a header: letters, digits and hyphens; or off",
    )


def _require_networks(setting: str, values: object) -> None:
    require_strings(setting, values)
    assert isinstance(values, tuple)
    for value in values:
        try:
            ip_network(value)
        except ValueError:
            raise ConfigError(setting, value, "addresses like 10.0.0.1 and networks like 10.0.0.0/8") from None


def field_names(config: type[Any]) -> tuple[str, ...]:
    """The names of a configuration's fields, in order."""
    return tuple(row.name for row in fields(config))
