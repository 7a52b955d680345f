"""SIGTERM ends a program that does not handle it at once, and with it whatever waits: so LogCapy flushes before.

It stands only where the default action would be, and nobody sees it there: ``signal.getsignal`` and what
``signal.signal`` returns say SIG_DFL, so that whoever asks before setting a handler, or calls the one that was there
before, does what it does without LogCapy. A handler of the application replaces LogCapy's. Where the application asks
for the default again, as uvicorn, asyncio and gunicorn's workers do, it gets LogCapy's again.

``signal.set_wakeup_fd`` would be heard while the main thread is in C, but a thread that hears of the signal could not
put the default action back; it only serves to find what the handler has missed. Blocking the signal and waiting for it
in a thread would leave it blocked in every program the application starts.
"""

from __future__ import annotations

import os
import signal
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from types import FrameType
from typing import Any, Final

from .ending import Ending
from .ending_missed import Watch, hold_while_forking

_SIGNAL: Final = signal.SIGTERM
#: How long flushing may take beyond its own time before it is not waited for any more.
_MARGIN_SECONDS: Final = 0.25


class SigtermHandler:
    """Finishes on SIGTERM and then dies of it, wherever it would end the process at once.

    Nothing changes where a handler is set already, or where the signal is ignored or handled outside Python; in
    another thread than the main one no handler can be set, so nothing is done there either. It comes with what stands
    for the functions of :mod:`signal` that could tell of it.
    """

    def __init__(self, ending: Ending) -> None:
        self._ending = ending
        self._set, self._get = signal.signal, signal.getsignal
        self._active = False
        self._is_handling = False
        self._ours = self._on_signal  # bound once: each access makes another object

        @wraps(self._set)
        def set_handler(signalnum: Any, handler: Any) -> Any:
            if self._active and signalnum == _SIGNAL and isinstance(handler, int) and handler == signal.SIG_DFL:
                handler = self._ours
            return self._as_seen(self._set(signalnum, handler))

        @wraps(self._get)
        def get_handler(signalnum: Any) -> Any:
            return self._as_seen(self._get(signalnum))

        self._watch = Watch(self._is_missed)
        self._functions = {
            "signal": (self._set, set_handler),
            "getsignal": (self._get, get_handler),
            "set_wakeup_fd": (signal.set_wakeup_fd, self._watch.set_wakeup_fd),
        }

    def install(self) -> Callable[[], None]:
        """Begin; returns what takes it away again."""
        self._active = True
        hold_while_forking()
        for name, (_, replacement) in self._functions.items():
            setattr(signal, name, replacement)
        self._replace(signal.SIG_DFL, self._ours)
        return self.uninstall

    def watch(self) -> None:
        """Let nothing be missed from now on in this process, whose parent may wait for its end without a timeout."""
        if self._is_in_place:
            self._watch.start()

    def uninstall(self) -> None:
        """Put back what nobody has wrapped since; what somebody has goes on and changes nothing."""
        self._active = False
        self._replace(self._ours, signal.SIG_DFL)
        for name, (original, replacement) in self._functions.items():
            if getattr(signal, name) is replacement:
                setattr(signal, name, original)

    def _replace(self, present: Any, handler: Any) -> None:
        if self._get(_SIGNAL) is present:
            with suppress(ValueError):  # not the main thread
                self._set(_SIGNAL, handler)

    @property
    def _is_in_place(self) -> bool:
        return self._get(_SIGNAL) is self._ours

    def _is_missed(self) -> bool:
        return self._is_in_place and not self._is_handling

    def _as_seen(self, handler: Any) -> Any:
        return signal.SIG_DFL if handler is self._ours else handler

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a handler
        if self._is_handling:
            return  # the first one's time is bounded; a second one takes none of it
        if self._is_in_place and self._ending.is_finishing:
            self._ending.then = self._die  # what this has interrupted goes on, and the process dies of the signal then
            return
        self._is_handling = True
        try:
            self._handle()
        finally:
            self._is_handling = False

    def _handle(self) -> None:
        if not self._is_in_place:
            self._aside(self._ending.flush)  # a handler of the application called this: how it ends is its to say
        elif os.getpid() == 1:
            self._aside(self._ending.flush)
            self._die()
            self._set(_SIGNAL, self._ours)  # the kernel spares the first process of a container, which goes on
        else:
            try:
                self._aside(self._ending.finish)
            finally:
                self._die()

    def _aside(self, work: Callable[[], object]) -> None:
        """Do something in another thread, for a bounded time: what the signal interrupted may hold any lock.

        The plain thread, as the locks of :mod:`threading` are among them.
        """
        done = allocate_lock()
        done.acquire()

        def run() -> None:
            try:
                work()
            finally:
                done.release()

        try:
            start_new_thread(run, ())
        except RuntimeError:  # there are too many
            work()
        else:
            done.acquire(timeout=self._ending.timeout_millis() / 1000 + _MARGIN_SECONDS)

    def _die(self) -> None:
        """End as the parent expects it: by the signal, so that the status is the one without LogCapy."""
        self._set(_SIGNAL, signal.SIG_DFL)
        os.kill(os.getpid(), _SIGNAL)
