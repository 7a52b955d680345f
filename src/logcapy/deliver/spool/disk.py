"""The seam between the spool and the file system: every file operation of the spool is one of these.

A test puts a disk in its place that fills up, fails, writes short or loses power.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from typing import NamedTuple, Protocol

FOLDER_MODE = 0o700
FILE_MODE = 0o600
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC


class Status(NamedTuple):
    """Of a file or folder, a link not followed: ``mode`` as :mod:`stat` reads it, the owner, identity and bytes."""

    mode: int
    owner: int
    identity: tuple[int, int]
    size: int


class Disk(Protocol):
    """Descriptors are small integers. ``within`` is a folder's descriptor; without it a path is absolute.

    Every method raises :class:`OSError` where the system call behind it fails.
    """

    def make_folder(self, path: str, within: int | None = None) -> None:
        """A new folder with mode 0700, whatever the umask."""
        ...

    def open_folder(self, path: str, within: int | None = None) -> int:
        """A descriptor of a folder; of a link never."""
        ...

    def remove_folder(self, name: str, within: int) -> None:
        """Remove an empty folder."""
        ...

    def names(self, folder: int) -> list[str]:
        """What is in a folder."""
        ...

    def status(self, path: str, within: int | None = None) -> Status:
        """Of what stands at a place; of a link, the link's."""
        ...

    def status_of(self, descriptor: int) -> Status:
        """Of what is open."""
        ...

    def restrict(self, folder: int) -> None:
        """Give an open folder mode 0700."""
        ...

    def create(self, name: str, within: int) -> int:
        """A new file with mode 0600, whatever the umask, to append to and to read. Fails where something is."""
        ...

    def open(self, name: str, within: int) -> int:
        """A file to read; of a link never."""
        ...

    def open_lock(self, name: str, within: int) -> int:
        """A file to lock, made where there is none; of a link never."""
        ...

    def lock(self, descriptor: int) -> bool:
        """Lock a file for this process until its descriptor is closed; False if another process has it."""
        ...

    def write(self, descriptor: int, data: bytes) -> int:
        """Append; returns how many bytes were written, which may be fewer."""
        ...

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        """At most ``size`` bytes from ``offset``; empty at the end."""
        ...

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut a file."""
        ...

    def sync(self, descriptor: int) -> None:
        """Return when what was written to a file, or the names in a folder, would survive a loss of power."""
        ...

    def rename(self, old: str, new: str, within: int) -> None:
        """Rename a file, over one that has the name."""
        ...

    def unlink(self, name: str, within: int) -> None:
        """Remove a file."""
        ...

    def close(self, descriptor: int) -> None:
        """Close; never raises."""
        ...

    def close_all(self) -> None:
        """Close every descriptor that was opened here; never raises. For a forked child."""
        ...


class FileSystemDisk:
    """The real one. It knows its descriptors, so that a forked child can close them."""

    def __init__(self) -> None:
        self._open: set[int] = set()

    def make_folder(self, path: str, within: int | None = None) -> None:
        """See :class:`Disk`."""
        os.mkdir(path, FOLDER_MODE, dir_fd=within)
        with contextlib.suppress(FileNotFoundError):  # it was made; who opens it sees that somebody has removed it
            if os.stat(path, dir_fd=within, follow_symlinks=False).st_mode & 0o777 != FOLDER_MODE:
                os.chmod(path, FOLDER_MODE, dir_fd=within)

    def open_folder(self, path: str, within: int | None = None) -> int:
        """See :class:`Disk`."""
        return self._opened(os.open(path, _FOLDER_FLAGS, dir_fd=within))

    def remove_folder(self, name: str, within: int) -> None:
        """See :class:`Disk`."""
        os.rmdir(name, dir_fd=within)

    def names(self, folder: int) -> list[str]:
        """See :class:`Disk`."""
        return os.listdir(folder)

    def status(self, path: str, within: int | None = None) -> Status:
        """See :class:`Disk`."""
        return _status(os.stat(path, dir_fd=within, follow_symlinks=False))

    def status_of(self, descriptor: int) -> Status:
        """See :class:`Disk`."""
        return _status(os.fstat(descriptor))

    def restrict(self, folder: int) -> None:
        """See :class:`Disk`."""
        os.fchmod(folder, FOLDER_MODE)

    def create(self, name: str, within: int) -> int:
        """See :class:`Disk`."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | _FILE_FLAGS
        return self._restricted(os.open(name, flags, FILE_MODE, dir_fd=within))

    def open(self, name: str, within: int) -> int:
        """See :class:`Disk`."""
        # Not blocking: somebody may have put a pipe there, and opening one waits for its other end.
        return self._opened(os.open(name, os.O_RDONLY | os.O_NONBLOCK | _FILE_FLAGS, dir_fd=within))

    def open_lock(self, name: str, within: int) -> int:
        """See :class:`Disk`."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | _FILE_FLAGS
        return self._restricted(os.open(name, flags, FILE_MODE, dir_fd=within))

    def lock(self, descriptor: int) -> bool:
        """See :class:`Disk`."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return False
            raise
        return True

    def write(self, descriptor: int, data: bytes) -> int:
        """See :class:`Disk`."""
        return os.write(descriptor, data)

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        """See :class:`Disk`."""
        return os.pread(descriptor, size, offset)

    def truncate(self, descriptor: int, size: int) -> None:
        """See :class:`Disk`."""
        os.ftruncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        """See :class:`Disk`."""
        os.fsync(descriptor)

    def rename(self, old: str, new: str, within: int) -> None:
        """See :class:`Disk`."""
        os.rename(old, new, src_dir_fd=within, dst_dir_fd=within)

    def unlink(self, name: str, within: int) -> None:
        """See :class:`Disk`."""
        os.unlink(name, dir_fd=within)

    def close(self, descriptor: int) -> None:
        """See :class:`Disk`."""
        if descriptor in self._open:
            self._open.discard(descriptor)
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def close_all(self) -> None:
        """See :class:`Disk`."""
        for descriptor in list(self._open):
            self.close(descriptor)

    def _opened(self, descriptor: int) -> int:
        self._open.add(descriptor)
        return descriptor

    def _restricted(self, descriptor: int) -> int:
        self._opened(descriptor)
        try:
            if os.fstat(descriptor).st_mode & 0o777 != FILE_MODE:
                os.fchmod(descriptor, FILE_MODE)
        except OSError:
            self.close(descriptor)
            raise
        return descriptor


class ReadOnlyDisk(FileSystemDisk):
    """The real one, of which nothing is changed: for looking at what belongs to others."""

    def make_folder(self, path: str, within: int | None = None) -> None:  # noqa: ARG002
        """Refuse."""
        raise _read_only(path)

    def remove_folder(self, name: str, within: int) -> None:  # noqa: ARG002
        """Refuse."""
        raise _read_only(name)

    def create(self, name: str, within: int) -> int:  # noqa: ARG002
        """Refuse."""
        raise _read_only(name)

    def rename(self, old: str, new: str, within: int) -> None:  # noqa: ARG002
        """Refuse."""
        raise _read_only(old)

    def unlink(self, name: str, within: int) -> None:  # noqa: ARG002
        """Refuse."""
        raise _read_only(name)


def _read_only(name: str) -> OSError:
    return OSError(errno.EROFS, os.strerror(errno.EROFS), name)


@contextlib.contextmanager
def opened(disk: Disk, descriptor: int) -> Iterator[int]:
    """Close a descriptor at the end of a block."""
    try:
        yield descriptor
    finally:
        disk.close(descriptor)


def _status(status: os.stat_result) -> Status:
    return Status(status.st_mode, status.st_uid, (status.st_dev, status.st_ino), status.st_size)
