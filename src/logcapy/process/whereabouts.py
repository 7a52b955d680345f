"""Where in the process a record is emitted: its thread, its asyncio task, its baggage."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from opentelemetry import baggage
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadWriteLogRecord
from opentelemetry.trace import Span

from logcapy.attributes import THREAD_ID, THREAD_NAME
from logcapy.draft import NOTHING_SHARED, Shared

from .enrich import Enricher, add_missing

#: There is no name of OpenTelemetry's for it.
TASK_NAME = "logcapy.task.name"
_MOST_KEPT = 1024


class ThreadEnricher(Enricher):
    """Adds ``thread.id`` and ``thread.name``.

    Source: https://opentelemetry.io/docs/specs/semconv/registry/attributes/thread/
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[int, str], Shared] = {}

    def attributes(self, span: Span | None, severity: int) -> Shared:  # noqa: ARG002 - one signature for all
        """The thread that runs."""
        thread = threading.current_thread()
        key = thread.ident or 0, thread.name
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            found = self._kept[key] = Shared({THREAD_ID: key[0], THREAD_NAME: key[1]})
        return found


class TaskEnricher(Enricher):
    """Adds the name of the asyncio task that runs, as ``logcapy.task.name``; nothing outside one."""

    def __init__(self) -> None:
        self._kept: dict[str, Shared] = {}

    def attributes(self, span: Span | None, severity: int) -> Shared:  # noqa: ARG002 - one signature for all
        """The task that runs."""
        asyncio = sys.modules.get("asyncio")
        if asyncio is None or asyncio._get_running_loop() is None:
            return NOTHING_SHARED
        task = asyncio.current_task()
        if task is None:
            return NOTHING_SHARED
        name = task.get_name()
        found = self._kept.get(name)
        if found is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            found = self._kept[name] = Shared({TASK_NAME: name})
        return found


class BaggageEnricher(Enricher):
    """Adds entries of OpenTelemetry's baggage under their own names: those that are allowed, as anybody may send some.

    Args:
        keys: The names of the entries.
    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._keys = tuple(keys)

    def __call__(self, record: ReadWriteLogRecord) -> None:
        """Edit the record in place; the baggage is that of its own context."""
        found = self._found(record.log_record.context)
        if found:
            add_missing(record.log_record, found)

    def attributes(self, span: Span | None, severity: int) -> Shared:  # noqa: ARG002 - one signature for all
        """The entries of the current context."""
        return self._found(None)

    def _found(self, context: Context | None) -> Shared:
        entries: Mapping[str, Any] = baggage.get_all(context)
        if not entries:
            return NOTHING_SHARED
        found = {key: str(entries[key]) for key in self._keys if key in entries}
        return Shared(found) if found else NOTHING_SHARED
