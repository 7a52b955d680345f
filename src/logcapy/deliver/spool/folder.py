"""The folder of a destination's spool: made, or refused with a reason."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from logcapy.errors import SpoolError

from .disk import Disk, Status, opened

_ELSEWHERE = "choose another folder with LOGCAPY_SPOOL_DIR"
#: What may pass by itself: no space, a failing or read-only disk, no descriptors or memory left.
_PASSING = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM))


def open_spool_folder(folder: Path, disk: Disk) -> int:
    """Make a folder for this user alone where there is none yet, and open it.

    Nobody else may be able to read it, or to put another in its place: it and the folder it is in are no links and
    belong to this user (the latter may be root's), and no folder above can be written by all without the sticky bit.

    Args:
        folder: Its place; the folders above are made too.
        disk: What to work with.

    Returns:
        A descriptor.

    Raises:
        SpoolError: The folder must not be used, or cannot be for a reason that does not pass by itself.
        OSError: It cannot be used at the moment: no space, a failing or read-only disk.
    """
    place = os.path.abspath(folder)  # noqa: PTH100 - Path.resolve() would follow the link that is to be refused
    parent = os.path.dirname(place)  # noqa: PTH120
    try:
        _make_parents(parent, disk)
        _check_parent(parent, disk)
        return _open_own(place, disk)
    except OSError as error:
        if error.errno in _PASSING:
            raise
        reason = f"{error.strerror or error} ({error.filename or place})"
        raise SpoolError(str(folder), reason, f"give this user the right to write there, or {_ELSEWHERE}") from None


def is_private(status: Status) -> bool:
    """Whether it belongs to this user and is open to nobody else."""
    return status.owner == os.geteuid() and not status.mode & 0o077


def _make_parents(parent: str, disk: Disk) -> None:
    missing = []
    place = parent
    while _status(place, disk) is None and place != os.path.dirname(place):  # noqa: PTH120
        missing.append(place)
        place = os.path.dirname(place)  # noqa: PTH120
    for each in reversed(missing):
        _make(each, disk)


def _make(place: str, disk: Disk) -> None:
    with contextlib.suppress(FileExistsError):  # another process was faster; who it belongs to is checked next
        disk.make_folder(place)
        with contextlib.suppress(OSError), opened(disk, disk.open_folder(os.path.dirname(place))) as above:  # noqa: PTH120
            disk.sync(above)


def _check_parent(parent: str, disk: Disk) -> None:
    status = disk.status(parent)
    if stat.S_ISLNK(status.mode):
        raise SpoolError(parent, "it is a symbolic link", f"name the folder that it leads to, or {_ELSEWHERE}")
    if not stat.S_ISDIR(status.mode):
        raise SpoolError(parent, "it is no folder", _ELSEWHERE)
    if status.owner not in (os.geteuid(), 0):
        raise SpoolError(parent, f"it belongs to another user (uid {status.owner})", f"chown it, or {_ELSEWHERE}")
    real = Path(os.path.realpath(parent))
    for each in (real, *real.parents):
        mode = disk.status(str(each)).mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            reason = "everybody may write" + (" there" if each == real else f" to {str(each)!r} above it")
            raise SpoolError(
                parent, f"{reason}, so anybody could put another in its place", f"chmod o-w, or {_ELSEWHERE}"
            )


def _open_own(place: str, disk: Disk) -> int:
    if _status(place, disk) is None:
        _make(place, disk)
    status = disk.status(place)
    if stat.S_ISLNK(status.mode):
        raise SpoolError(place, "it is a symbolic link", f"remove it, or {_ELSEWHERE}")
    if not stat.S_ISDIR(status.mode):
        raise SpoolError(place, "it is no folder", f"remove it, or {_ELSEWHERE}")
    descriptor = disk.open_folder(place)
    try:
        status = disk.status_of(descriptor)  # of what was opened, whatever was put there since
        if status.owner != os.geteuid():
            raise SpoolError(place, f"it belongs to another user (uid {status.owner})", f"remove it, or {_ELSEWHERE}")
        if not is_private(status):
            disk.restrict(descriptor)
    except BaseException:
        disk.close(descriptor)
        raise
    return descriptor


def _status(place: str, disk: Disk) -> Status | None:
    try:
        return disk.status(place)
    except FileNotFoundError:
        return None
