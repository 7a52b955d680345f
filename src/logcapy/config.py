"""Settings as values. Where they come from is :mod:`logcapy.environment`; what they do is in the rooms.

Durations are in milliseconds, as OpenTelemetry's are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network

from .errors import ConfigError, nearest_name

REDACTION_PRESETS = ("credentials", "pci", "email")
ENRICHERS = ("context", "request")
EXCEPTION_REPEATS = ("reference", "drop")
EXCEPTION_SIGNALS = ("logs", "logs/dup")
#: The value of a setting that names something, for nothing.
OFF = "off"
PROTOCOLS = ("http/protobuf", "grpc")
COMPRESSIONS = ("none", "gzip")


def _require(setting: str, value: object, holds: bool, allowed: str) -> None:
    if not holds:
        raise ConfigError(setting, value, allowed)


def _require_strings(setting: str, values: object) -> None:
    holds = isinstance(values, tuple) and all(isinstance(value, str) and value for value in values)
    _require(setting, values, holds, "a tuple of strings, none of them empty")


def _require_names(setting: str, values: object, allowed: tuple[str, ...]) -> None:
    _require_strings(setting, values)
    assert isinstance(values, tuple)
    for value in values:
        if value not in allowed:
            raise ConfigError(setting, value, f"use any of {', '.join(allowed)}", nearest=nearest_name(value, allowed))


@dataclass(frozen=True, slots=True)
class LogCapyConfig:
    """What LogCapy does with a record. Each field is the variable ``LOGCAPY_<FIELD>``.

    Args:
        enabled: False leaves everything as it is without LogCapy.
        redact: The presets of redaction rules, of ``credentials``, ``pci``, ``email``; ``()`` for none.
        redact_keys: Names of attributes and parameters whose values are masked, beside the presets' own.
        enrich: What is added to each record, of ``context``, ``request``; ``()`` for nothing.
        shutdown_timeout: The most milliseconds that the end of the process waits for records to leave.
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

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    enabled: bool = True
    redact: tuple[str, ...] = REDACTION_PRESETS
    redact_keys: tuple[str, ...] = ()
    enrich: tuple[str, ...] = ENRICHERS
    shutdown_timeout: float = 5000
    exception_repeats: str = "reference"
    exception_signal: str = "logs/dup"
    frame_variables: bool = False
    request_id_header: str = "x-request-id"
    trusted_proxies: tuple[str, ...] = ()
    access_log: bool = False

    def __post_init__(self) -> None:
        _require("enabled", self.enabled, isinstance(self.enabled, bool), "True or False")
        _require_names("redact", self.redact, REDACTION_PRESETS)
        _require_strings("redact_keys", self.redact_keys)
        _require_names("enrich", self.enrich, ENRICHERS)
        _require_milliseconds("shutdown_timeout", self.shutdown_timeout)
        _require_names("exception_repeats", (self.exception_repeats,), EXCEPTION_REPEATS)
        _require_names("exception_signal", (self.exception_signal,), EXCEPTION_SIGNALS)
        _require("frame_variables", self.frame_variables, isinstance(self.frame_variables, bool), "True or False")
        _require_header_name("request_id_header", self.request_id_header)
        _require_networks("trusted_proxies", self.trusted_proxies)
        _require("access_log", self.access_log, isinstance(self.access_log, bool), "True or False")


def _require_header_name(setting: str, value: object) -> None:
    holds = isinstance(value, str) and re.fullmatch("[A-Za-z][A-Za-z0-9-]{0,63}", value)
    _require(setting, value, bool(holds), "the name of a header: letters, digits and hyphens; or off")


def _require_networks(setting: str, values: object) -> None:
    _require_strings(setting, values)
    assert isinstance(values, tuple)
    for value in values:
        try:
            ip_network(value)
        except ValueError:
            raise ConfigError(setting, value, "addresses like 10.0.0.1 and networks like 10.0.0.0/8") from None


def _require_milliseconds(setting: str, value: object) -> None:
    holds = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 86_400_000
    _require(setting, value, holds, "milliseconds, more than 0 and less than a day")


@dataclass(frozen=True, slots=True)
class BatchConfig:
    """How records are put together. Each field is the variable ``OTEL_BLRP_<FIELD>``.

    Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#batch-logrecord-processor

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    schedule_delay: float = 1000
    export_timeout: float = 30000
    max_queue_size: int = 2048
    max_export_batch_size: int = 512

    def __post_init__(self) -> None:
        _require_milliseconds("schedule_delay", self.schedule_delay)
        _require_milliseconds("export_timeout", self.export_timeout)
        for name in ("max_queue_size", "max_export_batch_size"):
            value = getattr(self, name)
            _require(
                name,
                value,
                isinstance(value, int) and not isinstance(value, bool) and value > 0,
                "a whole number, 1 or more",
            )
        _require(
            "max_export_batch_size",
            self.max_export_batch_size,
            self.max_export_batch_size <= self.max_queue_size,
            f"at most max_queue_size, which is {self.max_queue_size}",
        )


@dataclass(frozen=True, slots=True)
class OtlpConfig:
    """Where OTLP goes. Each field is ``OTEL_EXPORTER_OTLP_LOGS_<FIELD>``, else ``OTEL_EXPORTER_OTLP_<FIELD>``.

    Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/

    Args:
        endpoint: The full URL that a request goes to: for HTTP with its path (``…/v1/logs``), for gRPC
            ``http://host:port``, ``https://host:port`` or ``host:port``.
        protocol: ``http/protobuf`` or ``grpc``.
        headers: Sent with each request. Never shown.
        timeout: Milliseconds that one request may take.
        compression: ``none`` or ``gzip``.
        certificate: A file of CA certificates (PEM) to trust instead of the system's.
        client_key: The file of the client's private key (PEM), for mutual TLS.
        client_certificate: The file of the client's certificate (PEM), for mutual TLS.
        insecure: For gRPC where the endpoint has no scheme: True for no TLS.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    endpoint: str = "http://localhost:4318/v1/logs"
    protocol: str = "http/protobuf"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 10000
    compression: str = "none"
    certificate: str | None = None
    client_key: str | None = None
    client_certificate: str | None = None
    insecure: bool = False

    def __post_init__(self) -> None:
        _require_names("protocol", (self.protocol,), PROTOCOLS)
        _require_names("compression", (self.compression,), COMPRESSIONS)
        _require_milliseconds("timeout", self.timeout)
        _require_endpoint(self.endpoint, self.protocol)
        _require(
            "client_key",
            self.client_key,
            bool(self.client_key) <= bool(self.client_certificate),
            "set client_certificate too",
        )


def _require_endpoint(endpoint: object, protocol: str) -> None:
    scheme, separator, rest = endpoint.partition("://") if isinstance(endpoint, str) else ("", "", "")
    if protocol == "grpc" and not separator:
        scheme, rest = "http", scheme
    holds = scheme in ("http", "https", "unix") and bool(rest)
    _require("endpoint", _without_user_info(endpoint), holds, "a URL that begins with http:// or https://")


def _without_user_info(endpoint: object) -> object:
    """An endpoint fit to be shown: credentials in a URL are not."""
    if not isinstance(endpoint, str) or "@" not in endpoint:
        return endpoint
    scheme, separator, rest = endpoint.rpartition("://")
    return f"{scheme}{separator}[REDACTED]@{rest.rpartition('@')[2]}"


def field_names(config: type[LogCapyConfig | BatchConfig | OtlpConfig]) -> tuple[str, ...]:
    """The names of a configuration's fields, in order."""
    return tuple(row.name for row in fields(config))
