"""A thread that goes on after whatever ends its work, and that is there again when it is needed.

And what it waits for: to be woken, and to be asked when it is done.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, set_value

from logcapy._guard import describe_error, say
from logcapy._later import import_awaited


class Flush:
    """A question to a worker: tell me when what is in the queue now has been dealt with."""

    def __init__(self) -> None:
        self.done = threading.Event()


class Inbox:
    """Wakes one thread. Safe to use in a signal handler and in a finalizer, as SimpleQueue is."""

    def __init__(self) -> None:
        self._signals: SimpleQueue[Flush | None] = SimpleQueue()
        #: What was asked and is not answered yet; the waiting thread's own.
        self.questions: list[Flush] = []

    def wake(self) -> None:
        """Let the thread look what there is to do."""
        self._signals.put(None)

    def ask(self) -> Flush:
        """Ask, and wake the thread."""
        question = Flush()
        self._signals.put(question)
        return question

    def wait(self, timeout_seconds: float | None) -> bool:
        """Sleep until somebody wakes or asks; False when the time was over first."""
        try:
            self._note(self._signals.get(timeout=None if timeout_seconds is None else max(0.0, timeout_seconds)))
        except Empty:
            return False
        self.look()
        return True

    def look(self) -> None:
        """Note what was asked meanwhile."""
        while True:
            try:
                self._note(self._signals.get_nowait())
            except Empty:
                return

    def _note(self, signal: Flush | None) -> None:
        if signal is not None:
            self.questions.append(signal)

    def take_questions(self) -> list[Flush]:
        """The questions that are to be answered with the work that begins now."""
        self.look()
        questions, self.questions = self.questions, []
        return questions


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
