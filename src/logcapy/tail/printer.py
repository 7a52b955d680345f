"""The one who writes to stdout, a request at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TextIO

from logcapy.render.received import Received

from .refusal import Refusal


class Printer:
    """Writes records and flushes, so that what was acknowledged can be seen.

    Args:
        stream: Where to.
        render: A record's text, newlines included. Called by one thread at a time.
        on_error: Told once when the stream cannot be written to any more.
    """

    def __init__(
        self, stream: TextIO, render: Callable[[Received], str], on_error: Callable[[OSError], object]
    ) -> None:
        self._stream = stream
        self._render = render
        self._on_error = on_error
        self._lock = threading.Lock()
        self._closed = False

    def show(self, records: Sequence[Received]) -> None:
        """Print records, in order and together.

        Raises:
            Refusal: Nothing is printed any more (503: whoever listens here next may take it).
        """
        with self._lock:
            if self._closed:
                raise Refusal(503, "logcapy tail is ending")
            text = "".join(map(self._render, records))
            try:
                self._stream.write(text)
                self._stream.flush()
            except OSError as error:
                self._closed = True
                self._on_error(error)
                raise Refusal(503, "the output of logcapy tail is closed") from None

    def close(self, timeout_seconds: float) -> bool:
        """Let the request that is being printed finish; False if whoever reads the output does not read on."""
        if not self._lock.acquire(timeout=timeout_seconds):
            return False
        self._closed = True
        self._lock.release()
        return True
