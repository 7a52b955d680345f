"""What becomes of more records in one go than the queue holds."""

from __future__ import annotations

from tests.benchmarks.drive import drive
from tests.benchmarks.setups import Opened
from tests.benchmarks.works import Work

from .cost import WARM_UP


def measure(opened: Opened, work: Work, records: int) -> dict[str, float]:
    """Microseconds a call takes; how many records were logged in all. Who counts what arrives sees what was lost."""
    call = opened.calls(work)
    drive(opened, call, work, WARM_UP)
    opened.drain()
    share = drive(opened, call, work, records)
    opened.drain()
    return {"call": share.wall * 1e6 / records, "logged": WARM_UP + records}
