"""What waits becomes what may leave: drafts are written and secrets taken out, off the thread of the caller."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import TypeAlias

from logcapy._guard import describe_error, say
from logcapy.draft import Draft, RedactMany

from .snapshot import Snapshot

#: What waits in a queue.
Waiting: TypeAlias = "Draft | Snapshot"


def complete(batch: Sequence[Waiting]) -> list[Waiting]:
    """The records of a batch that may leave, in order; what could not be redacted stays out. Never raises.

    A record that waits in several queues is completed by the first worker that comes to it.
    """
    with _completing:
        written: dict[RedactMany, list[Draft]] = {}
        for record in batch:
            if isinstance(record, Draft):
                redact = record.redact
                if redact is not None and _is_written(record):
                    group = written.get(redact)
                    if group is None:
                        group = written[redact] = []
                    group.append(record)
        for redact, group in written.items():
            _redact(redact, group)
    return [
        record for record in batch if (record.redact is None if isinstance(record, Draft) else _is_completed(record))
    ]


def _redact(redact: RedactMany, written: list[Draft]) -> None:
    """Redact drafts together; where that fails, one by one."""
    try:
        redact(written)
    except Exception as error:  # noqa: BLE001 - fails closed: a draft keeps its ``redact`` and does not leave
        if len(written) > 1:
            for draft in written:
                _redact(redact, [draft])
        else:
            _say_dropped(error)
        return
    for draft in written:
        draft.redact = None


def _is_written(draft: Draft) -> bool:
    try:
        draft.write()
    except Exception as error:  # noqa: BLE001 - a record that cannot be written costs itself
        _say_dropped(error)
        return False
    return True


def _is_completed(snapshot: Snapshot) -> bool:
    try:
        snapshot.complete()
    except Exception as error:  # noqa: BLE001 - fails closed, and alone
        _say_dropped(error)
        return False
    return True


def _say_dropped(error: Exception) -> None:
    say("redaction_failed", f"a record was dropped, it could not be redacted: {describe_error(error)}")


def _begin_anew() -> None:
    global _completing
    _completing = threading.Lock()


_completing = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
