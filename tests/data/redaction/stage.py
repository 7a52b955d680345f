"""All the ways into LogCapy at once, in front of a processor that is to be tested."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import loguru
import opentelemetry._logs._internal as global_provider
import structlog
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Tracer

import logcapy
from logcapy.capture.stdlib import LogCapyHandler
from logcapy.integrations.loguru import LogCapySink
from logcapy.integrations.structlog import LogCapyRenderer


@dataclass(frozen=True)
class Stage:
    """Loggers of each front end, and a tracer, that lead to the same processor."""

    logger: logging.Logger
    ours: Any
    structlog: Any
    loguru: Any
    tracer: Tracer


@contextmanager
def stage(processor: logcapy.LogCapyLogRecordProcessor, *siblings: LogRecordProcessor) -> Iterator[Stage]:
    """Lead everything to ``processor``; one beside it closes the direct way, so that records take the SDK's."""
    provider = LoggerProvider(shutdown_on_exit=False)
    for one in (processor, *siblings):
        provider.add_log_record_processor(one)
    spans = TracerProvider(shutdown_on_exit=False)
    spans.add_span_processor(logcapy.LogCapySpanProcessor(processor.redactor.text, logger_provider=provider))
    before, global_provider._LOGGER_PROVIDER = global_provider._LOGGER_PROVIDER, provider
    logger = logging.Logger("shop")
    logger.addHandler(LogCapyHandler(logger_provider=provider))
    structlog.configure(
        processors=[LogCapyRenderer()], logger_factory=structlog.PrintLoggerFactory(io.StringIO()), context_class=dict
    )
    loguru.logger.remove()
    LogCapySink().add_to(loguru.logger, 0)
    logging.getLogger("shop.ours").setLevel(logging.DEBUG)

    try:
        yield Stage(
            logger, logcapy.get_logger("shop.ours"), structlog.get_logger(), loguru.logger, spans.get_tracer("shop")
        )
    finally:
        loguru.logger.remove()
        structlog.reset_defaults()
        global_provider._LOGGER_PROVIDER = before
