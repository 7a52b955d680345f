"""A thread that goes on after whatever ends its work, and that is there again when it is needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, set_value

from logcapy._guard import describe_error, say
from logcapy._later import import_awaited

#: An error that comes again and again must not keep a processor busy.
_PAUSE_SECONDS = 0.1


class RestartingThread:
    """A daemon thread whose work begins again after an error, SystemExit too, which would end a thread silently.

    Args:
        name: The thread's.
        work: What it does until it returns.
        failed: Called after an error, before the work begins again.
    """

    def __init__(self, name: str, work: Callable[[], None], failed: Callable[[], None]) -> None:
        self._name = name
        self._work = work
        self._failed = failed
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        #: How often the work had to begin again.
        self.restarts = 0

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def is_current(self) -> bool:
        """Whether this is called on it."""
        return self._thread is threading.current_thread()

    def ensure(self) -> bool:
        """Start the thread unless it runs; False if the system or the end of the interpreter allows none."""
        if self.is_alive or not self._starting.acquire(blocking=False):
            return True  # it runs, or somebody starts it: another thread, or this one under a signal handler
        try:
            self._start()
        except RuntimeError as error:
            say("no_worker", f"records wait in memory, the thread that sends them could not start: {error}")
            return False
        finally:
            self._starting.release()
        return True

    def _start(self) -> None:
        if self._thread is not None:
            if self._thread.is_alive():
                return
            self.restarts += 1
        thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        thread.start()
        self._thread = thread

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the end of the work; False if it has not ended."""
        if self._thread is None:
            return True
        if self.is_current:
            return False
        self._thread.join(max(0.0, timeout_seconds))
        return not self._thread.is_alive()

    def _run(self) -> None:
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
        while True:
            try:
                import_awaited()  # before anything is in hand
                self._work()
                return
            except BaseException as error:  # noqa: BLE001 - whatever it is, the records that wait must be sent
                self.restarts += 1
                say("worker_failed", f"the thread that sends records had to begin again: {describe_error(error)}")
                self._failed()
                time.sleep(_PAUSE_SECONDS)
