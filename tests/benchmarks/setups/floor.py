"""Plain ``logging`` with a handler that does nothing: what an application pays before anybody looks at a record."""

from __future__ import annotations

import logging
from functools import partial

from tests.benchmarks.calls import with_extra

from .opened import Opened


def application_logger() -> logging.Logger:
    """The logger of an application at level INFO; the root logger has a handler that does nothing."""
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(logging.NullHandler())
    return logging.getLogger("shop.orders")


def open_setup() -> Opened:
    logger = application_logger()
    return Opened(partial(with_extra, logger), lambda: logger.debug("order"))
