"""What a failed trace has held back leaves whole and in order, whatever happens meanwhile; a child has none of it."""

from __future__ import annotations

import logging
import os
import signal
import threading
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.trace import TracerProvider

import logcapy
from logcapy.process.sampling.trace_buffer import TraceBuffer
from tests.test_direct_way import Keeping

from .test_sampling import Pipeline


def nothing(_reason: str, _count: int) -> None:
    """Nobody counts."""


def test_an_error_of_another_thread_does_not_overtake_what_is_just_leaving() -> None:
    buffer, left = TraceBuffer(100, nothing), list[str]()
    leaving, go_on = threading.Event(), threading.Event()

    def slowly(record: str) -> None:
        leaving.set()
        assert go_on.wait(30)
        left.append(record)

    assert buffer.holds(1, 9, slowly, "first")
    failing = threading.Thread(target=buffer.fail, args=(1,))
    failing.start()
    assert leaving.wait(30)
    for severity, record in ((9, "second"), (13, "warning"), (17, "error")):
        assert buffer.holds(1, severity, left.append, record)
    go_on.set()
    failing.join()
    assert left == ["first", "second", "warning", "error"]
    assert not buffer.holds(1, 9, left.append, "later")
    assert buffer.size == 0


def test_what_a_signal_handler_interrupts_leaves_with_the_end_of_the_root_span() -> None:
    buffer, left = TraceBuffer(100, nothing), list[str]()

    def interrupted(record: str) -> None:
        raise KeyboardInterrupt

    buffer.began(1)
    buffer.holds(1, 9, interrupted, "lost where it was")
    buffer.holds(1, 9, left.append, "second")
    with pytest.raises(KeyboardInterrupt):
        buffer.fail(1)
    buffer.holds(1, 9, left.append, "third")
    buffer.ended(1, failed=True)
    assert (left, buffer.size) == (["second", "third"], 0)


class Raising(LogRecordProcessor):
    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        raise ValueError("not today")

    def shutdown(self) -> None:
        """Nothing to end."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return True


def test_a_destination_that_raises_costs_the_others_nothing() -> None:
    kept, provider = Keeping(), LoggerProvider(shutdown_on_exit=False)
    config = logcapy.LogCapyConfig(buffer_until_error=True)
    processor = logcapy.LogCapyLogRecordProcessor([Raising(), kept], config=config)
    provider.add_log_record_processor(processor)
    spans = TracerProvider(shutdown_on_exit=False)
    spans.add_span_processor(logcapy.LogCapySpanProcessor(root_watch=processor.admission))
    logger = logging.Logger("shop")
    logger.addHandler(logcapy.LogCapyHandler(logger_provider=provider))
    with spans.get_tracer("t").start_as_current_span("request"):
        logger.info("first")
        logger.info("second")
        logger.error("failed")
        logger.info("after")
    processor.force_flush()
    assert [record["body"]["stringValue"] for record in kept.records()] == ["first", "second", "failed", "after"]
    assert processor.stats().in_memory == 0
    provider.shutdown()


def test_one_that_cannot_be_handed_on_costs_itself_only(capsys: pytest.CaptureFixture[str]) -> None:
    buffer, left = TraceBuffer(100, nothing), list[str]()
    buffer.holds(1, 9, [].index, "there is none")  # raises
    buffer.holds(1, 9, left.append, "second")
    buffer.fail(1)
    assert (left, buffer.size) == (["second"], 0)
    assert "could not be handed on" in capsys.readouterr().err


def test_large_records_have_no_more_room_than_those_of_a_queue() -> None:
    shop = Pipeline(buffer_until_error=True, max_queue_bytes=50_000)
    logger = shop.logger("shop")
    for number in range(10):
        with trace.use_span(shop.tracer.start_span("request")):
            logger.info("%d %s", number, "x" * 20_000)
    assert shop.processor.stats().in_memory == 2
    assert shop.dropped() == {"buffer_full": 8}
    shop.provider.shutdown()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_that_is_forked_while_locks_are_held_logs_and_has_nothing_of_its_parents() -> None:
    shop = Pipeline(buffer_until_error=True, rate_limit=1, minimum_severity=("info",))
    logger, admission = shop.logger("shop"), shop.processor.admission
    locked, let_go = threading.Event(), threading.Event()
    assert admission.buffer is not None
    assert admission.sampler._rate is not None
    locks: list[Any] = [admission.buffer._lock, admission.sampler._rate._lock]

    def hold_locks() -> None:
        with locks[0], locks[1]:
            locked.set()
            let_go.wait(30)

    with shop.tracer.start_as_current_span("request"):
        for _ in range(3):
            logger.info("the parent's")
        logger.debug("below")
        holder = threading.Thread(target=hold_locks)
        holder.start()
        assert locked.wait(30)
        child = os.fork()
        if child == 0:
            signal.alarm(10)  # kills a child that hangs
            stats = shop.processor.stats()
            logger.info("the child's")
            logger.error("the child's, too")
            os._exit(0 if stats.in_memory == stats.emitted == 0 and shop.processor.stats().emitted == 2 else 1)
        let_go.set()
        holder.join()
        assert os.waitpid(child, 0)[1] == 0
    assert shop.dropped() == {"buffer_discarded": 1, "rate_limited": 2, "below_severity": 1}
    shop.provider.shutdown()


def test_where_there_are_no_spans_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    handle = logcapy.configure(
        Keeping(),
        logger_provider=LoggerProvider(shutdown_on_exit=False),
        tracer_provider=trace.ProxyTracerProvider(),  # type: ignore[arg-type]  # what there is before an SDK is set up
        buffer_until_error=True,
    )
    handle.shutdown()
    assert "buffer_until_error needs spans" in capsys.readouterr().err
