"""What a worker waits for: to be woken, and to be asked when it is done."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue


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
