"""A forked child has a queue, a worker and a spool folder of its own, whatever its parent's threads are doing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .forks import fork_trials

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


def test_children_forked_while_locks_are_held_deliver_their_records_once() -> None:
    fork_trials(20)


def test_children_forked_while_a_spool_is_written_have_their_own_folder(tmp_path: Path) -> None:
    fork_trials(20, tmp_path / "spool")
