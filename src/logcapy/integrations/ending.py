"""The end of the process: whoever hears of it has what waits sent, and all of them share one bounded time.

One end has many moments: an exception that nobody caught, a server that stops, a signal, the interpreter's exit. Each
flushes, as none knows whether the next one comes; with a Collector that hangs the second is left what the first has not
used.

``atexit`` calls last who registered first. Callbacks that were registered before LogCapy's therefore run after it, and
nothing runs after them in which a thread could still send. So at LogCapy's turn the destinations stay open, and each
record of a later callback is sent before the logging call returns. What the SDK would do, close them, is done only
where not everything left.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord

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
        tell: Tells the user what was lost before; called where the destinations stay open, as closing them tells it.
    """

    def __init__(
        self,
        flush: Callable[[float], bool],
        close: Callable[[float], object],
        timeout_millis: Callable[[], float],
        tell: Callable[[], object],
    ) -> None:
        self._flush = flush
        self._close = close
        self.timeout_millis = timeout_millis
        self._tell = tell
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
            if is_open:
                self._tell()
            else:
                self._within(1.0, self._close)
        except BaseException as error:  # noqa: BLE001 - as above
            say("ending", f"what was lost could not be told, or the destinations not closed: {describe_error(error)}")
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


def finish_at_exit(provider: LoggerProvider, ending: Ending, close_others: Callable[[], object]) -> Callable[[], None]:
    """Finish when the interpreter exits, instead of the provider's own shutdown.

    Args:
        provider: Whose shutdown is not to come before the last record.
        ending: What sends and closes.
        close_others: Closes the destinations that are not LogCapy's own, which do not stay open.

    Returns:
        What takes it away again. The provider's own shutdown does not come back: who calls this ends the provider.
    """

    def finish() -> None:
        if ending.finish():
            close_others()
            provider.add_log_record_processor(_FlushEach(ending))

    atexit.unregister(provider.shutdown)
    atexit.register(finish)
    return partial(atexit.unregister, finish)


class _FlushEach(LogRecordProcessor):
    """Comes after LogCapy's processor: has each record sent that the exiting thread has handed to that one."""

    #: It reads nothing of a record.
    describes_exceptions: Final = True

    def __init__(self, ending: Ending) -> None:
        self._ending = ending

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:  # noqa: ARG002 - the interface's signature
        if threading.current_thread() is threading.main_thread():
            self._ending.flush()

    def shutdown(self) -> None:
        """Nothing to end."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002 - the interface's signature
        """Nothing waits here."""
        return True
