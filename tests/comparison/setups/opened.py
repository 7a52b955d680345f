"""What all set-ups have in common."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from tests.comparison.cases import Case


@dataclass(frozen=True)
class Opened:
    """A logger that is ready.

    Args:
        log: Logs one case.
        finish: Returns once all that was logged has been written.
        written: What was written, a text for each record.
    """

    log: Callable[[Case], None]
    finish: Callable[[], object]
    written: Callable[[], list[str]]


def standard(handler: logging.Handler | None) -> Callable[[Case], None]:
    """Log by ``logging``; with a handler, or by who listens at the root logger."""
    logger = logging.Logger("shop") if handler is not None else logging.getLogger("shop")
    logger.setLevel(logging.INFO)
    if handler is not None:
        logger.addHandler(handler)

    def log(case: Case) -> None:
        extra = {**case.attributes, "case_id": case.name}
        if case.error is None:
            logger.info(case.message, *case.arguments, extra=extra)
            return
        try:
            raise case.error
        except Exception:
            logger.exception(case.message, *case.arguments, extra=extra)

    return log
