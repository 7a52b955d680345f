"""Rows 3, 16 and 17: processes that are killed, forked, and share a folder."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

from servers.http import Answer, ScriptedServer, scripted_server
from tests.deliver.forks import fork_trials
from tests.deliver.spool_process_trials import kill_trials

from .figure import Measured, Scale, row
from .pipelines import all_bodies, ours, scratch, until
from .programs import run, start

#: Logs until it is killed; says how many records are on disk or exported, which are the first ones.
_LOGGING = """
from tests.faults.pipelines import ours, stock
kind, url, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
pipeline = ours(url, folder, max_queue_size=100_000) if kind == "ours" else stock(url)

def tell():
    while True:
        stats = pipeline.stats
        os.write(1, b"safe %d\\n" % (stats.exported + stats.on_disk))
        time.sleep(0.001)

if kind == "ours":
    threading.Thread(target=tell, daemon=True).start()
for number in range(1_000_000):
    pipeline.log(f"{os.getpid()} {number}")
    if number % 50 == 0:
        os.write(1, b"logged %d\\n" % number)
        time.sleep(0.002)
"""


@row(
    3,
    "kill -9 at random points, `always` spool",
    "every record that reached the spool is delivered after restart; duplicates only of what was in flight",
)
def row_03(scale: Scale) -> Measured:
    with scratch() as folder:
        spool = kill_trials(folder / "spool", scale.spool_kills)
    total: Counter[str] = Counter()
    for trial in range(scale.kills):
        total += _kill("ours", random.Random(trial).uniform(0.05, 0.6), fails=trial % 2 == 0)
    theirs = _kill("stock", 0.5, fails=True)
    return Measured(
        f"the spool killed {scale.spool_kills} times: {spool['missing']} of {spool['stored']} stored records missing, "
        f"{spool['twice']} sent again after they were done; all of LogCapy killed {scale.kills} times: "
        f"{total['missing']} of {total['safe']} missing, {total['twice']} twice, {total['in flight']} were in flight",
        spool["missing"] == spool["twice"] == total["missing"] == 0
        and total["safe"] > 0
        and total["twice"] <= total["in flight"],
        f"{theirs['logged'] - theirs['arrived']} of {theirs['logged']} lost",
    )


def _kill(kind: str, seconds: float, *, fails: bool) -> Counter[str]:
    """Kill a process that logs to a destination which fails or is slow, and let another one deliver what it left."""
    with scripted_server() as server, scratch() as folder:
        server.answers = [Answer(503, {"Retry-After": "60"})] if fails else [Answer(hang_seconds=0.02)]
        process = start(_LOGGING, kind, server.url, folder / "spool")
        said = _kill_after(process, seconds)
        in_flight = Counter(all_bodies(server.requests[-1:])) if server.requests else Counter[str]()
        before = Counter() if fails else Counter(all_bodies(server.requests))
        if fails:
            server.requests.clear()
        server.answers = [Answer()]
        if kind == "ours":
            _deliver_what_is_left(server, folder / "spool")
        arrived = Counter(all_bodies(server.requests))
        safe = {f"{process.pid} {number}" for number in range(said["safe"])}
        return Counter(
            {
                "safe": len(safe),
                "missing": len(safe - arrived.keys() - before.keys()),
                "twice": sum(count > 1 for count in arrived.values()),
                "in flight": len(in_flight),
                "logged": said["logged"],
                "arrived": len(arrived),
            }
        )


def _kill_after(process: subprocess.Popen[str], seconds: float) -> dict[str, int]:
    """Kill a process so long after it began to log; returns the last of each figure that it told."""
    assert process.stdout is not None
    pipe = process.stdout.fileno()
    output = os.read(pipe, 65536)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([pipe], [], [], left)[0]:
            output += os.read(pipe, 65536)
    process.kill()
    while part := os.read(pipe, 65536):
        output += part
    process.communicate()
    told = {"safe": 0, "logged": 0}
    for line in output.decode().split("\n")[:-1]:
        word, value = line.split()
        told[word] = int(value)
    return told


def _deliver_what_is_left(server: ScriptedServer, folder: Path) -> None:
    """Another process's pipeline with the same destination takes over what is on disk."""
    pipeline = ours(server.url, folder)
    assert until(lambda: pipeline.stats.emitted and not pipeline.stats.on_disk, 30)
    assert not pipeline.dropped
    pipeline.shutdown()


