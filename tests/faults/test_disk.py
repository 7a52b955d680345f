"""A disk that is full, fails or forgets costs what it must, and that is counted; the long form is `make faults`."""

from __future__ import annotations

import pytest

from .disk import row_04, row_05, row_06, row_29
from .figure import SHORT, holds
from .folders import row_27

pytestmark = pytest.mark.slow


def test_a_loss_of_power_costs_one_interval_at_most() -> None:
    holds(row_04(SHORT))


def test_damage_costs_the_touched_frames() -> None:
    holds(row_05(SHORT))


def test_a_full_or_read_only_disk_is_counted_and_recovered_from() -> None:
    holds(row_06(SHORT))


def test_a_spool_is_private_or_refused() -> None:
    holds(row_27(SHORT))


def test_any_interleaving_keeps_the_accounts() -> None:
    holds(row_29(SHORT))
