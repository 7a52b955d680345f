"""A destination that hangs is not noticed by the others, its queue is bounded, and its losses are counted."""

from __future__ import annotations

import pytest

from .hang import hang


@pytest.mark.slow
def test_the_others_get_everything_as_soon_as_without_the_one_that_hangs() -> None:
    hung = hang(12, window=2, beside=3)
    assert {name: phase.lost for name, phase in hung.phases.items()} == dict.fromkeys(hung.phases, 0)
    assert hung.phases["hang"].p50 < hung.phases["control"].p50 * 1.5 + 100
    assert hung.exported + sum(hung.dropped.values()) == hung.emitted
    assert sum(hung.dropped.values()) > 0  # of the last second, which was logged while it hung and the shop ended
