"""structlog as its page on performance says: a filtering bound logger, cached, orjson, bytes.

Source: https://www.structlog.org/en/stable/performance.html
"""

from __future__ import annotations

import logging
import os
from functools import partial
from pathlib import Path

import orjson
import structlog

from tests.benchmarks.calls import with_arguments

from .opened import Opened


def open_setup() -> Opened:
    structlog.configure(
        cache_logger_on_first_use=True,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        logger_factory=structlog.BytesLoggerFactory(Path(os.devnull).open("wb")),  # noqa: SIM115 - open as long as the process
    )
    log = structlog.get_logger("shop.orders").bind()
    return Opened(partial(with_arguments, log.info, log.exception), lambda: log.debug("order"))
