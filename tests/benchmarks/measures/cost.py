"""What records cost: the caller, and the whole process until everything has left it."""

from __future__ import annotations

import gc
import time

from tests.benchmarks.drive import Moment, drive
from tests.benchmarks.memory_of_process import peak_bytes
from tests.benchmarks.setups import Opened
from tests.benchmarks.works import Work

#: Fewer than a batch, so that no queue is in the middle of one when measuring begins.
WARM_UP = 300
_PATIENCE_SECONDS, _LOOK_SECONDS = 20, 0.001


def measure(opened: Opened, work: Work, records: int) -> dict[str, float]:
    """Microseconds a record: the caller's clock and processor, all processor time, the clock in all; MiB at most."""
    call = opened.calls(work)
    drive(opened, call, work, WARM_UP)
    _let_all_arrive(opened, WARM_UP)
    gc.collect()
    share = drive(opened, call, work, records)
    _let_all_arrive(opened, WARM_UP + records)
    ended, began = Moment.now(), share.began
    each = 1e6 / records
    return {
        "caller_wall": share.wall * each,
        "caller_cpu": share.cpu * each,
        "all_cpu": (ended.processor - began.processor) * each,
        "whole": (ended.clock - began.clock) * each,
        "peak": peak_bytes() / 2**20,
        "sent": WARM_UP + records,
    }


def _let_all_arrive(opened: Opened, records: int) -> None:
    """Drain, and wait for what another thread is in the middle of."""
    opened.drain()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while opened.arrived is not None and opened.arrived() != records:
        assert time.monotonic() < deadline, f"{opened.arrived()} of {records} records have arrived"
        time.sleep(_LOOK_SECONDS)
