"""fapilog's ``hardened`` preset with its rotating file, which is what is read."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from fapilog import LoggerBuilder

from tests.comparison.cases import Case

from .opened import Opened


def open_setup(*, redacts: bool) -> Opened:
    folder = Path(tempfile.mkdtemp(prefix="logcapy-comparison-"))
    builder = LoggerBuilder().with_preset("hardened").add_file(str(folder), max_bytes="500 MB")
    if not redacts:
        builder = builder.with_plugins(denylist=["field_mask", "regex_mask", "url_credentials", "field_blocker"])
    logger = builder.with_queue_size(200_000).with_backpressure(wait_ms=60_000, drop_on_full=False).reuse(False).build()

    def log(case: Case) -> None:
        message = case.message % case.arguments if case.arguments else case.message
        if case.error is None:
            logger.info(message, **case.attributes, case_id=case.name)
            return
        try:
            raise case.error
        except Exception:
            logger.exception(message, **case.attributes, case_id=case.name)

    def written() -> list[str]:
        return [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]

    return Opened(log, lambda: asyncio.run(logger.stop_and_drain()), written)
