"""uvicorn ends by raising the signal that ended it once more, so nothing that waits for the interpreter's exit runs.

Without LogCapy's word in between, the records of the last second, its own "Finished server process" among
them, are lost. ``Server.capture_signals`` is what raises the signal again: whatever waits is sent just before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from logcapy._guard import describe_error, say_once

from ._methods import Method, Methods


def flush_at_the_end(flush: Callable[[], object]) -> Callable[[], None]:
    """Call ``flush`` when a uvicorn server has ended gracefully, whichever way it was started.

    Returns:
        What takes it away again.
    """

    def capture_signals(original: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def with_flush(self: Any) -> Iterator[None]:
            with original(self):
                try:
                    yield
                finally:
                    _flush(flush)

        return with_flush

    methods = Methods(
        (Method("uvicorn.server", "Server", "capture_signals", capture_signals),),
        loss="the last records of a uvicorn server that is ended by a signal may be lost",
    )
    methods.install()
    return methods.uninstall


def _flush(flush: Callable[[], object]) -> None:
    try:
        flush()
    except Exception as error:  # noqa: BLE001 - the server ends as it would without LogCapy
        say_once("uvicorn", f"the last records could not be sent: {describe_error(error)}")
