"""Forks while every lock of a queue is likely to be held, again and again."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from pathlib import Path

from logcapy.config import DeliveryConfig
from logcapy.deliver.batch import BatchLogRecordProcessor
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from servers.http import scripted_server

from .logging_to import emit, received

_MOST_SECONDS = 30.0


def fork_trials(trials: int, folder: Path | None = None) -> None:
    """Fork ``trials`` times while four threads log; each child logs, flushes and ends by ``os._exit``.

    Args:
        trials: How often.
        folder: For a spool; None for none.

    Raises:
        AssertionError: A child hung, a record of a child did not arrive, or one arrived twice.
    """
    settings = DeliveryConfig(spool="always", spool_dir=str(folder)) if folder else DeliveryConfig(overflow="block")
    with scripted_server() as server:
        processor = BatchLogRecordProcessor(
            OTLPHttpLogRecordExporter(f"{server.url}/v1/logs"),
            schedule_delay_millis=1,
            max_queue_size=16,
            settings=settings,
        )
        stop = threading.Event()
        threads = [threading.Thread(target=_keep_busy, args=(processor, stop)) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for trial in range(trials):
                _fork(processor, trial)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
            processor.shutdown(5000)
        of_children = [body for body in received(server) if body.startswith("child")]
        assert sorted(of_children) == sorted(f"child {trial}" for trial in range(trials))


def _keep_busy(processor: BatchLogRecordProcessor, stop: threading.Event) -> None:
    while not stop.is_set():
        emit(processor, "parent")
        processor.stats()


def _fork(processor: BatchLogRecordProcessor, trial: int) -> None:
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            emit(processor, f"child {trial}")
            flushed = processor.force_flush(20_000)
            os.write(write_end, f"{flushed} {processor.stats().exported}".encode())
        os._exit(0)
    os.close(write_end)
    answered, _, _ = select.select([read_end], [], [], _MOST_SECONDS)
    answer = os.read(read_end, 100) if answered else b"(it hung)"
    os.close(read_end)
    if not answered:
        os.kill(child, 9)
    os.waitpid(child, 0)
    assert answer == b"True 1", f"trial {trial}: {answer.decode()}"
    time.sleep(0.001)
