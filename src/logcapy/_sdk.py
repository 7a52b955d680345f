"""What must be known of the SDK's privates, in one place, each with what happens when it is not as expected.

The SDK has no public way to put a processor before one that exists, and none to ask an exporter where it sends.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.context import _RUNTIME_CONTEXT, Context, get_current
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext
from opentelemetry.sdk import resources
from opentelemetry.sdk._logs import LoggerProvider, LogRecordLimits, LogRecordProcessor, ReadableLogRecord
from opentelemetry.sdk._logs._internal import SynchronousMultiLogRecordProcessor
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    LogRecordExporter,
    LogRecordExportResult,
    SimpleLogRecordProcessor,
)
from opentelemetry.sdk.resources import ResourceDetector
from opentelemetry.sdk.trace import _Span

from .config import BatchConfig, OtlpConfig
from .errors import ConfigError

_STOCK_HTTP = "opentelemetry.exporter.otlp.proto.http._log_exporter"
_STOCK_GRPC = "opentelemetry.exporter.otlp.proto.grpc._log_exporter"
_OWN_HEADERS = {"content-type", "user-agent", "content-encoding"}
#: The class of the spans that the SDK's tracers make, which have their context as ``_context``.
OWN_SPAN = _Span


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


def batch_behind(processor: LogRecordProcessor) -> BatchConfig | None:
    """How one of the SDK's batch processors was told to work, in code, by variables or by a file; None if unseen."""
    batch = getattr(processor, "_batch_processor", None)
    try:
        return BatchConfig(
            schedule_delay=batch._schedule_delay_millis,  # type: ignore[union-attr]
            export_timeout=batch._export_timeout_millis,  # type: ignore[union-attr]
            max_queue_size=batch._max_queue_size,  # type: ignore[union-attr]
            max_export_batch_size=batch._max_export_batch_size,  # type: ignore[union-attr]
        )
    except (AttributeError, ConfigError):
        return None


def take_exporter(processor: LogRecordProcessor, exporter: LogRecordExporter) -> None:
    """Let the exporter of :func:`exporter_behind` live on when its processor ends, which would end it too."""
    keeper: Any = processor if type(processor) is SimpleLogRecordProcessor else processor._batch_processor  # type: ignore[attr-defined]
    keeper._exporter = _Lent(exporter)


class _Lent(LogRecordExporter):
    """What a processor still has of an exporter that is somebody else's now: enough to send what waits there."""

    def __init__(self, exporter: LogRecordExporter) -> None:
        self._exporter = exporter

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        return self._exporter.export(batch)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._exporter.force_flush(timeout_millis)

    def shutdown(self) -> None:
        pass


def host_detector() -> ResourceDetector | None:
    """The SDK's detector of the host; None where there is none of that name."""
    kind = getattr(resources, "_HostResourceDetector", None)
    return kind() if kind is not None else None


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


def synchronous_processors(provider: object) -> SynchronousMultiLogRecordProcessor | None:
    """What calls the processors of an SDK LoggerProvider one after the other; None if nothing of that kind does."""
    multi = getattr(provider, "_multi_log_record_processor", None)
    if getattr(provider, "_disabled", True):
        return None  # its loggers do nothing
    kept = getattr(multi, "_log_record_processors", None)
    return multi if type(multi) is SynchronousMultiLogRecordProcessor and isinstance(kept, tuple) else None


def most_unlimited_attributes(provider: object) -> int:
    """How many attributes a record of a provider may have without any being cut or dropped; 0 if each is looked at."""
    limits = getattr(provider, "_log_record_limits", None)
    if type(limits) is not LogRecordLimits or limits.max_log_record_attribute_length is not None:
        return 0
    most = limits.max_log_record_attributes
    return sys.maxsize if most is None else most


def counter_of_created(provider: object) -> Callable[[], None] | None:
    """What counts the records that the SDK's loggers emit; None while nobody has asked for the SDK's own metrics."""
    metrics = getattr(provider, "_logger_metrics", None)
    count: Callable[[], None] | None = getattr(metrics, "emit_log", None)
    return None if type(metrics).__name__ == "NoOpLoggerMetrics" else count


def current_context_getter() -> Callable[[], Context]:
    """``opentelemetry.context.get_current`` without two calls in between, where contexts lie in a ContextVar."""
    if type(_RUNTIME_CONTEXT) is ContextVarsRuntimeContext:
        return _RUNTIME_CONTEXT._current_context.get
    return get_current


def attributes_of_span(span: object) -> Mapping[str, Any]:
    """The attributes of a span as they are and will be; a plain dict where it is the SDK's."""
    attributes = getattr(span, "_attributes", None)  # of no attributes the public name gives a copy
    kept = getattr(attributes, "_dict", None)
    if kept is None:
        kept = getattr(span, "attributes", None)
    return kept if isinstance(kept, Mapping) else {}
