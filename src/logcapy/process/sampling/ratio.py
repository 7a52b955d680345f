"""A share of the records: of a trace all or none, whoever decides it.

Source: https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/: the randomness of a trace is
the last 56 bits of its id, and what is at or above the rejection threshold is kept.
"""

from __future__ import annotations

import random
from collections.abc import Hashable

_BITS = 56
_RANDOMNESS = (1 << _BITS) - 1
_MOST_SITES = 4096


class Ratio:
    """Keeps a share of the records.

    Args:
        ratio: From 0 to 1.
        first: So many of each call site are kept before that.
    """

    def __init__(self, ratio: float, first: int = 0) -> None:
        self._threshold = round((1 - ratio) * (1 << _BITS))
        self._first = first
        self._seen: dict[Hashable, int] = {}

    def keeps(self, trace_id: int) -> bool:
        """Whether the records of a trace are kept; 0 for a record outside any trace, which is decided by itself."""
        randomness = trace_id & _RANDOMNESS if trace_id else random.getrandbits(_BITS)
        return randomness >= self._threshold

    def is_first(self, site: Hashable) -> bool:
        """Whether this is one of the first records of a call site."""
        if not self._first:
            return False
        seen = self._seen.get(site, 0)
        if seen >= self._first:
            return False
        if len(self._seen) >= _MOST_SITES:
            return False
        self._seen[site] = seen + 1
        return True
