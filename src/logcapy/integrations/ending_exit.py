"""The interpreter's exit: what waits is sent after the application's own callbacks, and theirs that come later too.

``atexit`` calls last who registered first. Callbacks that were registered before LogCapy's therefore run after it, and
nothing runs after them in which a thread could still send. So at LogCapy's turn the destinations stay open, and each
record of a later callback is sent before the logging call returns. What the SDK would do, close them, is done
only where not everything left.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord

from .ending import Ending


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
