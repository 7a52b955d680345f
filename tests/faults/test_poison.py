"""What an application logs costs itself at most; the long form is `make faults`."""

from __future__ import annotations

import pytest

from .figure import SHORT, holds
from .poison import row_13, row_14, row_25

pytestmark = pytest.mark.slow


def test_poison_in_a_batch_is_readable_and_leaves_its_neighbours_intact() -> None:
    holds(row_13(SHORT))


def test_hostile_objects_do_not_raise_and_their_records_arrive() -> None:
    holds(row_14(SHORT))


def test_control_characters_are_unchanged_in_otlp_and_inert_on_the_console() -> None:
    holds(row_25(SHORT))
