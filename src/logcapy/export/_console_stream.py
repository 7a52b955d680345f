"""Writes to a standard stream that others write to as well, and that may have gone."""

from __future__ import annotations

import errno
import os
import select
import sys
import time
from collections.abc import Iterator
from typing import TextIO

from logcapy.types import Broken, Delivered, Outcome, Retry

from ._write_failure import write_failure


class ConsoleStream:
    """Writes whole lines, past the stream's buffer: what a full disk or a closed pipe refused must not stay in it.

    The interpreter would try to write it once more at its end, and change the exit code of the application.

    Args:
        name: ``stdout`` or ``stderr``; what that is at the time of each write.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._unfinished: tuple[bytes, int] | None = None

    @property
    def stream(self) -> TextIO | None:
        """The stream as it is now; None in a process that has none."""
        stream: TextIO | None = getattr(sys, self._name)
        return stream

    @property
    def encoding(self) -> str:
        """Of the stream."""
        return getattr(self.stream, "encoding", None) or "utf-8"

    def is_terminal(self) -> bool:
        """Whether people see it."""
        try:
            return bool(self.stream and self.stream.isatty())
        except ValueError:  # it is closed
            return False

    def write(self, lines: bytes, deadline: float) -> Outcome:
        """Write lines; those that were written before a failure are not written again with the same object."""
        stream = self.stream
        if stream is None:
            return Broken(f"there is no {self._name}")
        try:
            descriptor = stream.fileno()
        except (OSError, ValueError, AttributeError):
            return self._write_text(stream, lines)
        try:
            return self._write_chunks(stream, descriptor, lines, deadline)
        except BlockingIOError:
            return Retry(f"nobody reads {self._name}")
        except OSError as error:
            return write_failure(self._name, error)
        except ValueError:
            return Broken(f"{self._name} is closed")

    def _write_text(self, stream: TextIO, lines: bytes) -> Outcome:
        """To an object that somebody has put in the stream's place."""
        try:
            stream.write(lines.decode(self.encoding, "replace"))
            stream.flush()
        except Exception as error:  # noqa: BLE001 - anybody's object
            return Broken(f"{self._name} cannot be written to ({type(error).__name__})")
        return Delivered()

    def _write_chunks(self, stream: TextIO, descriptor: int, lines: bytes, deadline: float) -> Outcome:
        done = self._unfinished[1] if self._unfinished is not None and self._unfinished[0] is lines else 0
        if not self._can_write(descriptor, deadline):
            return Retry(f"nobody reads {self._name}")
        stream.flush()  # what the application printed before comes before
        for chunk in _chunks(lines, done):
            if not self._can_write(descriptor, deadline):
                return Retry(f"nobody reads {self._name}")
            while chunk:
                written = os.write(descriptor, chunk)
                chunk, done = chunk[written:], done + written
                self._unfinished = lines, done
        self._unfinished = None
        return Delivered()

    def _can_write(self, descriptor: int, deadline: float) -> bool:
        """Wait until as much as a pipe takes at once can be written.

        Raises:
            BrokenPipeError: Nobody will ever read it.
        """
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        events = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
        if events and events[0][1] & (select.POLLERR | select.POLLNVAL):
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        return bool(events)


def _chunks(lines: bytes, start: int) -> Iterator[memoryview]:
    """Lines in as large pieces as a pipe takes at once, so that those of several processes do not mix.

    Source: POSIX, write(): of ``PIPE_BUF`` bytes or fewer nothing comes between. A longer line is a piece by itself.
    """
    view = memoryview(lines)
    while start < len(lines):
        end = lines.rfind(b"\n", start, start + select.PIPE_BUF) + 1
        if not end:
            end = lines.find(b"\n", start) + 1 or len(lines)
        yield view[start:end]
        start = end
