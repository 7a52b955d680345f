"""Nothing is lost while nobody takes it; the long form is `make faults`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from .figure import SHORT, holds
from .outage import row_01, row_02

pytestmark = pytest.mark.slow


def test_an_outage_costs_nothing_and_is_caught_up_with() -> None:
    holds(row_01(SHORT))


@pytest.mark.servers
def test_a_collector_that_is_killed_and_down_longer_than_any_budget_costs_nothing(collector_binary: Path) -> None:
    holds(row_02(replace(SHORT, collector=collector_binary)))
