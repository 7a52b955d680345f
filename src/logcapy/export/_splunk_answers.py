"""What Splunk's HTTP Event Collector answers.

Source: https://help.splunk.com, "Troubleshoot HTTP Event Collector": the codes and their statuses.
"""

from __future__ import annotations

import json
import threading
from typing import Any

from logcapy.types import Broken, Delivered, Outcome, Retry

from ._http import Answer
from ._reason import Reasons

RETRY_STATUSES = (429, 500, 502, 503, 504)
#: Wrong index, missing or invalid channel, acknowledgement disabled, token in the query not enabled.
_SET_UP_CODES = (7, 10, 11, 14, 16)


class SplunkAnswers(threading.local):
    """Reads answers; of the last one of this thread it keeps the acknowledgement's number."""

    ack_id: int | None = None

    def forget(self) -> None:
        """Before the next request."""
        self.ack_id = None

    def read(self, answer: Answer, reasons: Reasons) -> Outcome | None:
        """See :class:`logcapy.export._http.HttpTransport`. Whether acknowledged is an outcome too."""
        said = _object(answer.body)
        if answer.status == 400 and said.get("code") in _SET_UP_CODES:
            return Broken(reasons.reason("HTTP 400", str(said.get("text"))))
        if answer.status != 200:
            return None
        acks = said.get("acks")
        if isinstance(acks, dict):
            return (
                Delivered() if acks and all(done is True for done in acks.values()) else Retry("not yet acknowledged")
            )
        ack_id = said.get("ackId")
        self.ack_id = ack_id if isinstance(ack_id, int) else None
        return None


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
