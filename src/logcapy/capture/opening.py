"""Loggers of ``logging`` are opened for records that somebody wants to see while the application runs."""

from __future__ import annotations

import logging
from collections.abc import Mapping

_opened: dict[str, int] = {}


def open_loggers(levels: Mapping[str, int]) -> None:
    """Let loggers let records through from these severities on; give those back their levels that were opened before.

    Args:
        levels: Severity numbers by logger; the root logger has the empty name.
    """
    for name, level in _opened.items():
        logging.getLogger(name or None).setLevel(level)
    _opened.clear()
    for name, severity in levels.items():
        logger, level = logging.getLogger(name or None), _level_of(severity)
        if logger.getEffectiveLevel() > level:
            _opened[name] = logger.level
            logger.setLevel(level)


def _level_of(severity: int) -> int:
    """The least level of ``logging`` with a severity; ``capture.severity`` is the other way round."""
    tens, ones = divmod(severity - 1, 4)
    return 10 * tens + ones if tens else 1