_FORKS = """
from tests.faults.pipelines import ours, stock
pipeline = (ours if sys.argv[1] == "ours" else stock)(sys.argv[2], delay_millis=50)
pipeline.log("parent")
for number in range(int(sys.argv[3])):
    child = os.fork()
    if child == 0:
        pipeline.log(f"child {number}")
        if sys.argv[4] == "flush":
            pipeline.flush(5)
        os._exit(0)
    os.waitpid(child, 0)
pipeline.flush(5)
pipeline.shutdown()
"""


@row(
    16,
    "os.fork while any lock is held; the child ends by os._exit after a flush",
    "no hang, no duplicate, each child's records delivered",
)
def row_16(scale: Scale) -> Measured:
    half = scale.forks // 2
    with scratch() as folder:
        fork_trials(half)  # raises where a child hangs, or its record does not arrive once
        fork_trials(scale.forks - half, folder / "spool")
    figures = []
    for flush in ("flush", "none"):
        with scripted_server() as server:
            ran = run(_FORKS, "stock", server.url, 20, flush, timeout=20)
            arrived = len({body for body in all_bodies(server.requests) if body.startswith("child")})
            figures.append(f"{arrived}" if ran.returncode == 0 else f"{arrived} (then one hangs)")
    return Measured(
        f"{scale.forks} forks while four threads log, half of them with a spool: none hangs, each child's record "
        "arrives once",
        True,
        f"of 20 children {figures[0]} arrive with a flush, {figures[1]} without",
    )


_SHARING = """
from tests.faults.pipelines import ours
pipeline = ours(sys.argv[1], Path(sys.argv[2]))
for number in range(50):
    pipeline.log(f"{sys.argv[3]} {number}")
while pipeline.stats.on_disk < 50:
    time.sleep(0.01)
print("stored", flush=True)
sys.stdin.readline()
pipeline.shutdown()
report(dropped=pipeline.dropped, balances=pipeline.balances())
"""


@row(
    17,
    "8 processes on one spool folder; one dies",
    "one owner per folder; its records are delivered by another ≤ 60 s later",
)
def row_17(_scale: Scale) -> Measured:
    with scripted_server() as server, scratch() as folder:
        server.answers = [Answer(503, {"Retry-After": "2"})]
        processes = [start(_SHARING, server.url, folder / "spool", number) for number in range(8)]
        try:
            for process in processes:
                assert process.stdout is not None
                assert process.stdout.readline() == "stored\n"
            owners = len(list((folder / "spool").glob("*/*-*-*")))
            processes[0].send_signal(signal.SIGKILL)
            server.requests.clear()
            server.answers = [Answer()]
            died = time.monotonic()
            until(lambda: len(set(all_bodies(server.requests))) == 400, 60, every=0.1)
            seconds = time.monotonic() - died
            arrived = Counter(all_bodies(server.requests))
            ends = [process.communicate("end\n", timeout=20)[0] for process in processes[1:]]
        finally:
            for process in processes:
                process.kill()
                process.communicate()
    twice = sum(count > 1 for count in arrived.values())
    return Measured(
        f"{owners} folders, {len(arrived)} of 400 records delivered, {twice} twice, those of the dead one after "
        f"{seconds:.0f} s",
        owners == 8
        and len(arrived) == 400
        and not twice
        and seconds <= 60
        and all('"dropped": 0, "balances": true' in end for end in ends),
    )
