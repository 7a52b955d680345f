"""The end of the process: whoever hears of it has what waits sent, and all of them share one bounded time.

One end has many moments: an exception that nobody caught, a server that stops, a signal, the interpreter's exit. Each
flushes, as none knows whether the next one comes; with a Collector that hangs the second is left what the first has not
used.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from logcapy._forking import call_in_child
from logcapy._guard import describe_error, say

#: What part of the time is for sending; in the rest, what could not be sent is stored or counted.
_SENDING_SHARE: Final = 0.8


class Ending:
    """Sends what waits when the process may end, and closes the destinations when it does.

    Args:
        flush: Sends what waits, within milliseconds; True when all of it left.
        close: Ends the destinations within milliseconds: what is left goes to the spool or is counted.
        timeout_millis: The time for one end of the process in all, in milliseconds.
    """

    def __init__(
        self,
        flush: Callable[[float], bool],
        close: Callable[[float], object],
        timeout_millis: Callable[[], float],
    ) -> None:
        self._flush = flush
        self._close = close
        self.timeout_millis = timeout_millis
        #: Whether :meth:`finish` is at work, and what it is to call then: for a signal that interrupts it.
        self.is_finishing = False
        self.then: Callable[[], object] | None = None
        self._spent_millis = 0.0
        self._last = float("-inf")
        call_in_child(self._begin_anew)

    def _begin_anew(self) -> None:
        """In a forked child, whose end is not the one that its parent may have been at when it forked."""
        self.is_finishing = False
        self.then = None
        self._last = float("-inf")

    def flush(self) -> bool:
        """Send what waits; the process may go on. True when all of it left in time."""
        return self._within(1.0, self._flush)

    def finish(self) -> bool:
        """Send what waits, and close the destinations if not all of it left in time. Never raises.

        A destination that took everything stays open: callbacks that run later may have something to tell.

        Returns:
            Whether the destinations are still open.
        """
        self.is_finishing = True
        is_open = False
        try:
            is_open = self._within(_SENDING_SHARE, self._flush)
        except BaseException:  # noqa: BLE001 - who loses patience and presses Ctrl-C ends the waiting, not the end
            self._spent_millis = float("inf")
        try:
            if not is_open:
                self._within(1.0, self._close)
        except BaseException as error:  # noqa: BLE001 - as above
            say("ending", f"the destinations could not be closed: {describe_error(error)}")
        self.is_finishing = False
        if self.then is not None:
            self.then()
        return is_open

    def _within(self, share: float, work: Callable[[float], object]) -> bool:
        """Do something in a share of the time that is left; what succeeds costs nothing of it."""
        started = time.monotonic()
        timeout_millis = self.timeout_millis()
        if (started - self._last) * 1000 > timeout_millis:  # that was another end, which the process survived
            self._spent_millis = 0.0
        try:
            done = bool(work(share * max(0.0, timeout_millis - self._spent_millis)))
        except Exception as error:  # noqa: BLE001 - the process ends as it would without LogCapy
            say("ending", f"the last records could not be sent: {describe_error(error)}")
            done = False
        self._last = time.monotonic()
        self._spent_millis = 0.0 if done else self._spent_millis + (self._last - started) * 1000
        return done
