"""The folder of one writing process, which its lock says is alive; and those that dead ones have left."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from .disk import Disk
from .folder import is_private

LOCK = "LOCK"
_NAME = re.compile(r"\d{13,15}-\d{1,10}-[0-9a-f]{8}")
_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class ProcessFolder:
    """A locked folder.

    Args:
        name: ``<Unix time in milliseconds>-<process id>-<random>``, so that the oldest comes first. The process id is
            for people: in a container it says little.
        descriptor: Of the folder.
        lock: Of its lock.
    """

    name: str
    descriptor: int
    lock: int

    def close(self, disk: Disk) -> None:
        """Let another process take it over."""
        disk.close(self.lock)
        disk.close(self.descriptor)

    def remove(self, disk: Disk, root: int) -> None:
        """Remove it, if there is nothing in it but what says that nothing is left; and close it."""
        with contextlib.suppress(OSError):
            if set(disk.names(self.descriptor)) <= {LOCK, "cursor", "cursor.new"}:
                for name in ("cursor.new", "cursor", LOCK):  # the lock last: it keeps others out
                    with contextlib.suppress(FileNotFoundError):
                        disk.unlink(name, self.descriptor)
                disk.remove_folder(self.name, root)
        self.close(disk)


def new_process_folder(disk: Disk, root: int, now_ms: int, *, sync: bool) -> ProcessFolder:
    """Make and lock a folder for this process.

    Args:
        disk: What to work with.
        root: The folder of the destination.
        now_ms: Unix time in milliseconds.
        sync: Whether its name is to survive a loss of power.

    Raises:
        OSError: The disk fails.
    """
    for _ in range(_ATTEMPTS):
        name = f"{now_ms:013d}-{os.getpid()}-{secrets.token_hex(4)}"
        disk.make_folder(name, root)
        # A process that looks for orphans may have found it between the two lines, and has it or has removed it.
        folder = lock_folder(disk, root, name)
        if folder is not None:
            if sync:
                _sync_or_close(disk, root, folder)
            return folder
    raise BlockingIOError(f"{_ATTEMPTS} new folders were taken by others")


def is_process_folder_name(name: str) -> bool:
    """Whether a folder with this name may be a process's."""
    return _NAME.fullmatch(name) is not None


def process_folder_names(disk: Disk, root: int) -> Iterator[str]:
    """The names of what looks like a process's folder, the oldest first."""
    return (name for name in sorted(disk.names(root)) if is_process_folder_name(name))


def lock_folder(disk: Disk, root: int, name: str) -> ProcessFolder | None:
    """Open and lock a process's folder; None if its process lives, it is gone, or it is not ours to touch.

    Raises:
        OSError: The disk fails.
    """
    try:
        descriptor = disk.open_folder(name, root)
    except (FileNotFoundError, NotADirectoryError):
        return None
    lock = None
    try:
        if is_private(disk.status_of(descriptor)):
            lock = disk.open_lock(LOCK, descriptor)
            if disk.lock(lock) and _is_still_there(disk, root, name, descriptor, lock):
                return ProcessFolder(name, descriptor, lock)
    except FileNotFoundError:  # removed under our hands
        pass
    except BaseException:
        _close(disk, lock, descriptor)
        raise
    _close(disk, lock, descriptor)
    return None


def _is_still_there(disk: Disk, root: int, name: str, descriptor: int, lock: int) -> bool:
    """Whether what was locked is what others see: its last owner may have removed it a moment ago."""
    return (
        disk.status(name, root).identity == disk.status_of(descriptor).identity
        and disk.status(LOCK, descriptor).identity == disk.status_of(lock).identity
        and stat.S_ISREG(disk.status_of(lock).mode)
    )


def _sync_or_close(disk: Disk, root: int, folder: ProcessFolder) -> None:
    try:
        disk.sync(root)
    except BaseException:
        folder.close(disk)
        raise


def _close(disk: Disk, lock: int | None, descriptor: int) -> None:
    if lock is not None:
        disk.close(lock)
    disk.close(descriptor)
