"""Several processes on one folder: each has its own, and what a dead one leaves is taken over."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from logcapy.deliver.spool.clock import Clock

from .spool_trials import SOURCE, Accounts, drain

#: Stores frames that begin with its number, says so, tends, and says what it has taken over, until its input ends.
_PROCESS = """
import sys, select
from pathlib import Path
from logcapy.deliver.spool import Spool
from logcapy.deliver.spool.clock import Clock
import time
begin = time.monotonic()
spool = Spool(Path(sys.argv[1]), max_bytes=1 << 24, max_age_seconds=None, fsync="none", evict_oldest=True,
              lost=lambda reason, count: print("lost", count, flush=True),
              adopted=lambda count: print("adopted", count, flush=True),
              clock=Clock(lambda: begin + (time.monotonic() - begin) * 30))  # the 30 s between two looks are one here
for number in range(50):
    assert spool.append([(b"%s %d" % (sys.argv[2].encode(), number), 1)]) == 1
print("stored", flush=True)
while not select.select([sys.stdin], [], [], 0.05)[0]:
    spool.tend()
spool.close()
"""


def start(folder: Path, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PROCESS, str(folder), name],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_of_eight_processes_one_is_killed_and_exactly_one_other_takes_its_records_over(tmp_path: Path) -> None:
    folder = tmp_path / "otlp"
    processes = [start(folder, str(number)) for number in range(8)]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "stored\n"
        assert len(list(folder.iterdir())) == 8
        processes[0].kill()
        processes[0].wait()
        alive = {process.stdout: process for process in processes[1:]}
        adopters = select.select(list(alive), [], [], 30)[0]
        assert [adopter.readline() for adopter in adopters] == ["adopted 50\n"]
        assert select.select(list(alive), [], [], 1.5)[0] == []
        for process in processes[1:]:
            assert "lost" not in process.communicate("end\n", timeout=30)[0]
            assert process.returncode == 0
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    accounts = Accounts(folder)
    spool = accounts.open()
    read = [body.decode().split() for body, _ in drain(spool)]
    spool.close()
    assert len(read) == 8 * 50
    for name in map(str, range(8)):
        assert [int(number) for owner, number in read if owner == name] == list(range(50))


def test_what_a_living_process_has_is_not_taken_over(tmp_path: Path) -> None:
    living = Accounts(tmp_path / "otlp").open()
    living.append([(b"mine", 1)])
    accounts = Accounts(tmp_path / "otlp")
    other = accounts.open()
    assert drain(other) == []
    assert accounts.adopted == 0
    other.close()
    assert drain(living) == [(b"mine", 1)]
    living.close()


def test_an_orphan_is_looked_for_every_30_seconds(tmp_path: Path) -> None:
    now = [0.0]
    accounts = Accounts(tmp_path / "otlp")
    spool = accounts.open(clock=Clock(lambda: now[0], lambda: 1e9))
    dying = Accounts(tmp_path / "otlp").open()
    dying.append([(b"one", 4)])
    spool.tend()
    dying.close()
    now[0] = 29
    due = spool.tend()
    assert (accounts.adopted, due) == (0, 1)
    now[0] = 30
    spool.tend()
    assert accounts.adopted == 4
    spool.close()


def test_orphans_are_taken_over_as_far_as_there_is_room_and_the_others_when_there_is(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "otlp", max_bytes=64 * 1024)
    dying = [accounts.open(clock=Clock(lambda: 0.0, lambda begin=begin: 1e9 + begin)) for begin in range(3)]  # type: ignore[misc]
    for number, spool in enumerate(dying):
        spool.append([(b"%d" % number + bytes(30_000), 1)])
    for spool in dying:
        spool.close()
    spool = accounts.open()
    spool.tend()
    assert (accounts.adopted, spool.records) == (2, 2)
    assert [body[:1] for body, _ in drain(spool)] == [b"0", b"1"]
    assert [body[:1] for body, _ in drain(spool)] == [b"2"]
    assert accounts.lost == {}
    spool.close()
    assert list((tmp_path / "otlp").iterdir()) == []


def test_a_forked_child_leaves_the_parents_lock_alone_and_begins_its_own_spool(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "otlp")
    parent = accounts.open()
    parent.append([(b"parent", 1)])
    child = os.fork()
    if child == 0:
        code = 1
        try:
            parent.forget_in_child()
            own = accounts.open()
            own.tend()
            ours = accounts.adopted == 0 and parent.records == 0 and own.append([(b"child", 1)]) == 1
            own.close()
            code = 0 if ours else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sorted(drain(parent)) == [(b"child", 1), (b"parent", 1)]
    parent.close()


def test_a_lock_ends_with_the_parent_even_while_its_child_lives(tmp_path: Path) -> None:
    program = """
import os, sys, time
from pathlib import Path
from logcapy.deliver.spool import Spool
spool = Spool(Path(sys.argv[1]), max_bytes=1 << 24, max_age_seconds=None, fsync="none", evict_oldest=True,
              lost=print, adopted=print)
spool.append([(b"left", 1)])
if os.fork() == 0:
    spool.forget_in_child()
    print("child", flush=True)
    sys.stdin.read()
    os._exit(0)
time.sleep(60)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "otlp")],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "child\n"
    process.kill()  # the parent alone: its child reads on
    process.wait(30)
    spool = Accounts(tmp_path / "otlp").open()
    assert drain(spool) == [(b"left", 1)]
    spool.close()
    process.stdin.close()
    process.stdout.close()


@pytest.mark.parametrize("times", [1, 3])
def test_a_new_folder_that_another_takes_for_an_orphan_before_it_is_locked_is_made_again(
    tmp_path: Path, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, folders = [0.0], []
    other = Accounts(tmp_path / "otlp").open(clock=Clock(lambda: now[0]))
    make = os.mkdir

    def make_and_look(path: str, *arguments: int, dir_fd: int) -> None:
        make(path, *arguments, dir_fd=dir_fd)
        folders.append(tmp_path / "otlp" / path)
        if len(folders) <= times:
            now[0] += 30
            other.tend()
            assert not folders[-1].exists()

    monkeypatch.setattr(os, "mkdir", make_and_look)
    spool = Accounts(tmp_path / "otlp").open()
    assert spool.append([(b"one", 1)]) == 1
    assert [folder.exists() for folder in folders] == [False] * times + [True]
    for each in (spool, other):
        each.close()


def test_two_that_look_at_once_do_not_both_take_it(tmp_path: Path) -> None:
    dying = Accounts(tmp_path / "otlp").open()
    dying.append([(b"one", 1)])
    dying.close()
    one, two = Accounts(tmp_path / "otlp"), Accounts(tmp_path / "otlp")
    spools = one.open(), two.open()
    for spool in spools:
        spool.tend()
    assert one.adopted + two.adopted == 1
    assert drain(spools[0]) + drain(spools[1]) == [(b"one", 1)]
    for spool in spools:
        spool.close()
