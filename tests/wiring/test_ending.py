"""A program ends, in any of the ways there are: what it logged last arrives, and it ends as it does without LogCapy."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from .conftest import Program, Run

pytestmark = pytest.mark.slow

#: Nothing is sent before the end.
AT_THE_END = {"OTEL_BLRP_SCHEDULE_DELAY": "60000"}

#: What each program starts with. Without LogCapy the same source runs as it is.
PRELUDE = """
import asyncio, atexit, concurrent.futures, logging, os, signal, sys, threading, time, weakref
logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.INFO)
log = logging.getLogger("shop")

def signal_soon(*signals, seconds=0.3):
    def send():
        time.sleep(seconds)
        for one in signals:
            os.kill(os.getpid(), one)
    threading.Thread(target=send, daemon=True).start()

"""

#: Name, source, records, exit status.
EXITS = [
    ("the end of the script", "log.info('last')", ["last"], 0),
    ("sys.exit", "log.info('last'); sys.exit(3)", ["last"], 3),
    ("SystemExit with a text", "log.info('last'); sys.exit('no')", ["last"], 1),
    ("an uncaught exception", "log.info('last'); 1 / 0", ["last", "uncaught exception"], 1),
    (
        "an atexit callback that logs",
        "atexit.register(log.info, 'callback'); log.info('last')",
        ["last", "callback"],
        0,
    ),
    (
        "an atexit callback that exits",
        "atexit.register(log.info, 'later'); atexit.register(sys.exit, 4); atexit.register(log.info, 'callback')",
        ["callback", "exception ignored", "later"],
        0,
    ),
    (
        "a finalizer",
        "class Shop: pass\nshop = Shop(); weakref.finalize(shop, log.info, 'closed')",
        ["closed"],
        0,
    ),
    (
        "a pool of threads that is still busy",
        "pool = concurrent.futures.ThreadPoolExecutor(1)\npool.submit(lambda: (time.sleep(0.3), log.info('worked')))",
        ["worked"],
        0,
    ),
    (
        "a callback of threading's own shutdown",
        "threading._register_atexit(log.info, 'threads end'); log.info('last')",
        ["last", "threads end"],
        0,
    ),
    (
        "a thread that outlives the script",
        "threading.Thread(target=lambda: (time.sleep(0.3), log.info('thread'))).start(); log.info('last')",
        ["last", "thread"],
        0,
    ),
    (
        "a daemon thread that never ends",
        "threading.Thread(target=lambda: [log.info('d'), time.sleep(60)], daemon=True).start()\n"
        "time.sleep(0.2); log.info('last')",
        ["d", "last"],
        0,
    ),
    ("Ctrl-C", "log.info('last'); signal_soon(signal.SIGINT); time.sleep(20)", ["last"], -2),
    (
        "Ctrl-C that is caught",
        "signal_soon(signal.SIGINT)\ntry: time.sleep(20)\nexcept KeyboardInterrupt: log.info('caught'); sys.exit(5)",
        ["caught"],
        5,
    ),
    (
        "Ctrl-C in asyncio.run",
        "async def main():\n  try:\n    await asyncio.sleep(20)\n  finally:\n    log.info('cancelled')\n"
        "signal_soon(signal.SIGINT); asyncio.run(main())",
        ["cancelled"],
        -2,
    ),
]


def as_without_logcapy(program: Program, source: str, **env: str) -> Run:
    """Run a program with and without LogCapy, and see that it ended the same."""
    bare = program.run(PRELUDE + source, instrument=False, **env)
    assert program.records == []
    run = program.run(PRELUDE + source, **AT_THE_END, **env)
    assert run.returncode == bare.returncode, run.stderr
    assert run.stdout == bare.stdout
    return run


def bodies(program: Program) -> list[object]:
    return [body for body in program.bodies if not str(body).startswith("Configuration of configurator")]


@pytest.mark.parametrize(("source", "expected", "status"), [pytest.param(*case, id=name) for name, *case in EXITS])
def test_what_is_logged_until_the_interpreter_exits_arrives(
    program: Program, source: str, expected: list[str], status: int
) -> None:
    run = as_without_logcapy(program, source)
    assert run.returncode == status
    assert bodies(program) == expected, run.stderr


def test_callbacks_that_were_registered_before_logcapy_have_their_records_sent_too(program: Program) -> None:
    run = program.run(
        "import atexit, logging\n"
        "atexit.register(logging.warning, 'registered first')\n"
        "atexit.register(logging.warning, 'registered second')\n"
        "import logcapy; logcapy.configure()\n"
        "atexit.register(logging.warning, 'registered last')\n"
        "logging.warning('last')",
        instrument=False,
        **AT_THE_END,
    )
    assert run.returncode == 0
    assert bodies(program) == ["last", "registered last", "registered second", "registered first"], run.stderr
    assert run.said == []


@pytest.fixture
def black_hole() -> Iterator[str]:
    """The endpoint of a Collector that takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


