"""A file that several processes append to; it is closed by size and age, and closed files are kept for a while."""

from __future__ import annotations

import contextlib
import glob
import gzip
import os
import shutil
import time
from pathlib import Path

from logcapy._guard import describe_error, say
from logcapy.config.destinations.file import FileConfig

from ._archive import Archive
from ._file_lock import FileLock


class RotatingFile:
    """Appends whole lines. Which process closes a file is decided under a lock on a file beside it.

    Args:
        config: Where, and how long.
    """

    def __init__(self, config: FileConfig) -> None:
        self._config = config
        self._path = Path(config.path)
        self._lock_path = self._path.with_name(f".{self._path.name}.lock")
        self.lock = FileLock(self._lock_path)
        self._archive = Archive(config.archive, self._path, self._ready) if config.archive else None

    def append(self, lines: bytes, deadline: float) -> None:
        """Write, all or nothing as far as the system can: what was written of a failed write is taken back.

        Args:
            lines: Whole ones, with their line breaks.
            deadline: Until when to wait for another process, a ``time.monotonic()`` value.

        Raises:
            OSError: The system would not; ``EAGAIN`` where another process did not let go of the lock.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self.lock.held(deadline):
            descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                before = os.fstat(descriptor).st_size
                if before and os.pread(descriptor, 1, before - 1) != b"\n":
                    lines = b"\n" + lines  # who wrote last was killed: that line is torn, and this one is not
                try:
                    _write_all(descriptor, lines)
                except OSError:
                    os.ftruncate(descriptor, before)
                    raise
            finally:
                os.close(descriptor)
            closed = self._close() if self._is_full(before + len(lines)) else None
        if closed is not None:
            self._tidy(closed)
        if self._archive is not None and (closed is not None or not self._archive.is_awake):
            self._archive.wake()

    def close(self) -> None:
        """Give closed files a few seconds to reach their archive."""
        if self._archive is not None:
            self._archive.close()

    def _is_full(self, size: int) -> bool:
        if size >= self._config.max_bytes:
            return True
        if self._config.max_age is None:
            return False
        with contextlib.suppress(OSError):
            began = float(self._lock_path.read_text() or "0")
            if began and time.time() - began < self._config.max_age / 1000:
                return False
            if not began or not size:
                self._lock_path.write_text(str(time.time()))
                return False
        return True

    def _close(self) -> Path:
        """Give the file the name of a closed one; a new one begins with the next write."""
        stem, suffix = self._path.stem, self._path.suffix
        microseconds = time.time_ns() // 1_000
        while True:
            moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(microseconds // 1_000_000))
            closed = self._path.with_name(f"{stem}-{moment}-{microseconds % 1_000_000:06}{suffix}")
            if not closed.exists() and not closed.with_name(f"{closed.name}.gz").exists():
                break
            microseconds += 1
        self._path.rename(closed)
        if self._config.max_age is not None:
            self._lock_path.write_text(str(time.time()))
        return closed

    def _tidy(self, closed: Path) -> None:
        """Compress, and delete what is kept no longer. A failure costs nothing but room, and is told."""
        try:
            if self._config.compress and self._archive is None:
                _compress(closed)
            self._delete_old_ones()
        except OSError as error:
            say("file", f"closed files of {self._path} could not be tidied up: {describe_error(error)}")

    def _delete_old_ones(self) -> None:
        now, kept = time.time(), 0
        for path in reversed(self._closed_ones()):
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                found = path.stat()
                kept += found.st_size
                is_old = self._config.keep_age is not None and now - found.st_mtime > self._config.keep_age / 1000
                if is_old or kept > self._config.keep_bytes:
                    path.unlink()
                    if self._archive is not None:
                        say("file", f"{path} was deleted for its age or size, and is not in {self._config.archive}")

    def _closed_ones(self) -> list[Path]:
        """The oldest first."""
        stem, suffix = self._path.stem, self._path.suffix
        pattern = f"{glob.escape(stem)}-????????T??????-??????{glob.escape(suffix)}*"
        return sorted(self._path.parent.glob(pattern))

    def _ready(self) -> list[Path]:
        """Closed files as they are archived: where there is an archive, who uploads them compresses them."""
        if self._config.compress:
            for path in self._closed_ones():
                if path.suffix == self._path.suffix:
                    with contextlib.suppress(FileNotFoundError):
                        _compress(path)
        # One that was closed since stays for the next time: who closed it asks for that.
        whole = (".gz",) if self._config.compress else (".gz", self._path.suffix)
        return [path for path in self._closed_ones() if path.suffix in whole]


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _compress(path: Path) -> None:
    """Under its own name first, so that nobody takes half a file for a whole one."""
    partial = path.with_name(f"{path.name}.gz.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with path.open("rb") as source, os.fdopen(descriptor, "wb") as file, gzip.GzipFile("", "wb", 6, file, 0) as target:
        shutil.copyfileobj(source, target)
    partial.rename(path.with_name(f"{path.name}.gz"))
    path.unlink()
