"""A destination that stands still does not hold up the application; the long form is `make faults`."""

from __future__ import annotations

import pytest

from .callers import row_07, row_08, row_20
from .figure import SHORT, holds

pytestmark = pytest.mark.slow


def test_a_caller_is_not_held_up_by_an_exporter_that_hangs() -> None:
    holds(row_07(SHORT))


def test_a_caller_that_may_be_blocked_waits_no_longer_than_the_timeout() -> None:
    holds(row_08(SHORT))


def test_an_event_loop_is_not_blocked() -> None:
    holds(row_20(SHORT))
