"""Records wait for the fate of their trace: those of a failed one arrive in order, the others are counted."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import StatusCode, use_span

import logcapy
from logcapy.config import BatchConfig
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.process.sampling import trace_buffer
from logcapy.process.sampling.trace_buffer import TraceBuffer
from servers.otlp import otlp_receiver
from tests.test_direct_way import Keeping

from .test_sampling import Pipeline


def buffering(**config: Any) -> Pipeline:
    return Pipeline(buffer_until_error=True, **config)


def test_records_of_a_trace_that_ends_well_are_given_up_and_counted() -> None:
    shop = buffering()
    with shop.tracer.start_as_current_span("request"):
        shop.logger("shop").info("fine")
        assert shop.processor.stats().in_memory == 1
    shop.logger("shop").info("outside any trace")
    assert shop.bodies() == ["outside any trace"]
    assert shop.dropped() == {"buffer_discarded": 1}
    shop.provider.shutdown()


@pytest.mark.parametrize("direct", [True, False])
def test_an_error_lets_all_leave_that_came_before_it_in_order_and_all_that_comes_after(direct: bool) -> None:
    shop = buffering(direct=direct)
    logger = shop.logger("shop")
    with shop.tracer.start_as_current_span("request"):
        logger.debug("first")
        with shop.tracer.start_as_current_span("child"):
            logger.info("second", extra={"list": [1]})
        logger.error("failed")
        logger.info("after")
    logger.info("outside")
    assert shop.bodies() == ["first", "second", "failed", "after", "outside"]
    assert shop.dropped() == {}
    shop.provider.shutdown()


def test_a_root_span_that_fails_lets_its_records_leave() -> None:
    shop = buffering()
    with shop.tracer.start_as_current_span("request") as span:
        shop.logger("shop").info("before")
        span.set_status(StatusCode.ERROR)
    with contextlib.suppress(ValueError), shop.tracer.start_as_current_span("other"):
        shop.logger("shop").info("in the other")
        raise ValueError("no")
    with shop.tracer.start_as_current_span("fine"), shop.tracer.start_as_current_span("child") as child:
        shop.logger("shop").info("of a child that failed and was handled")
        child.set_status(StatusCode.ERROR)
    bodies = shop.bodies()
    assert bodies[:2] == ["before", "in the other"]
    assert "of a child that failed and was handled" not in bodies
    shop.provider.shutdown()


def test_a_root_span_that_is_slow_lets_its_records_leave() -> None:
    shop = buffering(buffer_slow=50)
    for seconds in (0.01, 0.2):
        span = shop.tracer.start_span("request", start_time=10**18)
        with use_span(span):
            shop.logger("shop").info("took %s", seconds)
        span.end(10**18 + int(seconds * 1e9))
    assert shop.bodies() == ["took 0.2"]
    shop.provider.shutdown()


def test_no_more_wait_than_there_is_room_for_and_the_oldest_trace_gives_way() -> None:
    shop = buffering(buffer_max_records=10)
    spans = [shop.tracer.start_span(f"request {n}") for n in range(4)]
    for span in spans:
        with use_span(span):
            for step in range(4):
                shop.logger("shop").info("%s %d", span.name, step)
    assert shop.processor.stats().in_memory == 8
    with use_span(spans[0]):
        shop.logger("shop").error("failed")
    with use_span(spans[3]):
        shop.logger("shop").error("failed too")
    for span in spans:
        span.end()
    assert shop.bodies() == ["failed", *(f"request 3 {n}" for n in range(4)), "failed too"]
    assert shop.dropped() == {"buffer_full": 8, "buffer_discarded": 4}
    shop.provider.shutdown()


def test_the_end_of_the_process_gives_up_what_nobody_asked_for() -> None:
    shop = buffering()
    span = shop.tracer.start_span("request")
    with use_span(span):
        shop.logger("shop").info("waiting")
    shop.provider.shutdown()
    assert shop.dropped() == {"buffer_discarded": 1}


def test_without_spans_that_anybody_sees_it_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    shop = buffering()
    with TracerProvider(shutdown_on_exit=False).get_tracer("t").start_as_current_span("unseen"):
        shop.logger("shop").info("a")
        shop.logger("shop").info("b")
    assert capsys.readouterr().err.count("no LogCapySpanProcessor has seen a recorded span") == 1
    shop.provider.shutdown()


@pytest.mark.slow
def test_of_10_000_concurrent_traces_the_failed_ones_arrive_whole_and_in_order_and_no_other() -> None:
    """5,000 traces are of asyncio tasks, 5,000 of threads that each hold many open; every 20th fails."""
    with otlp_receiver() as (received, endpoint):
        _run_10_000_traces(endpoint)
    arrived: dict[int, list[str]] = {}
    for record in received.records:
        number, _, rest = record["body"].partition(" ")
        arrived.setdefault(int(number), []).append(rest)
    assert arrived == {number: [*"01234", "failed"] for number in range(0, 10_000, 20)}


def _run_10_000_traces(endpoint: str) -> None:
    shop = buffering(
        to=OTLPHttpLogRecordExporter(f"{endpoint}/v1/logs"),
        batch=BatchConfig(max_queue_size=3_000),  # what leaves: 500 traces of 6 records
        buffer_max_records=60_000,
    )
    batch = shop.processor
    logger = shop.logger("shop")
    all_open = threading.Barrier(5)

    def step(number: int, turn: int) -> None:
        logger.info("%d %d", number, turn)

    async def task(number: int, everybody: asyncio.Event, arrived: list[int]) -> None:
        with shop.tracer.start_as_current_span("request"):
            for turn in range(5):
                step(number, turn)
                await asyncio.sleep(0)
            arrived.append(number)
            if len(arrived) == 5_000:
                everybody.set()
            await everybody.wait()
            if number % 20 == 0:
                logger.error("%d failed", number)

    async def tasks() -> None:
        everybody, arrived = asyncio.Event(), list[int]()
        work = [asyncio.create_task(task(number, everybody, arrived)) for number in range(5_000)]
        await everybody.wait()
        await asyncio.to_thread(all_open.wait, 120)
        await asyncio.gather(*work)

    def thread(first: int) -> None:
        spans = {number: shop.tracer.start_span("request") for number in range(first, first + 1_250)}
        for turn in range(5):
            for number, span in spans.items():
                with use_span(span):
                    step(number, turn)
        all_open.wait(120)
        for number, span in spans.items():
            with use_span(span, end_on_exit=True):
                if number % 20 == 0:
                    logger.error("%d failed", number)

    threads = [threading.Thread(target=thread, args=(5_000 + n * 1_250,)) for n in range(4)]
    for one in threads:
        one.start()
    largest: list[int] = []

    def watch() -> None:
        while any(one.is_alive() for one in threads):
            largest.append(batch.admission.buffer.size)  # type: ignore[union-attr]  # it has one
            threading.Event().wait(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    asyncio.run(tasks())
    for one in (*threads, watcher):
        one.join()
    assert batch.force_flush(60_000)
    assert 49_000 <= max(largest) <= 60_000
    assert shop.dropped() == {"buffer_discarded": 9_500 * 5}
    assert batch.admission.buffer.size == 0  # type: ignore[union-attr]
    shop.provider.shutdown()


class Machine(RuleBasedStateMachine):
    """Every record that was held has left, was given up, or still waits; and in each trace in order."""

    traces = Bundle("traces")

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.given_up = 0
        self.held = 0
        self.left: list[tuple[int, int]] = []
        self.numbers = iter(range(1, 10**6))
        self.buffer = TraceBuffer(8, self._count, lambda: self.now)

    def _count(self, reason: str, count: int) -> None:
        self.given_up += count

    @rule(target=traces)
    def begin(self) -> int:
        number = next(self.numbers)
        self.buffer.began(number)
        return number

    @rule(trace=traces, severity=st.sampled_from([5, 9, 13, 17]))
    def log(self, trace: int, severity: int) -> None:
        number = next(self.numbers)
        if self.buffer.holds(trace, severity, self.left.append, (trace, number)):
            assert severity < 13
            self.held += 1

    @rule(trace=traces, failed=st.booleans())
    def end(self, trace: int, failed: bool) -> None:
        self.buffer.ended(trace, failed=failed)

    @rule(seconds=st.sampled_from([1.0, 400.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def every_record_is_somewhere(self) -> None:
        assert self.held == len(self.left) + self.given_up + self.buffer.size
        assert 0 <= self.buffer.size <= 8
        assert set(self.buffer._waiting) == {key for key, one in self.buffer._traces.items() if one.held}

    @invariant()
    def what_left_is_in_order(self) -> None:
        for trace in {trace for trace, _ in self.left}:
            numbers = [number for of, number in self.left if of == trace]
            assert numbers == sorted(numbers)


TestMachine = Machine.TestCase


def test_a_trace_keeps_no_more_than_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_buffer, "MOST_OF_A_TRACE", 3)
    left: list[int] = []
    given_up: list[int] = []
    buffer = TraceBuffer(100, lambda _reason, count: given_up.append(count))
    for number in range(5):
        assert buffer.holds(1, 9, left.append, number)
    buffer.fail(1)
    assert (left, sum(given_up)) == ([2, 3, 4], 2)


def test_configure_joins_the_buffer_to_the_spans() -> None:
    exporter, spans = Keeping(), TracerProvider(shutdown_on_exit=False)
    handle = logcapy.configure(
        exporter,
        logger_provider=LoggerProvider(shutdown_on_exit=False),
        tracer_provider=spans,
        buffer_until_error=True,
    )
    logger = logging.getLogger("shop.buffered")
    try:
        tracer = spans.get_tracer("t")
        with tracer.start_as_current_span("fine"):
            logger.info("fine")
        with tracer.start_as_current_span("failed"):
            logger.info("before")
            logger.error("failed")
        assert handle.force_flush()
        assert [record["body"]["stringValue"] for record in exporter.records()] == ["before", "failed"]
        assert handle.stats().dropped == {"buffer_discarded": 1}
    finally:
        handle.shutdown()
