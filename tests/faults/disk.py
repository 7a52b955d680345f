"""Rows 4 to 6 and 29: the disk."""

from __future__ import annotations

import errno
import random
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from logcapy.deliver.spool.clock import Clock
from servers.http import Answer, scripted_server
from tests.deliver.logging_to import bodies_of
from tests.deliver.spool_disk import MemoryDisk, Platter
from tests.deliver.spool_trials import Accounts, damage_trials, drain
from tests.deliver.test_spool_machine import SpoolMachine

from .figure import Measured, Scale, row
from .pipelines import scratch
from .programs import finish, start


@row(4, "Power loss", "at most one fsync interval (500 ms) is lost, with fsync=batch nothing")
def row_04(scale: Scale) -> Measured:
    lost = {fsync: [_lose_power(fsync, seed) for seed in range(scale.power_losses)] for fsync in ("interval", "batch")}
    oldest = max(age for age, _ in lost["interval"])
    wrong = sum(garbled for ages in lost.values() for _, garbled in ages)
    return Measured(
        f"{scale.power_losses} times each: what was stored in the last {oldest * 1000:.0f} ms at most is lost with "
        f"fsync=interval; with fsync=batch something is lost {sum(age > 0 for age, _ in lost['batch'])} times; "
        f"{wrong} records come back wrong",
        oldest <= 0.5 and not any(age for age, _ in lost["batch"]) and not wrong,
    )


def _lose_power(fsync: str, seed: int) -> tuple[float, int]:
    """Append every 10 ms until the power goes; returns the age of the oldest record that is gone, and wrong ones.

    The disk is in memory: of what was not synced any part may be there afterwards.
    """
    chance, platter = random.Random(seed), Platter(seed)
    MemoryDisk(platter).make_folder("/spool")
    platter.root.synced_names = dict(platter.root.names)
    now = [100.0]
    clock = Clock(lambda: now[0], lambda: now[0] + 1e9)
    accounts = Accounts(Path("/spool/otlp"), fsync=fsync)
    spool = accounts.open(disk=MemoryDisk(platter), clock=clock)
    stored: dict[bytes, float] = {}
    for number in range(chance.randint(1, 200)):
        body = b"%06d" % number + chance.randbytes(chance.randrange(3000))
        assert spool.append([(body, 1)]) == 1
        stored[body] = now[0]
        now[0] += 0.01
        spool.tend()  # the sender, which is woken by each append
    platter.lose_power()
    again = Accounts(Path("/spool/otlp"), fsync=fsync).open(disk=MemoryDisk(platter), clock=clock)
    found = {body for body, _ in drain(again)}
    gone = [now[0] - at for body, at in stored.items() if body not in found]
    return max(gone, default=0.0), len(found - stored.keys())


@row(5, "Spool: flipped bit, 4 KiB of zeros, truncated file", "only the touched frames are lost; read on; always start")
def row_05(scale: Scale) -> Measured:
    total: Counter[str] = Counter()
    with scratch() as folder:
        for kind in ("bit", "zeros", "truncated"):
            total += damage_trials(folder / kind, scale.damages, kind)
    return Measured(
        f"{total['trials']} of {3 * scale.damages} start; {total['lost']} of {total['stored']} records lost, "
        "all of them in touched frames, all counted",
        total["trials"] == 3 * scale.damages and total["stored"] == total["read"] + total["lost"],
    )


