"""What waits becomes what may leave: secrets are taken out, off the thread of the caller."""

from __future__ import annotations

from collections.abc import Sequence

from logcapy._guard import describe_error, say

from .snapshot import Snapshot


def complete(batch: Sequence[Snapshot]) -> list[Snapshot]:
    """The records of a batch that may leave, in order; what could not be redacted stays out. Never raises."""
    return [record for record in batch if _is_complete(record)]


def _is_complete(record: Snapshot) -> bool:
    try:
        record.complete()
    except Exception as error:  # noqa: BLE001 - fails closed, and alone
        say("redaction_failed", f"a record was dropped, it could not be redacted: {describe_error(error)}")
        return False
    return True
