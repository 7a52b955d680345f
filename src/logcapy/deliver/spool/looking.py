"""Looking at spools from outside: which processes have one, and what is in it. Nothing is changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .backlog import Backlog
from .disk import Disk, ReadOnlyDisk, opened
from .orphans import left_in
from .process_folder import LOCK, is_process_folder_name
from .segment import Frame


@dataclass(frozen=True, slots=True)
class Contents:
    """What a process's folder holds.

    Args:
        alive: Whether its process lives.
        segments: How many files.
        records: How many are left to send, damaged ones included.
        size_bytes: Of the files.
        oldest_unix_seconds: When the oldest readable frame was stored; None if there is none.
    """

    alive: bool
    segments: int
    records: int
    size_bytes: int
    oldest_unix_seconds: float | None


def process_folders(folder: Path) -> list[Path]:
    """The processes' folders in a spool folder, in a destination's folder in it, or the folder itself if it is one.

    Raises:
        OSError: It cannot be read.
    """
    if is_process_folder_name(folder.name) and (folder / LOCK).exists():
        return [folder]
    found = []
    for child in sorted(folder.iterdir()):
        if child.is_dir() and not child.is_symlink():
            if is_process_folder_name(child.name):
                found.append(child)
            else:
                found += [
                    each for each in sorted(child.iterdir()) if is_process_folder_name(each.name) and each.is_dir()
                ]
    return found


def contents(folder: Path) -> Contents:
    """What is in a process's folder.

    Raises:
        OSError: It cannot be read.
    """
    with _backlog(folder, _ignore) as (disk, backlog):
        segments, records, size_bytes = len(backlog.segments), backlog.records, backlog.size_bytes
        frame = backlog.peek()
        oldest = frame.written_ms / 1000 if frame is not None else None
        return Contents(_is_alive(disk, backlog.folder), segments, records, size_bytes, oldest)


def frames_in(folder: Path, lost: Callable[[str, int], None]) -> Iterator[Frame]:
    """The frames that are left to send in a process's folder, in order.

    Args:
        folder: Where.
        lost: Told the reason and the count of records that are missing between two of them.

    Raises:
        OSError: It cannot be read.
    """
    with _backlog(folder, lost) as (_, backlog):
        while (frame := backlog.peek()) is not None:
            yield frame
            backlog.done(frame)


def _ignore(_reason: str, _count: int) -> None:
    pass


@contextmanager
def _backlog(folder: Path, lost: Callable[[str, int], None]) -> Iterator[tuple[Disk, Backlog]]:
    disk = ReadOnlyDisk()
    try:
        descriptor = disk.open_folder(os.fspath(folder))
        yield disk, left_in(disk, descriptor, lost)
    finally:
        disk.close_all()


def _is_alive(disk: Disk, folder: int) -> bool:
    try:
        with opened(disk, disk.open(LOCK, folder)) as lock:
            return stat.S_ISREG(disk.status_of(lock).mode) and not disk.lock(lock)
    except FileNotFoundError:
        return False
