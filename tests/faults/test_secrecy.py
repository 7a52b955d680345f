"""Secrets do not get to anybody else; the long form is `make faults`."""

from __future__ import annotations

import pytest

from .figure import SHORT, holds
from .secrecy import row_23, row_24, row_26

pytestmark = pytest.mark.slow


def test_no_secret_of_the_corpus_gets_out() -> None:
    holds(row_23(SHORT))


def test_redacting_hostile_text_takes_little_time_and_fails_closed() -> None:
    holds(row_24(SHORT))


def test_a_server_with_a_bad_certificate_gets_nothing() -> None:
    holds(row_26(SHORT))
