"""LogCapy's own records, the clock, and flushing; the long form is `make faults`."""

from __future__ import annotations

import pytest

from .figure import SHORT, holds
from .time_and_self import row_21, row_22, row_30

pytestmark = pytest.mark.slow


def test_exporting_makes_no_records() -> None:
    holds(row_21(SHORT))


def test_a_jump_of_the_wall_clock_changes_nothing() -> None:
    holds(row_22(SHORT))


def test_a_flush_keeps_its_word_while_records_keep_coming() -> None:
    holds(row_30(SHORT))
