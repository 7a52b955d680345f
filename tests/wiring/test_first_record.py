"""What comes with the first record: imported by the thread that sends, whatever the application does meanwhile."""

from __future__ import annotations

import os

import pytest

from .conftest import Program

pytestmark = pytest.mark.slow

_FORK = """
import logging, os, signal, time
import logcapy
from logcapy._later import with_first_record

with_first_record("slow_part")
logcapy.configure()
logging.warning("of the parent")
began = os.path.join(os.path.dirname(__file__), "began")
while not os.path.exists(began):
    time.sleep(0.001)
child = os.fork()
if child == 0:
    signal.alarm(10)  # where it waits for a lock that nobody opens
    import slow_part
    logging.warning("of the child, %s", slow_part.whole)
    logcapy.configure().force_flush()
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
_SLOW_PART = """
import os, time
open(os.path.join(os.path.dirname(__file__), "began"), "w").close()
time.sleep(0.5)
whole = True
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_child_forked_in_the_middle_of_an_import_has_the_whole_module(program: Program) -> None:
    (program.folder / "slow_part.py").write_text(_SLOW_PART)
    run = program.run(_FORK, instrument=False)
    assert run.stdout == "0\n", run.stderr
    assert sorted(program.bodies) == ["of the child, True", "of the parent"]


_FORK_IN_C = """
import ctypes, os, signal, threading
from logcapy._later import importing

held = threading.Event()


def hold():
    with importing():
        held.set()
        threading.Event().wait()


threading.Thread(target=hold, daemon=True).start()
held.wait()
child = ctypes.PyDLL(None).fork()
if child == 0:
    ctypes.pythonapi.PyOS_AfterFork_Child()
    signal.alarm(10)
    with importing():
        os._exit(0)
os.write(1, b"%d" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_child_can_import_that_was_forked_without_asking_python_first(program: Program) -> None:
    """As uWSGI forks, whose hooks of Python run in the child alone."""
    run = program.run(_FORK_IN_C, instrument=False)
    assert (run.stdout, run.stderr) == ("0", "")


_REFUSED = """
import logging, sys, time
import logcapy


class NoFile:
    refuses = True

    def find_spec(self, name, path, target=None):
        if self.refuses and name in sys.argv[1:]:
            raise OSError(24, "Too many open files", name)


handle = logcapy.configure()
sys.meta_path.insert(0, no_file := NoFile())
sys.argv[1:] = [NAMES]
logging.warning("one")
time.sleep(0.5)
waiting = handle.stats()
no_file.refuses = False
logging.warning("two")
handle.force_flush()
print(waiting.in_memory, waiting.dropped, handle.stats().exported)
"""


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        ("logcapy.export.otlp", "had to begin again: OSError: [Errno 24] Too many open files"),
        ("logcapy.process.redact", "logcapy: worker_failed: [REDACTED]"),  # what cannot be searched is not shown
    ],
)
def test_records_wait_until_what_they_need_can_be_imported(program: Program, refused: str, told: str) -> None:
    run = program.run(_REFUSED.replace("NAMES", repr(refused)), instrument=False)
    assert run.stdout == "1 {} 2\n", run.stderr
    assert program.bodies == ["one", "two"]
    assert told in run.stderr
