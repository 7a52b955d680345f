"""What LogCapy does with a record."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from ipaddress import ip_network

from logcapy.errors import ConfigError

from .batch import BatchConfig
from .checks import require, require_names, require_strings
from .delivery import DeliveryConfig
from .otlp import OtlpConfig

REDACTION_PRESETS = ("credentials", "pci", "email")
ENRICHERS = ("context", "request")
EXCEPTION_REPEATS = ("reference", "drop")
EXCEPTION_SIGNALS = ("logs", "logs/dup")
#: The value of a setting that names something, for nothing.
OFF = "off"


@dataclass(frozen=True, slots=True)
class LogCapyConfig(DeliveryConfig):
    """What LogCapy does with a record. Each field is the variable ``LOGCAPY_<FIELD>``.

    Args:
        enabled: False leaves everything as it is without LogCapy.
        redact: The presets of redaction rules, of ``credentials``, ``pci``, ``email``; ``()`` for none.
        redact_keys: Names of attributes and parameters whose values are masked, beside the presets' own.
        enrich: What is added to each record, of ``context``, ``request``; ``()`` for nothing.
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

    The fields of :class:`DeliveryConfig` are also this one's, by keyword.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    enabled: bool = True
    redact: tuple[str, ...] = REDACTION_PRESETS
    redact_keys: tuple[str, ...] = ()
    enrich: tuple[str, ...] = ENRICHERS
    exception_repeats: str = "reference"
    exception_signal: str = "logs/dup"
    frame_variables: bool = False
    request_id_header: str = "x-request-id"
    trusted_proxies: tuple[str, ...] = ()
    access_log: bool = False

    def __post_init__(self) -> None:
        DeliveryConfig.__post_init__(self)  # super() does not know a class with slots
        require("enabled", self.enabled, isinstance(self.enabled, bool), "True or False")
        require_names("redact", self.redact, REDACTION_PRESETS)
        require_strings("redact_keys", self.redact_keys)
        require_names("enrich", self.enrich, ENRICHERS)
        require_names("exception_repeats", (self.exception_repeats,), EXCEPTION_REPEATS)
        require_names("exception_signal", (self.exception_signal,), EXCEPTION_SIGNALS)
        require("frame_variables", self.frame_variables, isinstance(self.frame_variables, bool), "True or False")
        _require_header_name("request_id_header", self.request_id_header)
        _require_networks("trusted_proxies", self.trusted_proxies)
        require("access_log", self.access_log, isinstance(self.access_log, bool), "True or False")


def _require_header_name(setting: str, value: object) -> None:
    holds = isinstance(value, str) and re.fullmatch("[A-Za-z][A-Za-z0-9-]{0,63}", value)
    require(setting, value, bool(holds), "the name of a header: letters, digits and hyphens; or off")


def _require_networks(setting: str, values: object) -> None:
    require_strings(setting, values)
    assert isinstance(values, tuple)
    for value in values:
        try:
            ip_network(value)
        except ValueError:
            raise ConfigError(setting, value, "addresses like 10.0.0.1 and networks like 10.0.0.0/8") from None


def field_names(config: type[LogCapyConfig | BatchConfig | OtlpConfig]) -> tuple[str, ...]:
    """The names of a configuration's fields, in order."""
    return tuple(row.name for row in fields(config))
