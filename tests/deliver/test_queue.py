"""The bounded queue: who goes when it is full, who waits, and that each record is counted once."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logcapy.deliver.queue import RecordQueue

DEBUG, INFO, WARN, ERROR = 5, 9, 13, 17


@dataclass(frozen=True, eq=False)
class Item:
    """As much of a record as a queue knows."""

    number: int
    severity: int = INFO
    extra_bytes: int = 0


def queue_of(
    capacity: int, overflow: str = "drop_oldest", *, block_seconds: float = 0.05, max_bytes: int = 1 << 60
) -> RecordQueue:
    queue = RecordQueue(capacity, lambda: None)
    queue.use(overflow, block_seconds, max_bytes)
    return queue


def put(queue: RecordQueue, *items: Item) -> None:
    for item in items:
        queue.put(item)  # type: ignore[arg-type]


def numbers(queue: RecordQueue) -> list[int]:
    return [item.number for item in queue.take(1 << 30)]  # type: ignore[union-attr]


def is_exact(queue: RecordQueue) -> bool:
    return queue.entered == queue.accounts.handed_over + queue.size + sum(queue.dropped.values())


@pytest.mark.parametrize(
    ("overflow", "kept"), [("drop_oldest", [2, 3, 4]), ("drop_newest", [0, 1, 2]), ("block", [2, 3, 4])]
)
def test_a_full_queue_drops_what_its_policy_says_and_counts_it(overflow: str, kept: list[int]) -> None:
    queue = queue_of(3, overflow)
    put(queue, *(Item(number) for number in range(5)))
    assert queue.dropped["queue_full"] == 2
    assert numbers(queue) == kept


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest", "block", "sample"])
def test_a_flood_of_lesser_records_drops_no_warning(overflow: str) -> None:
    queue = queue_of(8, overflow, block_seconds=0.001)
    put(queue, *(Item(number, WARN) for number in range(3)))
    put(queue, *(Item(number, DEBUG) for number in range(10, 60)))
    put(queue, *(Item(number, ERROR) for number in range(3, 6)))
    left = numbers(queue)
    assert [number for number in left if number < 10] == [0, 1, 2, 3, 4, 5]
    assert left == sorted(left[:3]) + left[3:], "the warnings that came first leave first"
    assert is_exact(queue)


@pytest.mark.parametrize(("overflow", "kept"), [("drop_oldest", [3, 4, 5]), ("drop_newest", [0, 1, 2])])
def test_where_nothing_less_waits_warnings_go_as_the_policy_says(overflow: str, kept: list[int]) -> None:
    queue = queue_of(3, overflow)
    put(queue, *(Item(number, ERROR) for number in range(6)))
    assert numbers(queue) == kept


def test_a_sample_keeps_all_until_half_full_then_fewer_and_fewer_of_the_lesser() -> None:
    queue = queue_of(100, "sample")
    put(queue, *(Item(number) for number in range(50)))
    assert queue.size == 50
    sizes = []
    for start in range(50, 850, 200):
        put(queue, *(Item(number) for number in range(start, start + 200)))
        sizes.append(queue.size)
    assert sizes == sorted(sizes)
    assert 50 < sizes[0] < 100
    gains = [after - before for before, after in zip([50, *sizes], sizes, strict=False)]
    assert gains[0] > gains[1] > 0
    put(queue, *(Item(number, ERROR) for number in range(1000, 1010)))
    assert queue.dropped["sampled"] > 600
    assert is_exact(queue)
    assert numbers(queue)[-10:] == list(range(1000, 1010))


def test_large_records_over_the_bound_in_bytes_go_the_oldest_first_and_small_ones_stay() -> None:
    queue = queue_of(100, max_bytes=1000)
    put(queue, Item(0), Item(1, extra_bytes=400), Item(2, ERROR, 400), Item(3), Item(4, extra_bytes=400))
    assert queue.weight == 800
    assert queue.dropped["queue_full"] == 1
    put(queue, Item(5, extra_bytes=5000))
    assert queue.weight == 400
    assert numbers(queue) == [0, 2, 3]
    assert queue.weight == 0
    assert is_exact(queue)


def test_a_large_record_that_leaves_before_its_caller_has_weighed_it_leaves_no_weight_behind() -> None:
    queue = queue_of(100)
    large = Item(0, extra_bytes=400)
    queue._line.recent.append(large)  # type: ignore[arg-type]  # as far as put() is when the worker comes in between
    assert queue.take(1) == [large]
    queue._attend(large)  # type: ignore[arg-type]
    assert queue.weight == 0


def test_block_waits_for_room_and_drops_nothing_when_it_comes() -> None:
    queue = queue_of(2, "block", block_seconds=10)
    put(queue, Item(0), Item(1))
    taker = threading.Timer(0.1, lambda: queue.take(1))
    taker.start()
    started = time.monotonic()
    put(queue, Item(2))
    assert 0.05 < time.monotonic() - started < 5
    taker.join()
    assert queue.dropped["queue_full"] == 0
    assert numbers(queue) == [1, 2]


def test_block_waits_no_longer_than_its_timeout_and_then_counts() -> None:
    queue = queue_of(2, "block", block_seconds=0.2)
    put(queue, Item(0), Item(1))
    waits = []
    for number in range(2, 5):
        started = time.monotonic()
        put(queue, Item(number))
        waits.append(time.monotonic() - started)
    assert min(waits) >= 0.19
    assert sorted(waits)[1] < 0.25, "the timeout and 50 ms"
    assert queue.dropped["queue_full"] == 3


def test_block_never_waits_on_a_thread_that_runs_an_event_loop() -> None:
    queue = queue_of(1, "block", block_seconds=30)

    async def log() -> float:
        started = time.monotonic()
        put(queue, Item(0), Item(1), Item(2))
        return time.monotonic() - started

    assert asyncio.run(log()) < 5
    assert queue.dropped["queue_full"] == 2


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest", "sample"])
@pytest.mark.parametrize("in_a_loop", [False, True])
def test_a_full_queue_drops_nothing_while_its_worker_is_about_to_take_records(overflow: str, in_a_loop: bool) -> None:
    queue = queue_of(2, overflow)
    put(queue, Item(0, WARN), Item(1, WARN))
    queue.patient_until = time.monotonic() + 30
    taker = threading.Timer(0.1, lambda: queue.take(1))
    taker.start()

    async def log() -> None:
        put(queue, Item(2, WARN))

    asyncio.run(log()) if in_a_loop else put(queue, Item(2, WARN))
    assert queue.dropped == {"queue_full": 0, "sampled": 0, "shutdown": 0}
    taker.join()
    assert numbers(queue) == [1, 2]


def waits_of(queue: RecordQueue) -> list[float]:
    """What callers wait from now on, in seconds; they do not wait in fact."""
    waits: list[float] = []
    queue._room.wait = waits.append  # type: ignore[method-assign, assignment]
    return waits


def test_a_full_queue_waits_for_no_worker_that_has_taken_nothing_for_long() -> None:
    queue = queue_of(2)
    waits = waits_of(queue)
    queue.patient_until = time.monotonic() - 0.001
    put(queue, *(Item(number) for number in range(100)))
    assert waits == []
    assert queue.dropped["queue_full"] == 98


def test_a_batch_that_leaves_makes_those_patient_who_wait_already() -> None:
    queue = queue_of(1)
    queue.patient_until = time.monotonic() + 20
    put(queue, Item(0))
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        queue.patient_until = time.monotonic() + (40 if len(waits) < 3 else -1)

    queue._room.wait = wait  # type: ignore[method-assign, assignment]
    put(queue, Item(1))
    assert [round(seconds, -1) for seconds in waits] == [20, 40, 40]
    assert queue.dropped["queue_full"] == 1


@pytest.mark.parametrize("overflow", ["drop_oldest", "block"])
def test_a_finalizer_that_logs_in_the_middle_of_the_queue_does_not_wait_there(overflow: str) -> None:
    queue = queue_of(1, overflow, block_seconds=30)
    waits = waits_of(queue)
    queue.patient_until = time.monotonic() + 30
    put(queue, Item(0))
    with queue.lock:
        put(queue, Item(1))
    assert waits == []
    assert queue.dropped["queue_full"] == 1


def test_threads_that_wait_for_room_are_let_go_when_the_queue_ends() -> None:
    queue = queue_of(1, "block", block_seconds=60)
    put(queue, Item(0))
    threads = [threading.Thread(target=put, args=(queue, Item(number))) for number in range(1, 4)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while queue.entered < 4:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    queue.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    put(queue, Item(9))
    assert queue.size == 0
    assert queue.dropped["shutdown"] == queue.entered == 5


def test_the_worker_is_woken_once_for_the_first_record_and_once_for_a_full_batch() -> None:
    wakes = []
    queue = RecordQueue(1000, lambda: wakes.append(queue.size))
    put(queue, Item(0))
    assert not queue.wakes_at(10), "there are not so many: the worker sleeps"
    put(queue, *(Item(number) for number in range(1, 500)))
    assert wakes == [1, 10]
    assert queue.wakes_at(10), "there are so many: it need not sleep"
    queue.take(1000)
    assert not queue.wakes_at(1)
    put(queue, Item(0))
    assert wakes == [1, 10, 1]


def test_the_age_of_the_oldest_record_is_known_within_what_was_noted() -> None:
    queue = queue_of(100)
    assert queue.oldest_since is None
    before = time.monotonic()
    put(queue, Item(0), Item(1))
    after = time.monotonic()
    assert before <= (queue.oldest_since or 0) <= after
    queue.take(1)
    put(queue, Item(2))
    queue.take(1)
    assert (queue.oldest_since or 0) >= after, "record 2 came after the first was taken"
    queue.take(1)
    assert not queue.wakes_at(1), "the worker sleeps"
    time.sleep(0.02)
    later = time.monotonic()
    put(queue, Item(3))
    assert (queue.oldest_since or 0) >= later


items = st.builds(
    Item,
    number=st.just(0),
    severity=st.sampled_from((0, DEBUG, INFO, WARN, ERROR)),
    extra_bytes=st.sampled_from((0, 0, 0, 30)),
)
steps = st.lists(st.one_of(items, st.integers(1, 5)), max_size=60)


@settings(max_examples=300, deadline=None)
@given(
    overflow=st.sampled_from(("drop_oldest", "drop_newest", "block", "sample")),
    capacity=st.integers(1, 8),
    steps=steps,
)
def test_order_bounds_and_accounts_hold_and_no_warning_goes_before_a_lesser_record(
    overflow: str, capacity: int, steps: list[Item | int]
) -> None:
    queue = queue_of(capacity, overflow, block_seconds=0.0, max_bytes=100)
    last_taken = -1
    waiting: list[Item] = []
    for number, step in enumerate(steps):
        if isinstance(step, int):
            batch = queue.take(step)
            assert batch == waiting[:step], "the oldest, in order"
            if batch:
                assert batch[0].number > last_taken  # type: ignore[union-attr]
                last_taken = batch[-1].number  # type: ignore[union-attr]
        else:
            item = Item(number, step.severity, step.extra_bytes)
            waiting.append(item)
            put(queue, item)
        line = queue._line
        left: list[Item] = [*line.spared, *line.recent]  # type: ignore[list-item]
        if not isinstance(step, int):
            gone = [one for one in waiting if one not in left]
            assert left == [one for one in waiting if one not in gone]
            for one in gone:
                if one.severity >= WARN:
                    rivals = [other for other in left if other.severity < WARN]
                    assert not rivals or (one.extra_bytes and not any(other.extra_bytes for other in rivals))
        waiting = left
        assert queue.size <= capacity
        assert queue.weight == sum(one.extra_bytes for one in left) <= 100
        assert is_exact(queue)


@settings(max_examples=15, deadline=None)
@given(
    overflow=st.sampled_from(("drop_oldest", "drop_newest", "block", "sample")),
    capacity=st.integers(1, 200),
    threads=st.integers(2, 4),
    seed=st.integers(0, 1000),
)
def test_accounts_are_exact_with_several_threads(overflow: str, capacity: int, threads: int, seed: int) -> None:
    queue = queue_of(capacity, overflow, block_seconds=0.001, max_bytes=2000)

    def log(thread: int) -> None:
        for number in range(300):
            mixed = hash((seed, thread, number))
            put(
                queue,
                Item(thread * 1000 + number, (DEBUG, INFO, WARN, ERROR)[mixed % 4], 100 if mixed % 17 == 0 else 0),
            )

    loggers = [threading.Thread(target=log, args=(thread,)) for thread in range(threads)]
    for logger in loggers:
        logger.start()
    taken: list[int] = []
    while any(logger.is_alive() for logger in loggers):
        taken += [item.number for item in queue.take(64)]  # type: ignore[union-attr]
    taken += numbers(queue)
    assert len(taken) == len(set(taken)), "no record twice"
    for thread in range(threads):
        own = [number for number in taken if number // 1000 == thread]
        assert own == sorted(own), "each thread's in order"
    assert queue.entered == threads * 300 == len(taken) + sum(queue.dropped.values())
    assert queue.weight == 0