#: Logs with a spool on a disk of 1 MiB (or where a file may not be larger), which is full, read-only, and mended.
_FULL_DISK = """
import resource, subprocess
from tests.faults.pipelines import ours, until
url, folder, how = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
if how == "mount":
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
else:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
pipeline = ours(url, folder / "spool", delay_millis=5, overflow="drop_newest")
raised, counts = 0, {}

def log(word, count):
    global raised
    before = pipeline.dropped
    for number in range(count):
        try:
            pipeline.log(f"{word} {number} " + "x" * 500)
        except Exception:
            raised += 1
        if number % 50 == 0:
            time.sleep(0.02)
    until(lambda: not pipeline.stats.in_memory, 5)
    counts[word] = pipeline.dropped - before

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

if how == "mount":
    log("read-only", 100)
    subprocess.run(["mount", "-o", "remount,rw", folder], check=True)
    time.sleep(1.2)
    log("writable", 100)
    (folder / "ballast").write_bytes(bytes(600_000))
else:
    limit(65536)
log("full", 1500)
if how == "mount":
    (folder / "ballast").unlink()
else:
    limit(resource.RLIM_INFINITY)
time.sleep(1.2)
log("space", 100)
print("well", flush=True)
sys.stdin.readline()
until(lambda: pipeline.stats.exported + pipeline.dropped == pipeline.stats.emitted, 60, every=0.1)
stats = pipeline.stats
pipeline.shutdown()
report(raised=raised, counts=counts, exported=stats.exported, dropped=pipeline.dropped, emitted=stats.emitted,
       balances=pipeline.balances())
"""


@row(6, "ENOSPC, EIO, read-only spool", "nothing raised; counted; recovers by itself when space is back")
def row_06(_scale: Scale) -> Measured:
    how = "mount" if _may_mount() else "limit"
    wrapper = ("unshare", "--map-root-user", "--mount") if how == "mount" else ()
    with scripted_server() as server, scratch() as folder:
        server.answers = [Answer(503, {"Retry-After": "0"})]
        process = start(_FULL_DISK, server.url, folder, how, wrapper=wrapper)
        began = time.monotonic()
        assert process.stdout is not None
        process.stdout.readline()
        server.answers = [Answer()]
        found = finish(process, began).reported
        arrived = len({body for request in server.requests for body in bodies_of(request.body)})
    mended, errors = _after_io_errors()
    counts = found["counts"]
    mended_later = not counts.get("writable") and not counts["space"]
    exact = (
        found["balances"]
        and found["emitted"] == found["exported"] + found["dropped"]
        and (counts["full"] > 0 or how == "limit")
    )
    place = "a tmpfs of 1 MiB" if how == "mount" else "a limit of 64 KiB a file"
    dropped = ", ".join(f"{word} {count}" for word, count in counts.items())
    return Measured(
        f"{place}, dropped and counted: {dropped}; {found['exported']} delivered, {arrived} of them different; "
        f"after {mended} of {errors} EIO, ENOSPC, EROFS of single calls it stores again; {found['raised']} raised",
        exact and mended_later and not found["raised"] and mended == errors and arrived == found["exported"],
    )


def _may_mount() -> bool:
    unshare = shutil.which("unshare")
    command = [unshare or "false", "--map-root-user", "--mount", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _after_io_errors() -> tuple[int, int]:
    """After how many failures of a system call the spool stores again, and how many there were."""
    mended = total = 0
    for call in ("write", "create", "make_folder", "sync", "rename", "truncate", "open_folder"):
        for number in (errno.EIO, errno.ENOSPC, errno.EROFS):
            platter = Platter()
            MemoryDisk(platter).make_folder("/spool")
            now = [0.0]
            spool = Accounts(Path("/spool/otlp"), fsync="batch").open(
                disk=MemoryDisk(platter), clock=Clock(lambda now=now: now[0])
            )
            platter.failures[call] = (number, 3)
            platter.write_bytes = 10
            spool.append([(b"first", 1), (b"second", 1)])
            platter.failures.clear()
            platter.write_bytes = float("inf")
            now[0] += 2
            spool.tend()
            stored = spool.append([(b"after", 1)])
            mended += stored == 1 and (b"after", 1) in drain(spool)
            total += 1
    return mended, total


@row(
    29,
    "Any interleaving of append, read, done, rotate, crash, loss of power, full disk",
    "a state machine over a disk that fails holds the invariant",
)
def row_29(scale: Scale) -> Measured:
    steps = SpoolMachine.TestCase.settings.stateful_step_count
    run_state_machine_as_test(  # raises where it does not hold
        SpoolMachine,
        settings=settings(
            max_examples=scale.interleavings,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return Measured(f"{scale.interleavings} interleavings of up to {steps} steps, none breaks it", True)
