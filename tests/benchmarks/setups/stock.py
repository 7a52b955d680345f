"""OpenTelemetry alone: the handler of its instrumentation, its batch processor, its OTLP/HTTP exporter."""

from __future__ import annotations

import logging
from functools import partial

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

from tests.benchmarks.calls import with_extra

from .floor import application_logger
from .opened import Opened
from .traced import server_span

_DRAIN_MILLISECONDS = 300_000


def open_setup() -> Opened:
    span = server_span()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    logger = application_logger()
    logging.getLogger().addHandler(LoggingHandler(logger_provider=provider))
    drain = partial(provider.force_flush, _DRAIN_MILLISECONDS)
    return Opened(partial(with_extra, logger), lambda: logger.debug("order"), drain, span)
