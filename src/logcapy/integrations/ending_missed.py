"""SIGTERM is heard also where Python's handlers miss it: while a process forks, and just before a wait begins.

A forked child drops what came before its own first instruction. And a handler runs between two instructions of the
main thread or when a system call is interrupted; a signal that comes after the one and before the other leaves the
main thread waiting, for ever where nothing else ends the wait. The default action misses neither, and
``multiprocessing`` counts on that: a ``Pool`` that terminates its workers waits for each without a timeout, and about
one in a thousand would never end.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from _thread import start_new_thread
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

# Its hooks run before the ones here: a child that is to die at once is in order by then.
from logcapy import _forking as _forking

_SIGNAL: Final = signal.SIGTERM
#: How long the main thread is given to come to its handler by itself.
_PATIENCE_SECONDS: Final = 0.05

_mask_before = threading.local()
_is_held = False


def hold_while_forking() -> None:
    """Have the system keep SIGTERM back from the beginning of a fork to its end in parent and child. Idempotent."""
    global _is_held
    if not _is_held and hasattr(os, "register_at_fork"):
        _is_held = True
        os.register_at_fork(before=_hold, after_in_parent=_let_through, after_in_child=_let_through_in_child)


def _hold() -> None:
    _mask_before.mask = signal.pthread_sigmask(signal.SIG_BLOCK, {_SIGNAL})


def _let_through() -> None:
    mask = getattr(_mask_before, "mask", None)
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _let_through_in_child() -> None:
    if _watched is not None:
        _watched.leave_to_parent()
    _let_through()


class Watch:
    """A thread that hears of SIGTERM when the system delivers it, and interrupts a main thread that has missed it.

    Python writes each signal's number to one file descriptor, whatever the main thread does
    (``signal.set_wakeup_fd``). Whoever else sets that, as asyncio and Trio do, does not see that it was set.

    Args:
        is_missed: Whether the handler is in place and has not begun.
    """

    def __init__(self, is_missed: Callable[[], bool]) -> None:
        self._is_missed = is_missed
        self._set_fd = signal.set_wakeup_fd
        self._read = self._written = -1

        @wraps(self._set_fd)
        def set_wakeup_fd(fd: int, /, **options: Any) -> int:
            before = self._set_fd(fd, **options)
            if fd == -1 and self._written != -1:
                self._set_fd(self._written, warn_on_full_buffer=False)
            return -1 if before == self._written else before

        self.set_wakeup_fd = set_wakeup_fd

    def start(self) -> None:
        """Begin, on the main thread. Where the system has no file descriptor or thread to give, nothing changes."""
        global _watched
        if self._written != -1:
            return
        try:
            self._read, written = os.pipe()
        except OSError:
            return
        os.set_blocking(written, False)
        try:
            start_new_thread(self._listen, (self._read, threading.get_ident()))
        except RuntimeError:
            os.close(self._read)
            os.close(written)
            return
        self._set_fd(written, warn_on_full_buffer=False)
        self._written = written
        _watched = self

    def leave_to_parent(self) -> None:
        """In a forked child: its signals are its own, and the thread that reads the pipe is the parent's."""
        if self._written != -1:
            written, self._written = self._written, -1
            if (others := self._set_fd(-1)) not in (-1, written):
                self._set_fd(others)
            os.close(written)
            os.close(self._read)

    def _listen(self, read: int, main_thread: int) -> None:
        while numbers := os.read(read, 64):
            if _SIGNAL in numbers:
                time.sleep(_PATIENCE_SECONDS)
                if self._is_missed():
                    signal.pthread_kill(main_thread, _SIGNAL)


_watched: Watch | None = None
