"""Processes that are killed and forked lose nothing that was safe; the long form is `make faults`."""

from __future__ import annotations

import pytest

from .crash import row_03, row_16, row_17
from .figure import SHORT, holds

pytestmark = pytest.mark.slow


def test_what_reached_the_spool_survives_kill_9() -> None:
    holds(row_03(SHORT))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_delivers_its_records_once_whatever_was_locked() -> None:
    holds(row_16(SHORT))


def test_what_one_of_eight_processes_leaves_is_delivered_by_another() -> None:
    holds(row_17(SHORT))
