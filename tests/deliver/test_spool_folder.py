"""Which folders may hold a spool, and what is made in them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from logcapy.deliver.spool.disk import FileSystemDisk, Status
from logcapy.errors import SpoolError

from .spool_trials import SOURCE, Accounts, drain


@pytest.mark.parametrize("umask", ["000", "022", "077", "177", "777"])
def test_folders_are_0700_and_files_0600_whatever_the_umask(tmp_path: Path, umask: str) -> None:
    program = f"""
import os, sys
os.umask(0o{umask})
from pathlib import Path
from logcapy.deliver.spool import Spool
spool = Spool(Path(sys.argv[1]), max_bytes=1 << 20, max_age_seconds=None, fsync="interval", evict_oldest=True,
              lost=print, adopted=print)
assert spool.append([(b"one", 1)] * 2) == 2
spool.done(spool.oldest())
spool.close()
"""
    folder = tmp_path / "made" / "otlp"
    subprocess.run([sys.executable, "-c", program, folder], env={**os.environ, "PYTHONPATH": str(SOURCE)}, check=True)
    modes = {path: path.stat().st_mode & 0o777 for path in (tmp_path / "made").rglob("*")}
    assert {modes[path] for path in modes if path.is_dir()} == {0o700}
    assert {modes[path] for path in modes if path.is_file()} == {0o600}
    assert len(modes) == 5


def test_a_folder_that_is_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    folder = tmp_path / "otlp"
    folder.mkdir(mode=0o755)
    Accounts(folder).open().close()
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("which", ["folder", "parent"])
def test_a_symbolic_link_is_refused(tmp_path: Path, which: str) -> None:
    (tmp_path / "real" / "otlp").mkdir(parents=True)
    if which == "parent":
        (tmp_path / "link").symlink_to(tmp_path / "real")
        folder = tmp_path / "link" / "otlp"
    else:
        folder = tmp_path / "otlp"
        folder.symlink_to(tmp_path / "real" / "otlp")
    with pytest.raises(SpoolError, match="symbolic link"):
        Accounts(folder).open()
    assert list((tmp_path / "real" / "otlp").iterdir()) == []


def test_a_folder_that_anybody_could_replace_is_refused(tmp_path: Path) -> None:
    above = tmp_path / "above"
    (above / "spool").mkdir(parents=True)
    above.chmod(0o777)
    with pytest.raises(SpoolError, match=r"everybody may write to '.*above' above it.*chmod o-w"):
        Accounts(above / "spool" / "otlp").open()
    above.chmod(0o1777)
    Accounts(above / "spool" / "otlp").open().close()


@pytest.mark.parametrize("which", ["otlp", "spool"])
def test_a_folder_of_another_user_is_refused(tmp_path: Path, which: str) -> None:
    class Foreign(FileSystemDisk):
        def status(self, path: str, within: int | None = None) -> Status:
            return self._told(super().status(path, within), path)

        def status_of(self, descriptor: int) -> Status:
            return self._told(super().status_of(descriptor), str(Path(f"/proc/self/fd/{descriptor}").readlink()))

        def _told(self, status: Status, path: str) -> Status:
            return status._replace(owner=os.geteuid() + 1) if path.endswith(f"/{which}") else status

    disk = Foreign()
    (tmp_path / "spool" / "otlp").mkdir(parents=True)
    with pytest.raises(SpoolError, match="another user"):
        Accounts(tmp_path / "spool" / "otlp").open(disk=disk)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "otlp").write_text("no folder")
    with pytest.raises(SpoolError, match="no folder"):
        Accounts(tmp_path / "otlp").open()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_refused_with_a_remedy(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SpoolError, match=r"Permission denied.*give this user the right"):
        Accounts(tmp_path / "spool" / "otlp").open()
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("alive", [True, False])
@pytest.mark.parametrize("what", ["link", "pipe", "folder"])
def test_what_somebody_puts_in_the_place_of_a_segment_is_not_opened(tmp_path: Path, what: str, alive: bool) -> None:
    accounts = Accounts(tmp_path / "otlp")
    spool = accounts.open()
    spool.append([(b"one", 7)])
    if not alive:
        spool.close()
    (segment,) = accounts.folder.rglob("*.seg")
    secret = tmp_path / "secret"
    segment.rename(secret)
    match what:
        case "link":
            segment.symlink_to(secret)
        case "pipe":
            os.mkfifo(segment)
        case _:
            segment.mkdir()
    if not alive:
        spool = accounts.open()
    assert drain(spool) == []
    assert accounts.lost == {"spool_damaged": 7}
    assert spool.append([(b"next", 1)]) == 1
    assert drain(spool) == [(b"next", 1)]
    assert secret.exists()
    spool.close()


def test_what_else_lies_in_the_folder_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "otlp"
    folder.mkdir(mode=0o700)
    (folder / "README").write_text("mine")
    (folder / "123-abc").mkdir()
    spool = Accounts(folder).open()
    spool.append([(b"one", 1)])
    drain(spool)
    spool.close()
    assert sorted(path.name for path in folder.iterdir()) == ["123-abc", "README"]


def test_nothing_is_pickled() -> None:
    sources = [path.read_text() for path in (SOURCE / "logcapy" / "deliver").glob("*.py")]
    assert not [source for source in sources if "pickle" in source or "marshal" in source]