#: Where several moments of one end follow one another, each of which flushes.
HANGING = [
    ("the end of the script", "", 0),
    ("an uncaught exception", "1 / 0", 1),
    ("callbacks that log", "atexit.register(log.info, 'callback')", 0),
    ("SIGTERM", "os.kill(os.getpid(), signal.SIGTERM); time.sleep(20)", -15),
    ("SIGTERM twice", "signal_soon(signal.SIGTERM, seconds=0.5); os.kill(os.getpid(), signal.SIGTERM)", -15),
    ("SIGTERM while the interpreter exits", "signal_soon(signal.SIGTERM, seconds=1)", -15),
    ("SIGTERM at another moment of the end", "signal_soon(signal.SIGTERM, seconds=1)\n1 / 0", -15),
]


@pytest.mark.parametrize(("source", "status"), [pytest.param(*case, id=name) for name, *case in HANGING])
def test_a_collector_that_hangs_delays_the_end_by_the_timeout_once(
    program: Program, black_hole: str, source: str, status: int
) -> None:
    run = program.run(
        f"{PRELUDE}log.info('last')\nprint('now', time.monotonic(), flush=True)\n{source}",
        OTEL_EXPORTER_OTLP_ENDPOINT=black_hole,
        LOGCAPY_SHUTDOWN_TIMEOUT="3000",
        **AT_THE_END,
    )
    ended = time.monotonic()
    began = next(float(line.split()[1]) for line in run.stdout.splitlines() if line.startswith("now"))
    assert run.returncode == status, run.stderr
    assert ended - began < 2 * 3.0, "the timeout once, and the interpreter's own end on a busy machine"
    assert any("not delivered" in line for line in run.said), run.stderr
    assert "ValueError" not in run.stderr, "nothing of LogCapy's failed on the way"


@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), signal.SIGTERM); time.sleep(20)"])
def test_what_was_lost_before_is_told_at_the_end_where_all_else_arrives(program: Program, end: str) -> None:
    run = program.run(
        f"{PRELUDE}for number in range(5): log.info('x' * 10_000)\nlog.info('last')\n{end}",
        LOGCAPY_MAX_QUEUE_BYTES="1000",
        **AT_THE_END,
    )
    assert program.bodies == ["last"]
    assert any("5 of 6 records were not delivered: queue_full 5" in line for line in run.said), run.stderr
    assert any("the queue is full" in line and "LOGCAPY_MAX_QUEUE_BYTES (1000)" in line for line in run.said)


def test_a_destination_that_hangs_costs_another_none_of_its_time(program: Program, black_hole: str) -> None:
    run = program.run(
        "import logging, logcapy, time\n"
        "from logcapy.export.otlp_http import OTLPHttpLogRecordExporter\n"
        "from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult\n"
        "class Prompt(LogRecordExporter):\n"
        "    def export(self, batch):\n"
        "        print(len(batch), time.monotonic() - began)\n"
        "        return LogRecordExportResult.SUCCESS\n"
        "    def shutdown(self): pass\n"
        "    def force_flush(self, timeout_millis=0): return True\n"
        "logcapy.configure([OTLPHttpLogRecordExporter(), Prompt()])\n"
        "for number in range(100): logging.warning('%d', number)\n"
        "began = time.monotonic()",
        instrument=False,
        OTEL_EXPORTER_OTLP_ENDPOINT=black_hole,
        LOGCAPY_SHUTDOWN_TIMEOUT="3000",
        **AT_THE_END,
    )
    count, seconds = run.stdout.split()
    assert int(count) == 100
    assert float(seconds) < 1.5, "while the first one hangs, not after"


def test_two_destinations_that_hang_delay_the_end_by_the_timeout_once(program: Program, black_hole: str) -> None:
    run = program.run(
        "import logging, logcapy, time\n"
        "from logcapy.export.otlp_http import OTLPHttpLogRecordExporter as Exporter\n"
        "logcapy.configure([Exporter(), Exporter()])\n"
        "logging.warning('last')\n"
        "print(time.monotonic())",
        instrument=False,
        OTEL_EXPORTER_OTLP_ENDPOINT=black_hole,
        LOGCAPY_SHUTDOWN_TIMEOUT="3000",
        **AT_THE_END,
    )
    assert time.monotonic() - float(run.stdout) < 2 * 3.0
    assert any("not delivered" in line for line in run.said), run.stderr
