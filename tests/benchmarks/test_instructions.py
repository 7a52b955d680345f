"""LogCapy stays as cheap as it is: by instructions, which a busy machine does not change."""

from __future__ import annotations

import pytest

from .instructions import instructions, valgrind
from .setups import STOCK

#: To stock: what `python -m tests.benchmarks.instructions SETUP` prints, and a tenth more.
BOUNDS = {"logcapy-stdlib": 0.345, "logcapy-logger": 0.24}


@pytest.mark.slow
@pytest.mark.skipif(valgrind() is None, reason="valgrind, which counts instructions, is not installed")
def test_a_record_takes_no_more_instructions_than_its_bound_allows() -> None:
    counts = instructions((STOCK, *BOUNDS))
    ratios = {setup: counts[setup] / counts[STOCK] for setup in BOUNDS}
    assert all(ratios[setup] <= bound for setup, bound in BOUNDS.items()), ratios
