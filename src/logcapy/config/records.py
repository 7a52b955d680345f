"""What LogCapy does with a record."""

from __future__ import annotations

from dataclasses import fields
from ipaddress import ip_network
from typing import Any, ClassVar

from logcapy.errors import ConfigError

from . import setting
from .checks import require, require_names, require_strings
from .delivery import DeliveryConfig
from .enrichment import EnrichmentConfig
from .redaction import RedactionConfig
from .sampling import SamplingConfig
from .setting import Setting
from .tenants import TenancyConfig

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
