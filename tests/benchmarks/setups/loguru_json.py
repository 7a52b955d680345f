"""loguru with ``serialize=True``, without the decorations of tracebacks that its page calls costly."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from loguru import logger

from tests.benchmarks.calls import with_mapping

from .opened import Opened


def info(message: str, attributes: dict[str, Any]) -> None:
    logger.bind(**attributes).info(message)


def exception(message: str, attributes: dict[str, Any]) -> None:
    logger.bind(**attributes).exception(message)


def open_setup() -> Opened:
    logger.remove()
    logger.add(Path(os.devnull).open("w"), level="INFO", serialize=True, backtrace=False, diagnose=False)  # noqa: SIM115 - open as long as the process
    return Opened(partial(with_mapping, info, exception), lambda: logger.debug("order"))
