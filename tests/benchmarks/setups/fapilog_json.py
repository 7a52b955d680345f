"""fapilog: JSON to stdout, which is /dev/null here, in batches, without enrichers; it waits for its queue."""

from __future__ import annotations

import asyncio
from functools import partial

from fapilog import LoggerBuilder

from tests.benchmarks.calls import with_keywords

from .opened import Opened


class Fapilog:
    """Its logger can only be drained by ending it, so there are two: for warming up, and for what is measured."""

    def __init__(self) -> None:
        self._log = self._build()
        self._warm = False

    def _build(self) -> object:
        builder = LoggerBuilder().with_preset("minimal").with_level("INFO").with_enrichers().with_batch_size(1_000)
        return builder.with_queue_size(200_000).with_backpressure(wait_ms=5000, drop_on_full=False).reuse(False).build()

    def info(self, *args: object, **attributes: object) -> None:
        self._log.info(*args, **attributes)

    def exception(self, *args: object, **attributes: object) -> None:
        self._log.exception(*args, **attributes)

    def debug(self) -> None:
        self._log.debug("order")

    def drain(self) -> None:
        result = asyncio.run(self._log.stop_and_drain())
        assert result.processed == result.submitted, result
        if not self._warm:
            self._warm, self._log = True, self._build()


def open_setup() -> Opened:
    fapilog = Fapilog()
    return Opened(partial(with_keywords, fapilog.info, fapilog.exception), fapilog.debug, fapilog.drain)
