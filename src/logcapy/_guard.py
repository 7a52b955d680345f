"""How LogCapy speaks of its own troubles: on stderr, rarely, and never through logging.

A message logged from here would become a record of the pipeline that is in trouble.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

_REPEAT_SECONDS = 60.0
_PREFIX = "logcapy: "


class Reporter:
    """Writes the first message of a kind, then at most one a minute with the number that were held back.

    Args:
        write: Where a finished line goes. Default: ``sys.stderr`` as it is at the time.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, write: Callable[[str], object] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._write = write
        self._clock = clock
        self._lock = threading.RLock()
        self._next_time: dict[str, float] = {}
        self._held_back: dict[str, int] = {}
        #: Takes the secrets out of a message: it may quote an error of the application's.
        self.redact: Callable[[str], str] = str
        os.register_at_fork(after_in_child=self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = threading.RLock()

    def say(self, kind: str, message: str) -> None:
        """Tell the user of one event. Never raises.

        Args:
            kind: What messages are counted together, for example ``"queue_full"``.
            message: One line, without the ``logcapy:`` prefix and without secrets.
        """
        now = self._clock()
        with self._lock:
            if now < self._next_time.get(kind, now):
                self._held_back[kind] = self._held_back.get(kind, 0) + 1
                return
            self._next_time[kind] = now + _REPEAT_SECONDS
            held_back = self._held_back.pop(kind, 0)
        self._print(kind, f"{_PREFIX}{message}" + (f" (and {held_back} more like it)" if held_back else "") + "\n")

    def say_once(self, kind: str, message: str) -> None:
        """Tell the user once in the life of the process. Never raises."""
        with self._lock:
            if kind in self._next_time:
                return
            self._next_time[kind] = float("inf")
        self._print(kind, f"{_PREFIX}{message}\n")

    def _print(self, kind: str, line: str) -> None:
        try:
            line = self.redact(line)
            if not line.startswith(_PREFIX):  # masked whole: the kind, which is ours, tells at least what it is about
                line = f"{_PREFIX}{kind}: {line}\n"
            if self._write is not None:
                self._write(line)
            elif sys.stderr is not None:
                sys.stderr.write(line)
        except Exception:  # noqa: BLE001, S110 - a closed or broken stderr must not reach the application
            pass


def redact_messages(redact: Callable[[str], str]) -> None:
    """From now on take the secrets out of what is said; ``redact`` never raises."""
    _reporter.redact = redact


_reporter = Reporter()
say = _reporter.say
say_once = _reporter.say_once


def excerpt(text: str, longest: int) -> str:
    """The beginning of a text, on one line and without its secrets, which are looked for before it is cut.

    Afterwards it would be too late: of ``postgres://app:password@host`` without the ``@`` nothing shows what it was.
    """
    return _reporter.redact(text[: 10 * longest]).replace("\n", " ")[:longest]


def describe_error(error: BaseException) -> str:
    """``Type: text`` of an error, whatever its ``__str__`` does, on one line of at most 300 characters."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - a hostile __str__ is the case this function is for
        text = "(its text could not be made)"
    return excerpt(f"{type(error).__name__}: {text}", 300)
