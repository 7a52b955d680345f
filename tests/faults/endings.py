"""Rows 18 and 19: the process ends, and a thread does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, LogRecordExportResult

from logcapy.types import Operation
from servers.http import Answer, scripted_server

from .figure import Measured, Scale, row
from .pipelines import Pipeline, ours, scratch, stock, until
from .programs import Ran, run

_TIMEOUT_SECONDS = 2.0
#: What the interpreter itself and this machine may take, beyond the 0.5 s of the criterion.
_INTERPRETER_SECONDS = 0.5

_ENDING = """
kind, url, folder, how = sys.argv[1:5]
if kind == "ours":
    import logcapy
    from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
    handle = logcapy.configure(OTLPHttpLogRecordExporter(url + "/v1/logs"), spool_dir=folder, spool="overflow",
                               shutdown_timeout=2000)
elif kind == "stock":
    from tests.faults.pipelines import stock
    from opentelemetry.sdk._logs import LoggerProvider
    pipeline = stock(url)
    atexit.register(pipeline.provider.shutdown)  # as a LoggerProvider does it by default
    logging.getLogger().addHandler(pipeline.logger().handlers[0])
log = logging.getLogger("shop"); log.setLevel(logging.INFO)
for number in range(1500):
    log.info("record %d", number)
time.sleep(0.3)
print("ends", time.monotonic(), flush=True)
"""

#: How each program ends; the last line is what it does.
ENDINGS = {
    "normal exit": "",
    "sys.exit(3)": "sys.exit(3)",
    "SystemExit in a callback of atexit": "atexit.register(lambda: sys.exit(4))",
    "a daemon thread alive": "threading.Thread(target=lambda: [log.info('d'), time.sleep(60)], daemon=True).start()",
    "SIGTERM": "os.kill(os.getpid(), signal.SIGTERM); time.sleep(20)",
    "SIGTERM with a handler of its own": (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); os.kill(os.getpid(), signal.SIGTERM); time.sleep(20)"
    ),
    "SIGINT": "os.kill(os.getpid(), signal.SIGINT); time.sleep(20)",
}


@row(
    18,
    "Normal exit, SIGTERM, SIGINT, SystemExit, exit inside atexit, daemon threads alive; the destination hangs",
    "end ≤ shutdown timeout + 0.5 s, the rest on disk; exit code unchanged",
)
def row_18(_scale: Scale) -> Measured:
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(_end, ENDINGS.values()))
        theirs = list(pool.map(partial(_seconds_of, "stock", timeout=12), ("", ENDINGS["SIGTERM"])))
    slowest = max(seconds for seconds, _, _ in found)
    codes = sum(same for _, _, same in found)
    kept = sum(records >= 1500 for _, records, _ in found)
    stock_seconds, stock_codes = [seconds for seconds, _ in theirs], [ran.returncode for _, ran in theirs]
    took = f"{stock_seconds[0]:.0f} s" if stock_codes[0] is not None else "more than 12 s"
    return Measured(
        f"{len(found)} ends with a timeout of {_TIMEOUT_SECONDS:.0f} s: {slowest:.1f} s at most; the 1,500 records on "
        f"disk after {kept}; exit code unchanged by {codes}",
        kept == codes == len(found) and slowest <= _TIMEOUT_SECONDS + 0.5 + _INTERPRETER_SECONDS,
        f"a normal exit takes {took}; SIGTERM {stock_seconds[1]:.1f} s, nothing is sent or kept",
    )


def _end(ending: str) -> tuple[float, int, bool]:
    """How long an end takes, how many records the next process finds, and whether the exit code is the program's."""
    with scratch() as folder:
        seconds, ran = _seconds_of("ours", ending, str(folder / "spool"))
        _, bare = _seconds_of("bare", ending)
        with scripted_server() as server:
            # A destination is known by its address: what is counted here is what lies on disk.
            records = run(_COUNT, folder / "spool").reported["records"]
        assert server.requests == []
        return seconds, records, ran.returncode == bare.returncode


def _seconds_of(kind: str, ending: str, folder: str = "", timeout: float = 60) -> tuple[float, Ran]:
    with scripted_server() as server:
        server.answers = [Answer(hang_seconds=3600)]
        ran = run(_ENDING + ending, kind, server.url, folder, "", timeout=timeout)
    began = next(float(line.split()[1]) for line in ran.stdout.splitlines() if line.startswith("ends"))
    return ran.ended - began, ran


_COUNT = """
from tests.deliver.spool_trials import Accounts, drain
records = 0
for folder in Path(sys.argv[1]).iterdir():
    accounts = Accounts(folder)
    spool = accounts.open()
    records += sum(count for _, count in drain(spool))
    spool.close()
report(records=records)
"""


class _Ending(InMemoryLogRecordExporter):
    """Ends the thread that calls it, once."""

    ended = False

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        if not self.ended:
            self.ended = True
            raise SystemExit
        return super().export(batch)


@row(19, "Worker thread dies (SystemExit in an exporter, or where nobody expects it)", "goes on ≤ 1 s later, counted")
def row_19(_scale: Scale) -> Measured:
    exporter, other, theirs = _Ending(), InMemoryLogRecordExporter(), _Ending()
    mine, unexpected, stock_one = ours("", exporter=exporter), ours("", exporter=other), stock("", exporter=theirs)
    seconds = max(_seconds_until_next(mine, exporter), _seconds_until_next(unexpected, other, break_worker=True))
    stock_seconds = _seconds_until_next(stock_one, theirs)
    counted = mine.dropped == 1 and mine.balances() and unexpected.queue.restarts == 1 and unexpected.balances()
    for pipeline in (mine, unexpected):
        pipeline.shutdown()
    return Measured(
        f"the next record is delivered {seconds:.2f} s later, what was in hand and the restart are counted"
        if counted
        else f"{mine.stats}, {unexpected.stats}, {unexpected.queue.restarts} restarts",
        seconds <= 1 and counted,
        "stays dead" if stock_seconds == float("inf") else f"{stock_seconds:.2f} s later",
    )


def _seconds_until_next(
    pipeline: Pipeline, exporter: InMemoryLogRecordExporter, *, break_worker: bool = False
) -> float:
    """Let the thread end, then log another record; how long it takes to arrive."""
    if break_worker:
        pipeline.queue.observe = _end_thread_once()  # type: ignore[attr-defined]
    pipeline.log("dies")
    time.sleep(0.3)
    started = time.monotonic()
    pipeline.log("next")
    arrived = until(lambda: any(one.log_record.body == "next" for one in exporter.get_finished_logs()), 3)
    return time.monotonic() - started if arrived else float("inf")


def _end_thread_once() -> object:
    told: list[Operation] = []

    def observe(operation: Operation) -> None:
        told.append(operation)
        if len(told) == 1:
            raise SystemExit

    return observe
