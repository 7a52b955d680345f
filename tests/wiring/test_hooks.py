"""Exceptions that nobody logs, each in a process of its own, beside the same program without LogCapy."""

from __future__ import annotations

import re
import socket
import textwrap
from dataclasses import dataclass

import pytest

from logcapy.render.received import Received

from .conftest import Program, Run

pytestmark = pytest.mark.slow

FATAL, ERROR = 21, 17
#: What LogCapy says, and opentelemetry-instrument where, as here, several configurators are installed.
NOT_THE_PROGRAMS = ("logcapy:", "Configuration of ")


@dataclass(frozen=True)
class Case:
    """A program, and what is told of it: one full record, the hook's own, or one that the hook's refers to."""

    name: str
    source: str
    scope: str
    severity: int = ERROR
    traced: bool = False
    message: str = "lost"
    frame: str = "in fail"


FAIL = """
import atexit, asyncio, gc, os, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from opentelemetry import trace
span = trace.get_tracer("program").start_as_current_span
def note(span):
    with open(os.environ["TRACE_FILE"], "w") as file:
        file.write(format(span.get_span_context().trace_id, "032x"))
def fail():
    raise LookupError("lost")
"""

CASES = [
    Case("main", "fail()", "logcapy.excepthook", FATAL),
    Case(
        "main in a span",
        """
        with span("work") as s:
            note(s)
            fail()
        """,
        "logcapy.excepthook",
        FATAL,
        traced=True,
    ),
    Case(
        "nested functions with a secret",
        """
        def inner():
            raise RuntimeError("card 4111 1111 1111 1111, password=hunter2")
        def outer():
            inner()
        with span("work") as s:
            note(s)
            outer()
        """,
        "logcapy.excepthook",
        FATAL,
        traced=True,
        message="card [REDACTED], password=[REDACTED]",
        frame="in inner",
    ),
    Case(
        "thread",
        """
        thread = threading.Thread(target=fail, name="picker")
        thread.start()
        thread.join()
        print("went on")
        """,
        "logcapy.threading",
    ),
    Case(
        "thread in a span",
        """
        def work():
            with span("work") as s:
                note(s)
                fail()
        thread = threading.Thread(target=work, name="picker")
        thread.start()
        thread.join()
        """,
        "logcapy.threading",
        traced=True,
    ),
    Case(
        "task nobody awaited",
        """
        async def work():
            with span("work") as s:
                note(s)
                fail()
        async def main():
            asyncio.create_task(work(), name="picker")
            await asyncio.sleep(0.01)
            gc.collect()
        asyncio.run(main())
        """,
        "logcapy.asyncio",
        traced=True,
    ),
    Case(
        "__del__",
        """
        class Held:
            def __del__(self):
                fail()
        with span("work") as s:
            note(s)
            held = Held()
            del held
        print("went on")
        """,
        "logcapy.unraisablehook",
        traced=True,
    ),
    Case(
        "loop callback",
        """
        async def main():
            loop = asyncio.get_running_loop()
            with span("work") as s:
                note(s)
                loop.call_soon(fail)
            await asyncio.sleep(0.01)
        asyncio.run(main())
        """,
        "logcapy.asyncio",
        traced=True,
    ),
    Case(
        "loop callback with the application's own handler",
        """
        async def main():
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda loop, context: print("own:", context["exception"]))
            with span("work") as s:
                note(s)
                loop.call_soon(fail)
            await asyncio.sleep(0.01)
        asyncio.run(main())
        """,
        "logcapy.asyncio",
        traced=True,
    ),
    Case(
        "executor future nobody asked",
        """
        with ThreadPoolExecutor() as pool, span("work") as s:
            note(s)
            pool.submit(fail)
        """,
        "logcapy.futures",
        traced=True,
    ),
    Case(
        "executor future that is kept to the end",
        """
        with ThreadPoolExecutor() as pool, span("work") as s:
            note(s)
            future = pool.submit(fail)
        """,
        "logcapy.futures",
        traced=True,
    ),
    Case(
        "executor future that a forked child has a copy of",
        """
        pool = ThreadPoolExecutor()
        future = pool.submit(fail)
        pool.shutdown()
        child = os.fork()
        if not child:
            sys.exit()
        os.waitpid(child, 0)
        """,
        "logcapy.futures",
    ),
    Case("atexit", "atexit.register(fail)", "logcapy.unraisablehook"),
    Case(
        "forked child",
        """
        child = os.fork()
        if not child:
            fail()
        os.waitpid(child, 0)
        """,
        "logcapy.excepthook",
        FATAL,
    ),
]


def source_of(case: Case) -> str:
    return FAIL + textwrap.dedent(case.source)


def without_own_words(run: Run) -> str:
    lines = [line for line in run.stderr.splitlines() if not line.startswith(NOT_THE_PROGRAMS)]
    return re.sub(r"0x[0-9a-f]+", "0x", "\n".join(lines))


