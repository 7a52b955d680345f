"""What an OTLP exporter was given, and the variables for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from logcapy import environment
from logcapy.config import OtlpConfig


def otlp_settings(
    protocol: str,
    endpoint: str | None,
    headers: Mapping[str, str] | None,
    config: OtlpConfig | None,
    fields: Mapping[str, object],
) -> OtlpConfig:
    """The configuration of an exporter for one protocol.

    Args:
        protocol: The protocol that it speaks.
        endpoint: Where it sends. A preset's key is for the preset's endpoint, so with this one there is no preset.
        headers: Over those of the configuration.
        config: The rest, instead of the environment.
        fields: Other fields of OtlpConfig.

    Raises:
        ConfigError: A field does not exist, or has a value that cannot be used.
    """
    named = fields if headers is None else {**fields, "headers": headers}
    given = environment.given(OtlpConfig, named, environment.raise_error, fixed=("protocol",))
    if config is None:
        preset = endpoint is None and protocol != "grpc"
        config = environment.otlp_config(environment.raise_error, protocol, preset=preset)
    if endpoint is not None:
        given |= {"endpoint": endpoint, "protocol": protocol}
    return replace(config, **{**given, "headers": {**config.headers, **given.get("headers", {})}})
