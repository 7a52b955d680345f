"""LogCapy set up in code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry._logs import get_logger_provider, set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.trace import TracerProvider

from . import environment
from .assemble import otlp_exporter, start, watch_spans
from .config import LogCapyConfig, field_names
from .deliver.batch import BatchLogRecordProcessor
from .errors import ConfigError, nearest_name
from .handle import Handle
from .sdk_setup import set_up_sdk

if TYPE_CHECKING:
    from .routing import Destination


def configure(
    destination: Destination | Sequence[Destination] | None = None,
    *,
    logger_provider: LoggerProvider | None = None,
    tracer_provider: TracerProvider | None = None,
    **fields: Any,
) -> Handle:
    """Set LogCapy up in code; what ``opentelemetry-instrument`` does without code.

    Wraps the processors of the LoggerProvider that is there, or sets one up as ``OTEL_*`` says. Calling it again
    changes the settings and keeps what is queued.

    Args:
        destination: Where records go: an exporter, a processor, a :class:`logcapy.Route` to one, or a sequence of
            them. Default: what the provider has, else OTLP as ``OTEL_EXPORTER_OTLP_*`` says.
        logger_provider: The provider to use. Default: the global one.
        tracer_provider: Whose spans tell of the request. Default: the global one.
        **fields: The fields of :class:`logcapy.LogCapyConfig`; each wins over its variable.

    Returns:
        The handle of what was set up.

    Raises:
        ConfigError: An argument or a variable has a value that cannot be used.
    """
    config = _config(fields)
    provider = logger_provider or _provider(destination)
    config = _config(fields)  # once more: a file that set the provider up may have options too
    handle = start(provider, config, environment.raise_error, destination)
    watch_spans(tracer_provider or trace.get_tracer_provider(), config, provider)
    return handle


#: The name that newcomers look for.
configure_logging = configure


def _config(fields: dict[str, Any]) -> LogCapyConfig:
    known = field_names(LogCapyConfig)
    for name in fields:
        if name not in known:
            raise ConfigError(name, fields[name], f"use any of {', '.join(known)}", nearest=nearest_name(name, known))
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
    return replace(environment.logcapy_config(environment.raise_error), **values)


def _provider(destination: object) -> LoggerProvider:
    """The global LoggerProvider; where there is none, one that is set up as the variables say."""
    provider = get_logger_provider()
    if isinstance(provider, LoggerProvider):
        return provider
    if destination is None and isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        set_up_sdk(environment.raise_error)
    else:
        provider = LoggerProvider()
        if destination is None:
            exporter = otlp_exporter(environment.otlp_config(environment.raise_error))
            provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
        set_logger_provider(provider)
    provider = get_logger_provider()
    if not isinstance(provider, LoggerProvider):
        raise ConfigError("logger_provider", provider, "an opentelemetry.sdk._logs.LoggerProvider")
    return provider