def full(records: list[Received]) -> list[Received]:
    return [record for record in records if "exception.stacktrace" in record.attributes]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_exception_nobody_logs_is_one_full_record_and_the_program_ends_as_without_logcapy(
    program: Program, case: Case
) -> None:
    trace_file = program.folder / "trace"
    plain = program.run(source_of(case), instrument=False, TRACE_FILE=str(trace_file))
    assert program.records == []
    trace_file.unlink(missing_ok=True)

    run = program.run(source_of(case), TRACE_FILE=str(trace_file))

    assert (run.returncode, run.stdout, without_own_words(run)) == (
        plain.returncode,
        plain.stdout,
        without_own_words(plain),
    )
    (whole,) = full(program.records)
    assert whole.attributes["exception.type"] in ("LookupError", "RuntimeError")
    assert whole.attributes["exception.message"] == case.message
    assert case.frame in str(whole.attributes["exception.stacktrace"])
    assert "logcapy/capture" not in str(whole.attributes["exception.stacktrace"])
    (record,) = (record for record in program.records if record.scope_name == case.scope)
    assert record == whole or record.attributes["logcapy.exception.reference"] == whole.attributes["log.record.uid"]
    assert (record.event_name, record.severity_number) == ("exception", case.severity)
    assert {one.trace_id for one in program.records} == {trace_file.read_text() if case.traced else ""}
    assert "4111 1111" not in str(program.records)
    assert "hunter2" not in str(program.records)


def test_what_the_interpreter_knows_of_the_place_is_told(program: Program) -> None:
    for name in ("thread", "__del__", "atexit"):
        program.run(source_of(next(case for case in CASES if case.name == name)), TRACE_FILE="/dev/null")
    thread, finalizer, at_exit = full(program.records)
    assert thread.attributes["thread.name"] == "picker"
    assert isinstance(thread.attributes["thread.id"], int)
    assert finalizer.attributes["logcapy.unraisable.object"] == "__main__.Held.__del__"
    assert finalizer.attributes["logcapy.unraisable.message"] == "Exception ignored in"
    assert "atexit" in str(at_exit.attributes["logcapy.unraisable.message"])


def test_a_program_that_is_interrupted_or_exits_tells_nothing(program: Program) -> None:
    for ending, code in (("raise KeyboardInterrupt", -2), ("sys.exit(3)", 3), ("sys.exit('bye')", 1)):
        assert program.run("import sys\n" + ending).returncode == code
    assert program.records == []


def test_a_hook_that_the_application_sets_later_wins_and_may_chain(program: Program) -> None:
    source = """
    import sys
    before = sys.excepthook
    def hook(kind, value, trace):
        print("own", value)
        before(kind, value, trace)
    sys.excepthook = hook
    raise LookupError("lost")
    """
    run = program.run(textwrap.dedent(source))
    assert run.stdout == "own lost\n"
    assert len(full(program.records)) == 1


def test_a_finalizer_that_fails_while_the_interpreter_ends_makes_no_noise_of_ours(program: Program) -> None:
    source = """
    class Held:
        def __del__(self):
            raise LookupError("lost")
    held = Held()
    held.itself = held
    import builtins
    builtins.held = Held()
    """
    plain = program.run(textwrap.dedent(source), instrument=False)
    run = program.run(textwrap.dedent(source))
    assert without_own_words(run) == without_own_words(plain)
    assert run.said == [line for line in run.said if "takes the place" in line]


def test_the_record_of_the_end_has_left_before_the_next_hook_is_called(program: Program) -> None:
    source = """
    import os, sys
    import logcapy
    sys.excepthook = lambda *_: os._exit(7)
    logcapy.configure()
    raise LookupError("lost")
    """
    run = program.run(textwrap.dedent(source), instrument=False)
    assert run.returncode == 7
    assert len(full(program.records)) == 1, run.stderr


def test_an_uncaught_exception_waits_for_a_collector_that_hangs_no_longer_than_its_deadline(program: Program) -> None:
    with socket.socket() as black_hole:
        black_hole.bind(("127.0.0.1", 0))
        black_hole.listen()
        endpoint = f"http://127.0.0.1:{black_hole.getsockname()[1]}"
        run = program.run("fail()", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, LOGCAPY_SHUTDOWN_TIMEOUT="1500")
    assert run.returncode == 1
    assert run.seconds < 2 * 1.5 + 8, "the hook's deadline, the exit's, and an interpreter's start"
    assert "NameError" in run.stderr


def test_switched_off_no_hook_is_set(program: Program) -> None:
    source = """
    import sys, threading, asyncio
    from concurrent.futures import Future
    print(sys.excepthook is sys.__excepthook__, sys.unraisablehook is sys.__unraisablehook__,
          threading.excepthook is threading.__excepthook__, "_exception" in vars(Future),
          asyncio.BaseEventLoop.call_exception_handler.__module__)
    """
    expected = "True True True False asyncio.base_events\n"
    assert program.run(textwrap.dedent(source), LOGCAPY_ENABLED="false").stdout == expected
    shut_down = "import logcapy; logcapy.configure().shutdown()\n" + textwrap.dedent(source)
    assert program.run(shut_down).stdout == expected
