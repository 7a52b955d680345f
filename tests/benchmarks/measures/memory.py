"""What waiting records hold while their destination does not answer."""

from __future__ import annotations

import gc
import sys

from tests.benchmarks.drive import drive
from tests.benchmarks.memory_of_process import resident_bytes
from tests.benchmarks.setups import Opened
from tests.benchmarks.works import Work


def measure(opened: Opened, work: Work, records: int) -> dict[str, float]:
    """Bytes and blocks of memory a record. Blocks are what Python has allocated and not freed: counted, not timed."""
    call = opened.calls(work)
    drive(opened, call, work, 600)  # more than a batch: its worker is stuck from here on
    gc.collect()
    blocks, resident = sys.getallocatedblocks(), resident_bytes()
    drive(opened, call, work, records)
    blocks, resident = sys.getallocatedblocks() - blocks, resident_bytes() - resident
    return {"blocks": blocks / records, "bytes": resident / records, "mebibytes": resident / 2**20}
