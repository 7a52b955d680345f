"""python-json-logger with orjson, its fast encoder, behind the standard library's stream handler."""

from __future__ import annotations

import logging
import os
from functools import partial
from pathlib import Path

from pythonjsonlogger.orjson import OrjsonFormatter

from tests.benchmarks.calls import with_extra

from .opened import Opened


def open_setup() -> Opened:
    handler = logging.StreamHandler(Path(os.devnull).open("w"))  # noqa: SIM115 - open as long as the process
    handler.setFormatter(OrjsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    logger = logging.getLogger("shop.orders")
    return Opened(partial(with_extra, logger), lambda: logger.debug("order"))
