"""Patterns that are compiled when they are first needed: 0.1 to 1 ms each, of dozens, and a process needs a few."""

from __future__ import annotations

import re
from functools import cache


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """One of LogCapy's own patterns; kept for good, so none that an application gives."""
    return re.compile(pattern)
