"""Any interleaving of append, read, done, crash, loss of power and failures of the disk keeps the accounts exact."""

from __future__ import annotations

import errno
import os
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from logcapy.deliver.spool import Spool
from logcapy.deliver.spool.clock import Clock
from logcapy.deliver.spool.segment import Frame

from .spool_disk import MemoryDisk, Platter

FOLDER = Path("/spool/otlp")
CALLS = (
    *("create", "open", "write", "read", "truncate", "sync", "rename", "unlink"),
    *("names", "make_folder", "open_folder", "remove_folder", "open_lock"),
)


class Process:
    """One process with a spool, and what it should have in its accounts."""

    def __init__(self, machine: SpoolMachine) -> None:
        machine.now += 0.002  # names of folders begin with the time
        self.disk = MemoryDisk(machine.platter)
        self.lost: Counter[str] = Counter()
        self.in_and_out = 0
        self.hand: Frame | None = None
        self.last_read: dict[object, int] = {}
        self.spool = Spool(
            FOLDER,
            max_bytes=machine.max_bytes,
            max_age_seconds=None,
            fsync=machine.fsync,
            evict_oldest=machine.evicts,
            lost=lambda reason, count: self.lost.update({reason: count}),
            adopted=self._adopted,
            disk=self.disk,
            clock=Clock(lambda: machine.now, lambda: machine.now + 1e9),
        )

    def _adopted(self, count: int) -> None:
        assert count > 0
        self.in_and_out += count


