"""Where OTLP goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import ClassVar

from logcapy._value import Value

from . import setting
from .setting import Setting, require, require_milliseconds, require_names

PROTOCOLS = ("http/protobuf", "grpc")
COMPRESSIONS = ("none", "gzip")


def _row(name: str, parse: Callable[[str], object], allowed: str, *, secret: bool = False) -> Setting:
    variables = (f"OTEL_EXPORTER_OTLP_LOGS_{name.upper()}", f"OTEL_EXPORTER_OTLP_{name.upper()}")
    return Setting(name, variables, parse, allowed, secret)


#: These two are not read by themselves: the protocol says how the endpoint is meant.
PROTOCOL_ROW = _row("protocol", str.lower, f"one of {', '.join(PROTOCOLS)}")
ENDPOINT_ROW = _row("endpoint", str, "a URL that begins with http:// or https://")


class OtlpConfig(Value):
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
        max_bytes: The most bytes of a request, 2,048 or more; None for the 4 MiB that servers of gRPC take. No variable
            sets it; a preset may.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        _row("headers", setting.headers, "name=value, with commas between", secret=True),
        _row("timeout", lambda text: float(text) * 1000, "seconds, more than 0"),
        _row("compression", str.lower, f"one of {', '.join(COMPRESSIONS)}"),
        _row("certificate", setting.existing_file, "the path of a PEM file"),
        _row("client_key", setting.existing_file, "the path of a PEM file"),
        _row("client_certificate", setting.existing_file, "the path of a PEM file"),
        _row("insecure", setting.boolean, "true or false"),
    )

    endpoint: str = "http://localhost:4318/v1/logs"
    protocol: str = "http/protobuf"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 10000
    compression: str = "none"
    certificate: str | None = None
    client_key: str | None = None
    client_certificate: str | None = None
    insecure: bool = False
    max_bytes: int | None = None

    def __post_init__(self) -> None:
        require_names("protocol", (self.protocol,), PROTOCOLS)
        require_names("compression", (self.compression,), COMPRESSIONS)
        require_milliseconds("timeout", self.timeout)
        require("max_bytes", self.max_bytes, self.max_bytes is None or self.max_bytes >= 2048, "2048 or more")
        _require_endpoint(self.endpoint, self.protocol)
        require(
            "client_key",
            self.client_key,
            bool(self.client_key) <= bool(self.client_certificate),
            "set client_certificate too",
        )

    def _shown(self) -> dict[str, object]:
        """All fields but the headers, and the endpoint without credentials."""
        return {**super()._shown(), "endpoint": _without_user_info(self.endpoint)}


def _require_endpoint(endpoint: object, protocol: str) -> None:
    scheme, separator, rest = endpoint.partition("://") if isinstance(endpoint, str) else ("", "", "")
    if protocol == "grpc" and not separator:
        scheme, rest = "http", scheme
    holds = scheme in ("http", "https", "unix") and bool(rest)
    require("endpoint", _without_user_info(endpoint), holds, "a URL that begins with http:// or https://")


def _without_user_info(endpoint: object) -> object:
    """An endpoint fit to be shown: credentials in a URL are not."""
    if not isinstance(endpoint, str) or "@" not in endpoint:
        return endpoint
    scheme, separator, rest = endpoint.rpartition("://")
    return f"{scheme}{separator}[REDACTED]@{rest.rpartition('@')[2]}"
