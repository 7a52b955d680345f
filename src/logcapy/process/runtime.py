"""How the process is: memory, processor time, garbage, files, threads.

It is looked at when a record wants it, at most once a second: nothing runs in the background for it.

Source of the names: https://opentelemetry.io/docs/specs/semconv/system/process-metrics/ and
https://opentelemetry.io/docs/specs/semconv/runtime/cpython-metrics/
"""

from __future__ import annotations

import gc
import os
import resource
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from opentelemetry.trace import Span

from logcapy.draft import NOTHING_SHARED, Shared

from .enrich import Enricher

_OLD_SECONDS = 1.0
_WARN = 13


class RuntimeEnricher(Enricher):
    """Adds how the process is to records of a severity and above.

    ``process.memory.usage`` (bytes), ``process.cpu.time`` (seconds), ``process.thread.count``,
    ``process.open_file_descriptor.count``, ``cpython.gc.collections`` (all generations).

    Args:
        severity: OpenTelemetry's number of the least that gets it.
    """

    def __init__(self, severity: int = _WARN) -> None:
        self._severity = severity
        self._known = NOTHING_SHARED
        self._next_look = 0.0

    def attributes(self, span: Span | None, severity: int) -> Shared:  # noqa: ARG002 - one signature for all
        """What was seen within the last second."""
        if severity < self._severity:
            return NOTHING_SHARED
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _OLD_SECONDS
            self._known = Shared(snapshot())
        return self._known


def snapshot() -> dict[str, Any]:
    """How the process is now; what the system does not tell is left out."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    found: dict[str, Any] = {
        "process.memory.usage": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "process.cpu.time": round(usage.ru_utime + usage.ru_stime, 3),
        "process.thread.count": threading.active_count(),
        "cpython.gc.collections": sum(generation["collections"] for generation in gc.get_stats()),
    }
    with suppress(OSError, ValueError, IndexError):
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - of Linux, where it is what is used now, not the most
            found["process.memory.usage"] = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        found["process.open_file_descriptor.count"] = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names only
    return found
