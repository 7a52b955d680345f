"""What must be known of the SDK's privates, in one place, each with what happens when it is not as expected.

The SDK has no public way to put a processor before one that exists, and none to ask an exporter where it sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, SimpleLogRecordProcessor

from .config import OtlpConfig

_STOCK_HTTP = "opentelemetry.exporter.otlp.proto.http._log_exporter"
_STOCK_GRPC = "opentelemetry.exporter.otlp.proto.grpc._log_exporter"
_OWN_HEADERS = {"content-type", "user-agent", "content-encoding"}


def processors_of(provider: LoggerProvider) -> tuple[LogRecordProcessor, ...] | None:
    """The processors of a provider; None if it does not keep them where SDK 1.45 does."""
    processors = getattr(getattr(provider, "_multi_log_record_processor", None), "_log_record_processors", None)
    return processors if isinstance(processors, tuple) else None


def replace_processors(provider: LoggerProvider, processors: Iterable[LogRecordProcessor]) -> None:
    """Make these the processors of a provider whose :func:`processors_of` are known."""
    multi = provider._multi_log_record_processor
    with multi._lock:
        multi._log_record_processors = tuple(processors)


def exporter_behind(processor: LogRecordProcessor) -> LogRecordExporter | None:
    """The exporter of one of the SDK's own processors; None if it is another processor or keeps it elsewhere."""
    exporter: Any = None
    if type(processor) is BatchLogRecordProcessor:
        exporter = getattr(getattr(processor, "_batch_processor", None), "_exporter", None)
    elif type(processor) is SimpleLogRecordProcessor:
        exporter = getattr(processor, "_exporter", None)
    return exporter if isinstance(exporter, LogRecordExporter) else None


def stock_protocol(exporter: LogRecordExporter) -> str | None:
    """The protocol of one of the SDK's OTLP exporters; None for any other exporter, subclasses included."""
    kind = type(exporter)
    if kind.__name__ != "OTLPLogExporter":
        return None
    return {_STOCK_HTTP: "http/protobuf", _STOCK_GRPC: "grpc"}.get(kind.__module__)


def sends_where(exporter: LogRecordExporter, config: OtlpConfig) -> bool:
    """Whether a stock OTLP exporter sends to the same place with the same headers; False when that cannot be seen."""
    endpoint = getattr(exporter, "_endpoint", None)
    if config.protocol == "grpc":
        same_place = endpoint in (config.endpoint, urlsplit(config.endpoint).netloc)
        headers = getattr(exporter, "_headers", None)
    else:
        same_place = endpoint == config.endpoint
        headers = getattr(getattr(exporter, "_client", None), "_headers", None)
    return same_place and _without_own(headers) == _without_own(config.headers)


def _without_own(headers: Any) -> dict[str, str] | None:
    if headers is None:
        return None
    items = headers.items() if isinstance(headers, Mapping) else headers
    return {str(key).lower(): str(value) for key, value in items if str(key).lower() not in _OWN_HEADERS}
