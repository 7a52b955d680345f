"""uvicorn ends by raising the signal that ended it once more, so what waits for the interpreter's exit may never run.

Without LogCapy's word in between, the records of the last second, its own "Finished server process" among
them, are lost. ``Server.capture_signals`` is what raises the signal again: whatever waits is sent just before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ._methods import Method, Methods
from .ending import Ending


def flush_at_the_end(ending: Ending) -> Callable[[], None]:
    """Flush when a uvicorn server has ended gracefully, whichever way it was started.

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
                    if methods.active:
                        ending.flush()

        return with_flush

    methods = Methods(
        (Method("uvicorn.server", "Server", "capture_signals", capture_signals),),
        loss="the last records of a uvicorn server that is ended by a signal may be lost",
    )
    methods.install()
    return methods.uninstall
