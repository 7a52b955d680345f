"""LogCapy as ``configure()`` sets it up: enrichment and redaction on, OTLP/HTTP to where the variables say."""

from __future__ import annotations

import logging
from functools import partial

import logcapy
from tests.benchmarks.calls import with_arguments, with_extra, with_mapping

from .floor import application_logger
from .opened import Opened
from .traced import server_span

_DRAIN_MILLISECONDS = 300_000


def open_stdlib() -> Opened:
    span = server_span()
    logger = application_logger()
    drain = partial(logcapy.configure().force_flush, _DRAIN_MILLISECONDS)
    return Opened(partial(with_extra, logger), lambda: logger.debug("order"), drain, span)


def open_logger() -> Opened:
    span = server_span()
    drain = partial(logcapy.configure().force_flush, _DRAIN_MILLISECONDS)
    log = logcapy.get_logger("shop.orders")
    return Opened(partial(with_arguments, log.info, log.exception), lambda: log.debug("order"), drain, span)


def open_structlog() -> Opened:
    import structlog

    from logcapy.integrations.structlog import LogCapyRenderer

    span = server_span()
    drain = partial(logcapy.configure().force_flush, _DRAIN_MILLISECONDS)
    structlog.configure(
        cache_logger_on_first_use=True,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[structlog.contextvars.merge_contextvars, LogCapyRenderer()],
    )
    log = structlog.get_logger("shop.orders").bind()
    return Opened(partial(with_arguments, log.info, log.exception), lambda: log.debug("order"), drain, span)


def open_loguru() -> Opened:
    from loguru import logger

    from logcapy.integrations.loguru import LogCapySink

    from .loguru_json import exception, info

    span = server_span()
    drain = partial(logcapy.configure().force_flush, _DRAIN_MILLISECONDS)
    logger.remove()
    LogCapySink().add_to(logger, level="INFO")
    return Opened(partial(with_mapping, info, exception), lambda: logger.debug("order"), drain, span)
