"""SIGTERM: what waits is sent, and the program dies of it, or does with it what it does, as without LogCapy."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from servers.processes import RunningProcess, clean_environment, wait_until

from .conftest import Program
from .test_ending import AT_THE_END, PRELUDE, as_without_logcapy, bodies

pytestmark = pytest.mark.slow

DIES = {
    "in a sleep": "time.sleep(20)",
    "in a loop": "while True: pass",
    "in a lock without a timeout": "threading.Event().wait()",
    "in the end of a thread": "thread = threading.Thread(target=time.sleep, args=[20]); thread.start(); thread.join()",
    "while it waits for threads to exit": "threading.Thread(target=time.sleep, args=[20]).start()",
    "reading a pipe": "os.read(os.pipe()[0], 1)",
    "in an event loop": "asyncio.run(asyncio.sleep(20))",
    "in signal.pause": "signal.pause()",
    "in a program it waits for": "import subprocess as s; s.run(['sleep', '3'], stdout=s.DEVNULL, stderr=s.DEVNULL)",
    "after others have had the signal": (
        "async def main():\n"
        "  loop = asyncio.get_running_loop()\n"
        "  loop.add_signal_handler(signal.SIGTERM, print)\n"
        "  loop.remove_signal_handler(signal.SIGTERM)\n"
        "  await asyncio.sleep(20)\n"
        "asyncio.run(main())"
    ),
    "after a handler that restores the default": (
        "def handle(signum, frame):\n"
        "  log.info('handled')\n"
        "  signal.signal(signum, signal.SIG_DFL)\n"
        "  os.kill(os.getpid(), signum)\n"
        "  print('not reached')\n"
        "signal.signal(signal.SIGTERM, handle); time.sleep(20)"
    ),
    "twice": "os.kill(os.getpid(), signal.SIGTERM); time.sleep(20)",
}


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in DIES.items()])
def test_a_program_without_a_handler_dies_of_it_and_its_records_arrive(program: Program, source: str) -> None:
    run = as_without_logcapy(program, f"log.info('last'); signal_soon(signal.SIGTERM)\n{source}")
    assert run.returncode == -15
    assert bodies(program) == ["last", *(["handled"] if "handled" in source else [])], run.stderr
    assert run.seconds < 10


LIVES = {
    "a handler that exits": (
        "def handle(signum, frame):\n  log.info('handled'); sys.exit(7)\n"
        "signal.signal(signal.SIGTERM, handle); time.sleep(20)",
        7,
    ),
    "a handler that calls the one before": (
        "def handle(signum, frame):\n"
        "  log.info('handled')\n"
        "  if callable(before): before(signum, frame)\n"
        "  sys.exit(7)\n"
        "before = signal.signal(signal.SIGTERM, handle); print(before); time.sleep(20)",
        7,
    ),
    "a handler that calls the one before, past the signal module": (
        "import _signal\n"
        "def handle(signum, frame):\n"
        "  log.info('handled')\n"
        "  if callable(before): before(signum, frame)\n"
        "  sys.exit(7)\n"
        "before = _signal.signal(signal.SIGTERM, handle); time.sleep(20)",
        7,
    ),
    "a handler of the event loop": (
        "async def main():\n"
        "  ended = asyncio.Event()\n"
        "  asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)\n"
        "  await ended.wait()\n"
        "  log.info('handled')\n"
        "asyncio.run(main())",
        0,
    ),
    "a handler only where nobody has one": (
        "if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:\n"
        "  signal.signal(signal.SIGTERM, lambda *_: (log.info('handled'), sys.exit(7)))\n"
        "time.sleep(20)",
        7,
    ),
    "a signal that is ignored": (
        "print(signal.signal(signal.SIGTERM, signal.SIG_IGN)); time.sleep(1); log.info('handled')",
        0,
    ),
    "a signal that is waited for": (
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
        "os.kill(os.getpid(), signal.SIGTERM); signal.sigwait([signal.SIGTERM]); log.info('handled')",
        0,
    ),
}


@pytest.mark.parametrize(("source", "status"), [pytest.param(*case, id=name) for name, case in LIVES.items()])
def test_what_the_application_does_with_it_is_what_is_done(program: Program, source: str, status: int) -> None:
    soon = "" if "sigwait" in source else "signal_soon(signal.SIGTERM)\n"
    run = as_without_logcapy(program, soon + source)
    assert run.returncode == status
    assert bodies(program) == ["handled"], run.stderr


def test_wherever_it_strikes_a_program_that_logs_all_the_time_it_dies_in_time_without_losing_a_record(
    program: Program,
) -> None:
    """Each child is interrupted at another place, often while it holds a lock of LogCapy's or of logging's."""
    run = program.run(
        PRELUDE + "log.propagate = False\n"
        "for number in range(25):\n"
        "    reading, writing = os.pipe()\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        for count in range(1_000_000):\n"
        "            log.info('%d %d', number, count)\n"
        "            if count == 20: os.write(writing, b'.')\n"
        "    os.read(reading, 1); time.sleep(number / 1000)\n"
        "    began = time.monotonic(); os.kill(child, signal.SIGTERM)\n"
        "    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
        "    took = time.monotonic() - began\n"
        "    if status != -15 or took > 5: print('child', number, status, took)\n",
        OTEL_BLRP_MAX_QUEUE_SIZE="100000",
    )
    assert run.stdout == "", run.stderr
    numbers: dict[int, list[int]] = {}
    for body in bodies(program):
        child, count = map(int, str(body).split())
        numbers.setdefault(child, []).append(count)
    assert sorted(numbers) == list(range(25))
    for child, counts in numbers.items():
        assert counts == list(range(len(counts))), f"all that child {child} logged, in order"
        assert len(counts) > 20


def test_nobody_sees_a_handler_where_there_is_none_without_logcapy(program: Program) -> None:
    run = as_without_logcapy(
        program,
        "print(repr(signal.getsignal(signal.SIGTERM)), repr(signal.signal(signal.SIGTERM, signal.SIG_DFL)))\n"
        "print(repr(signal.getsignal(signal.SIGTERM)), signal.set_wakeup_fd(-1))\n"
        "try: signal.signal(signal.SIGTERM, 'no handler')\n"
        "except TypeError as error: print(error)\n"
        "try: signal.signal(9, signal.SIG_DFL)\n"
        "except OSError as error: print(error)\n"
        "threading.Thread(target=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL)).start()\n",
    )
    assert run.returncode == 0


def test_a_program_that_it_starts_has_the_default_action(program: Program) -> None:
    as_without_logcapy(
        program,
        "import subprocess\nchild = subprocess.Popen(['sleep', '20']); child.terminate(); print(child.wait())",
    )


def test_the_handler_goes_when_logcapy_is_ended(program: Program) -> None:
    run = program.run(
        "import signal, _signal, logcapy\n"
        "before = signal.signal, signal.getsignal\n"
        "handle = logcapy.configure()\n"
        "assert callable(_signal.getsignal(signal.SIGTERM))\n"
        "handle.shutdown()\n"
        "assert (signal.signal, signal.getsignal) == before\n"
        "assert _signal.getsignal(signal.SIGTERM) == signal.SIG_DFL",
        instrument=False,
    )
    assert run.returncode == 0, run.stderr


def test_configuring_in_another_thread_leaves_the_signal_alone(program: Program) -> None:
    run = program.run(
        "import signal, _signal, threading, logcapy\n"
        "thread = threading.Thread(target=logcapy.configure); thread.start(); thread.join()\n"
        "assert _signal.getsignal(signal.SIGTERM) == signal.SIG_DFL",
        instrument=False,
    )
    assert (run.returncode, run.said) == (0, []), run.stderr


@pytest.mark.parametrize("present", ["signal.SIG_IGN", "print"])
def test_what_was_set_before_logcapy_stays(program: Program, present: str) -> None:
    run = program.run(
        f"import signal, _signal\nsignal.signal(signal.SIGTERM, {present})\n"
        "import logcapy; handle = logcapy.configure()\n"
        f"assert _signal.getsignal(signal.SIGTERM) == {present}\n"
        "handle.shutdown()\n"
        f"assert _signal.getsignal(signal.SIGTERM) == {present}",
        instrument=False,
    )
    assert run.returncode == 0, run.stderr


def test_a_lock_that_the_interrupted_code_holds_does_not_keep_the_program_alive(program: Program) -> None:
    run = program.run(
        "import logging, logcapy, os, signal, threading, time\n"
        "from opentelemetry.sdk._logs import LogRecordProcessor\n"
        "lock = threading.Lock()\n"
        "class Locking(LogRecordProcessor):\n"
        "    def on_emit(self, log_record): pass\n"
        "    def shutdown(self): pass\n"
        "    def force_flush(self, timeout_millis=0):\n"
        "        with lock: return True\n"
        "logcapy.configure(Locking())\n"
        "with lock:\n"
        "    print(time.monotonic(), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    time.sleep(30)",
        instrument=False,
        LOGCAPY_SHUTDOWN_TIMEOUT="1000",
    )
    assert run.returncode == -15, run.stderr
    assert time.monotonic() - float(run.stdout) < 1.0 + 0.5 + 1.0


def _may_unshare() -> bool:
    unshare = shutil.which("unshare")
    return unshare is not None and subprocess.run([unshare, "--pid", "--fork", "true"], check=False).returncode == 0


@pytest.mark.skipif(not _may_unshare(), reason="needs the right to make a PID namespace")
def test_the_first_process_of_a_container_sends_and_goes_on_as_without_logcapy(
    program: Program, tmp_path: Path
) -> None:
    (tmp_path / "first.py").write_text(
        PRELUDE + "assert os.getpid() == 1\nlog.info('last'); print('ready', flush=True)\n"
        "time.sleep(1.5); log.info('still there'); time.sleep(20)"
    )
    process = RunningProcess(
        [
            "unshare",
            "--pid",
            "--fork",
            Path(sys.executable).with_name("opentelemetry-instrument"),
            sys.executable,
            str(tmp_path / "first.py"),
        ],
        clean_environment(
            OTEL_EXPORTER_OTLP_ENDPOINT=program.endpoint,
            OTEL_TRACES_EXPORTER="none",
            OTEL_METRICS_EXPORTER="none",
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            **AT_THE_END,
        ),
        tmp_path / "output",
    )
    try:
        wait_until(lambda: "ready" in process.stdout, 20, lambda: str(process))
        (first,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        subprocess.run(["kill", "-TERM", first], check=True)
        wait_until(lambda: bodies(program) == ["last"], 10, lambda: str(process))
        wait_until(lambda: "still there" in process.stdout, 10, lambda: str(process))
        subprocess.run(["kill", "-TERM", first], check=True)
        wait_until(lambda: bodies(program) == ["last", "still there"], 10, lambda: str(process))
        assert process.returncode is None
    finally:
        process.terminate()
