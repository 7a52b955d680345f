"""What is too much is cut, from whichever side it comes; the long form is `make faults`."""

from __future__ import annotations

import pytest

from .figure import SHORT, holds
from .huge import row_15, row_28

pytestmark = pytest.mark.slow


def test_huge_records_are_cut_and_marked_within_bounds_of_memory() -> None:
    holds(row_15(SHORT))


def test_hostile_bytes_from_disk_and_destination_are_read_without_a_crash() -> None:
    holds(row_28(SHORT))
