"""Child processes under opentelemetry-instrument: what they log until they end arrives, once."""

from __future__ import annotations

import pytest

from .conftest import Program
from .test_ending import AT_THE_END, black_hole, bodies

__all__ = ["black_hole"]

pytestmark = pytest.mark.slow

START = """
import concurrent.futures, logging, multiprocessing, os, signal, sys, threading, time

def work(number):
    logging.getLogger("shop").warning("child %d", number)
    return number

def fail():
    work(1); 1 / 0

def leave():
    work(1); sys.exit(6)

def leave_a_thread():
    threading.Thread(target=lambda: (time.sleep(0.5), work(1))).start()

def finalize():
    from multiprocessing.util import Finalize
    Finalize(None, work, args=(1,), exitpriority=-100)

def wait(ready):
    work(1); ready.set(); time.sleep(20)

def handle(ready):
    signal.signal(signal.SIGTERM, lambda *_: (work(1), sys.exit(8)))
    ready.set(); time.sleep(20)

def miss(ready):
    # The signal's handler is due while the main thread waits in C and is not interrupted, as another thread had it.
    work(1)
    threading.Timer(0.1, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM)).start()
    ready.set(); multiprocessing.Semaphore(0).acquire()

def loop(ready):
    # Others want what Python tells of signals for themselves, and warn where somebody has it.
    import asyncio
    print(signal.set_wakeup_fd(-1), flush=True)
    async def main():
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        ready.set(); await ended.wait(); work(1)
    asyncio.run(main()); sys.exit(9)

def fork(ready):
    # The signals of its own children are not the process's.
    work(1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(4)); os.write(writing, b"."); time.sleep(20)
    os.read(reading, 1); os.kill(child, signal.SIGTERM)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    time.sleep(0.3); ready.set(); time.sleep(20)

def main(context):
"""

MISSED = """
    ready = context.Event()
    process = context.Process(target=miss, args=[ready]); process.start(); ready.wait()
    process.join(5); print(process.exitcode); process.kill(); sys.stdout.flush()
"""

PROCESS = """
    process = context.Process(target={target}); process.start(); process.join(); print(process.exitcode)
"""

TERMINATED = """
    ready = context.Event()
    process = context.Process(target={target}, args=[ready]); process.start(); ready.wait(); process.terminate()
    process.join(); print(process.exitcode)
"""

KINDS = {
    "a process that raises": (PROCESS.format(target="fail"), 1, "1"),
    "a process that exits": (PROCESS.format(target="leave"), 1, "6"),
    "a process that leaves a thread": (PROCESS.format(target="leave_a_thread"), 1, "0"),
    "a finalizer": (PROCESS.format(target="finalize"), 1, "0"),
    "a process that is terminated": (TERMINATED.format(target="wait"), 1, "-15"),
    "a process that handles SIGTERM": (TERMINATED.format(target="handle"), 1, "8"),
    "a process that misses SIGTERM": (MISSED, 1, "-15"),
    "a process with an event loop": (TERMINATED.format(target="loop"), 1, "-1\n9"),
    "a process that terminates its own child": (TERMINATED.format(target="fork"), 1, "4\n-15"),
    "a pool that is closed": (
        "    pool = context.Pool(2); print(sum(pool.map(work, range(20)))); pool.close(); pool.join()\n",
        20,
        "190",
    ),
    "a pool that is terminated": (
        "    with context.Pool(2) as pool: print(sum(pool.map(work, range(20))))\n",
        20,
        "190",
    ),
    "an executor": (
        "    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:\n"
        "        print(sum(pool.map(work, range(20))))\n",
        20,
        "190",
    ),
}


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
@pytest.mark.parametrize(("source", "count", "printed"), [pytest.param(*case, id=name) for name, case in KINDS.items()])
def test_each_record_of_a_child_of_multiprocessing_arrives_once(
    program: Program, method: str, source: str, count: int, printed: str
) -> None:
    program_source = (
        START
        + source
        + (
            "\nif __name__ == '__main__':\n"
            "    logging.getLogger('shop').warning('parent before')\n"
            f"    main(multiprocessing.get_context({method!r}))\n"
            "    logging.getLogger('shop').warning('parent after')\n"
        )
    )
    bare = program.run(program_source, instrument=False)
    run = program.run(program_source, **AT_THE_END)
    assert (run.returncode, run.stdout) == (bare.returncode, bare.stdout) == (0, f"{printed}\n"), run.stderr
    children = [body for body in bodies(program) if str(body).startswith("child")]
    assert len(children) == count, run.stderr
    assert len(set(children)) == count
    assert [body for body in bodies(program) if str(body).startswith("parent")] == ["parent before", "parent after"]


def test_a_forked_process_that_flushes_may_end_as_hard_as_it_likes(program: Program) -> None:
    run = program.run(
        "import logging, os, logcapy\n"
        "handle = logcapy.configure()\n"
        "logging.warning('parent')\n"
        "for number in range(20):\n"
        "    if os.fork() == 0:\n"
        "        logging.warning('child %d', number)\n"
        "        os._exit(0 if handle.force_flush(5000) else 1)\n"
        "print([os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(20)] == [0] * 20)",
        **AT_THE_END,
    )
    assert run.stdout == "True\n", run.stderr
    assert sorted(map(str, bodies(program))) == sorted(["parent", *(f"child {number}" for number in range(20))])


def test_a_forked_process_that_exits_or_dies_of_sigterm_sends_what_it_has(program: Program) -> None:
    run = program.run(
        "import logging, os, signal, sys, time\n"
        "logging.warning('parent')\n"
        "for status in (0, 3, -15):\n"
        "    if os.fork() == 0:\n"
        "        logging.warning('child %d', status)\n"
        "        if status < 0: os.kill(os.getpid(), -status)\n"
        "        sys.exit(status)\n"
        "    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)\n",
        **AT_THE_END,
    )
    assert run.stdout == "0\n3\n-15\n", run.stderr
    assert bodies(program) == ["child 0", "child 3", "child -15", "parent"]


def test_a_process_that_is_terminated_while_it_is_forked_dies_of_it(program: Program) -> None:
    """The parent goes on before the child has begun, most times; Python forgets signals of before."""
    source = (
        "import os, signal, threading\n"
        "def end():\n"
        "    child = os.fork()\n"
        "    if child == 0: signal.alarm(5); threading.Lock().acquire() and threading.Event().wait()\n"
        "    os.kill(child, signal.SIGTERM)\n"
        "    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
        "print({end() for _ in range(50)}, signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    )
    run = program.run(source)
    assert (run.returncode, run.stdout) == (0, "{-15} set()\n"), run.stderr


@pytest.mark.parametrize("end", ["log.warning('child')", "log.warning('child'); os.kill(os.getpid(), 15)"])
def test_a_collector_that_hangs_delays_the_end_of_a_child_by_the_timeout_once(
    program: Program, black_hole: str, end: str
) -> None:
    run = program.run(
        "import logging, multiprocessing, os, time\n"
        "log = logging.getLogger('shop')\n"
        f"def work(): {end}\n"
        "child = multiprocessing.get_context('fork').Process(target=work)\n"
        "began = time.monotonic(); child.start(); child.join(); print(time.monotonic() - began, child.exitcode)",
        OTEL_EXPORTER_OTLP_ENDPOINT=black_hole,
        LOGCAPY_SHUTDOWN_TIMEOUT="2000",
        **AT_THE_END,
    )
    seconds, status = run.stdout.split()
    assert float(seconds) < 2.0 + 0.5 + 1.0
    assert int(status) == (-15 if "kill" in end else 0)
