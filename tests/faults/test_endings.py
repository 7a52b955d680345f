"""The end of a process and of a thread; the long form is `make faults`."""

from __future__ import annotations

import pytest

from .endings import row_18, row_19
from .figure import SHORT, holds

pytestmark = pytest.mark.slow


def test_each_end_of_a_process_is_in_time_and_keeps_the_rest() -> None:
    holds(row_18(SHORT))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # stock's stays dead
def test_a_worker_that_dies_is_back_within_a_second() -> None:
    holds(row_19(SHORT))
