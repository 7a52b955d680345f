"""The short form of the trials: see ``spool_trials`` and ``spool_process_trials``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from .spool_process_trials import kill_trials, open_trials
from .spool_trials import damage_trials, hostile_trials, reader_trials

TMPFS = Path("/dev/shm")


@pytest.mark.slow
def test_what_was_stored_survives_kill_9_and_what_was_done_is_not_sent_again(tmp_path: Path) -> None:
    counts = kill_trials(tmp_path / "spool", trials=20)
    assert counts["stored"] > 100
    assert counts["read"] > 0


@pytest.mark.slow
@pytest.mark.skipif(not TMPFS.is_dir(), reason="there is no tmpfs here")
def test_what_was_stored_on_tmpfs_survives_kill_9() -> None:
    with tempfile.TemporaryDirectory(dir=TMPFS) as folder:
        assert kill_trials(Path(folder) / "spool", trials=5, seed=1)["stored"] > 5


@pytest.mark.slow
def test_processes_that_begin_and_end_at_once_store_all_that_they_are_given(tmp_path: Path) -> None:
    assert open_trials(tmp_path / "spool", trials=100)["trials"] == 800


@pytest.mark.parametrize("kind", ["bit", "zeros", "truncated"])
def test_damage_costs_the_frames_that_it_touches_and_the_count_is_exact(tmp_path: Path, kind: str) -> None:
    counts = damage_trials(tmp_path, trials=20, kind=kind)
    assert counts["stored"] == counts["read"] + counts["lost"]
    assert counts["lost"] > 0


def test_made_up_segments_are_read_to_their_end(tmp_path: Path) -> None:
    assert hostile_trials(tmp_path / "spool", trials=300)["read"] > 0


def test_made_up_bytes_do_not_make_the_reader_fail_or_stand_still() -> None:
    assert reader_trials(5000)["read"] > 0