class SpoolMachine(RuleBasedStateMachine):
    """The model: each frame that was stored and is not done must be read again, in order, or be counted as lost."""

    @initialize(
        fsync=st.sampled_from(["none", "interval", "batch"]),
        evicts=st.booleans(),
        max_bytes=st.sampled_from([20_000, 100_000]),
        seed=st.integers(0, 2**16),
    )
    def begin(self, fsync: str, evicts: bool, max_bytes: int, seed: int) -> None:
        self.platter = Platter(seed)
        disk = MemoryDisk(self.platter)
        disk.make_folder("/spool")
        disk.make_folder(str(FOLDER))
        for node in (self.platter.root, self.platter.root.names["spool"]):
            node.synced_names = dict(node.names)
        self.now = 100.0
        self.fsync, self.evicts, self.max_bytes = fsync, evicts, max_bytes
        self.outstanding: dict[bytes, int] = {}  # stored and not done
        self.unsafe: dict[bytes, int] = {}  # a loss of power may have taken them, and may not
        self.sent: set[bytes] = set()
        self.refused: set[bytes] = set()
        self.lost_before = 0
        self.cursor_may_be_stale = False
        self.bodies = 0
        self.stored_by: dict[bytes, Process] = {}
        self.processes = [Process(self)]

    def process(self, number: int) -> Process:
        if not self.processes:
            self.processes.append(Process(self))
        return self.processes[number % len(self.processes)]

    @rule(number=st.integers(0, 3), sizes=st.lists(st.tuples(st.integers(0, 6000), st.integers(1, 9)), max_size=4))
    def append(self, number: int, sizes: list[tuple[int, int]]) -> None:
        process = self.process(number)
        frames = []
        for size, count in sizes:
            self.bodies += 1
            frames.append((b"%08d" % self.bodies + b"x" * size, count))
            self.stored_by[frames[-1][0]] = process
        stored = process.spool.append(frames)
        process.in_and_out += stored
        for body, count in frames:
            if stored >= count:
                self.outstanding[body] = count
                stored -= count
            else:
                assert stored == 0, "a part of a frame was stored"
                assert process.spool.refused_because in ("spool_full", "spool_failed")
                self.refused.add(body)

    @rule(number=st.integers(0, 3), done=st.booleans())
    def read(self, number: int, done: bool) -> None:
        process = self.process(number)
        self.read_one(process, done)

    def read_one(self, process: Process, done: bool) -> bool:
        before = process.hand
        frame = process.spool.oldest()
        if frame is None:
            return False
        if before is not None and frame is not before:
            assert self.platter.failed["read"] or self.platter.failed["open"], "another frame before the first was done"
        process.hand = frame
        self.check_frame(frame)
        if frame is not before:
            order, number = self.stored_by[frame.body], int(frame.body[:8])
            assert process.last_read.get(order, 0) < number, "out of order"
            process.last_read[order] = number
        if done:
            process.spool.done(frame)
            process.in_and_out -= frame.count
            process.hand = None
            self.sent.add(frame.body)
            self.outstanding.pop(frame.body, None)
            self.unsafe.pop(frame.body, None)
        return True

    def check_frame(self, frame: Frame) -> None:
        if frame.body in self.outstanding:
            assert self.outstanding[frame.body] == frame.count
        elif frame.body in self.sent:
            assert self.cursor_may_be_stale, "a frame that was done is sent again"
        elif frame.body in self.refused:
            assert self.platter.failed, "a frame that was refused is sent"
        else:
            assert frame.body in self.unsafe, "a frame that nobody has stored"

    @rule(number=st.integers(0, 3), seconds=st.sampled_from([0.1, 0.6, 31.0]))
    def tend(self, number: int, seconds: float) -> None:
        self.now += seconds
        due = self.process(number).spool.tend()
        assert due is not None
        assert 0 <= due <= 30

    @rule()
    def start_another(self) -> None:
        if len(self.processes) < 3:
            self.processes.append(Process(self))

    @rule(number=st.integers(0, 3))
    def close(self, number: int) -> None:
        process = self.process(number)
        self.processes.remove(process)
        process.spool.close()
        self.check_accounts(process)
        self.lost_before += sum(process.lost.values())
        assert process.disk.open_descriptors == 0

    @rule(number=st.integers(0, 3))
    def kill(self, number: int) -> None:
        process = self.process(number)
        self.processes.remove(process)
        self.lost_before += sum(process.lost.values())
        process.disk.close_all()
        hand = process.hand
        if hand is not None and not any(hand.body in node.data for node in self.platter.files()):
            # Its segment was evicted while it was being sent: it was in memory alone.
            self.outstanding.pop(hand.body, None)

    @rule()
    def lose_power(self) -> None:
        while self.processes:
            self.kill(0)
        self.platter.lose_power()
        self.cursor_may_be_stale = True
        if self.fsync != "batch":
            self.unsafe.update(self.outstanding)
            self.outstanding.clear()

    @rule(
        call=st.sampled_from(CALLS),
        number=st.sampled_from([errno.EIO, errno.ENOSPC, errno.EROFS]),
        times=st.integers(1, 3),
    )
    def fail(self, call: str, number: int, times: int) -> None:
        self.platter.failures[call] = (number, times)
        self.cursor_may_be_stale = True

    @rule(room=st.integers(0, 9000))
    def fill(self, room: int) -> None:
        self.platter.capacity = self.platter.used() + room
        self.cursor_may_be_stale = True

    @rule()
    def make_space(self) -> None:
        self.platter.capacity = float("inf")

    @rule(size=st.sampled_from([1, 100, 5000, float("inf")]))
    def write_short(self, size: float) -> None:
        self.platter.write_bytes = size
        self.cursor_may_be_stale = True

    @invariant()
    def the_accounts_are_exact(self) -> None:
        for process in getattr(self, "processes", []):
            self.check_accounts(process)

    def check_accounts(self, process: Process) -> None:
        assert process.spool.records == process.in_and_out - sum(process.lost.values())
        assert process.spool.records >= 0

    def teardown(self) -> None:
        """On a disk that works again, all that is left is read, in the order in which each process has stored it."""
        if not hasattr(self, "processes"):
            return
        self.platter.failures.clear()
        self.platter.capacity = self.platter.write_bytes = float("inf")
        while self.processes:
            self.kill(0)
        last = Process(self)
        self.processes.append(last)
        for _ in range(100):
            self.now += 31
            last.spool.tend()
            while self.read_one(last, done=True):
                pass
            if not last.spool.records and len(self.platter.root.names["spool"].names["otlp"].names) == 1:
                break
        self.check_accounts(last)
        assert last.spool.records == 0
        lost = self.lost_before + sum(last.lost.values())
        missing = sum(self.outstanding.values())
        assert missing <= lost, f"{missing} records are missing, {lost} are counted as lost"
        last.spool.close()
        assert self.platter.used() == 0
        assert last.disk.open_descriptors == 0


SpoolMachine.TestCase.settings = settings(
    max_examples=int(os.environ.get("SPOOL_EXAMPLES", "60")),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnyInterleaving = SpoolMachine.TestCase
