"""A lock that one process at a time holds on a file; the system lets it go when the process is killed."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from logcapy._forking import call_in_child

_PAUSE_SECONDS = 0.002


class FileLock:
    """A lock on a file, which is made where it is missing. Two of them exclude each other in one process too.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptors: list[int] = []
        call_in_child(self._close_those_of_the_parent)

    @contextlib.contextmanager
    def held(self, deadline: float) -> Iterator[None]:
        """Hold it for a block.

        Args:
            deadline: Until when to wait for another process, a ``time.monotonic()`` value; one that is past asks once.

        Raises:
            BlockingIOError: Another process did not let go of it.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._descriptors.append(descriptor)
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
                    time.sleep(_PAUSE_SECONDS)
            try:
                yield
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)  # a child forked meanwhile has the descriptor too
        finally:
            self._descriptors.remove(descriptor)
            os.close(descriptor)

    def _close_those_of_the_parent(self) -> None:
        """A descriptor that a child keeps would keep the lock, should the parent be killed while it holds it."""
        descriptors, self._descriptors = self._descriptors, []
        for descriptor in descriptors:
            os.close(descriptor)
