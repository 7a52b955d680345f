"""How long a destination asks us to wait."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timezone
from email.utils import parsedate_to_datetime

_LONGEST_SECONDS = 600.0


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The wait that ``Retry-After`` asks for, at most 10 minutes; None for none, for nonsense and for the past.

    A date is counted from the answer's own ``Date`` where it has one, so that a wrong clock here does no harm.
    Source: RFC 9110, 10.2.3.

    Args:
        headers: The answer's, found without regard to case.
    """
    text = (headers.get("Retry-After") or "").strip()
    if text.isascii() and text.isdecimal():
        seconds = float(text[:20])
    else:
        until = _parse_date(text)
        if until is None:
            return None
        sent = _parse_date(headers.get("Date") or "")
        seconds = until - (time.time() if sent is None else sent)
    return min(seconds, _LONGEST_SECONDS) if seconds > 0 else None


def _parse_date(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or timezone.utc).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
