"""What a destination answers is understood; the long form is `make faults`."""

from __future__ import annotations

import pytest

from .answers import row_09, row_10, row_11, row_12
from .figure import SHORT, holds

pytestmark = pytest.mark.slow


def test_each_status_and_code_is_retried_or_final_as_otlp_says() -> None:
    holds(row_09(SHORT))


def test_retry_after_is_honoured_within_bounds_and_costs_nothing() -> None:
    holds(row_10(SHORT))


def test_what_is_too_large_is_parted_and_a_record_too_large_alone_is_counted() -> None:
    holds(row_11(SHORT))


def test_partial_success_is_counted_exactly_and_not_sent_again() -> None:
    holds(row_12(SHORT))
