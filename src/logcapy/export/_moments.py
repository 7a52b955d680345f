"""Sets records of one moment apart, for a destination that takes two equal ones for one."""

from __future__ import annotations

#: How many moments are remembered at least; twice as many at most.
_REMEMBERED = 16_384


class Moments:
    """The moments that streams have records of. Forgets the oldest ones."""

    def __init__(self) -> None:
        # By hash, which takes little room: two that are the same by chance cost a nanosecond.
        self._later: dict[int, int] = {}
        self._older: dict[int, int] = {}

    def free(self, stream: object, timestamp: int) -> int:
        """The timestamp, or the next one of which its stream has no record, which it then has.

        Args:
            stream: Anything that can be hashed.
            timestamp: Nanoseconds.
        """
        asked = moment = hash((stream, timestamp))
        while (later := self._later.get(moment) or self._older.get(moment)) is not None:
            timestamp = later
            moment = hash((stream, timestamp))
        if len(self._later) >= _REMEMBERED:
            self._older, self._later = self._later, {}
        # So that the thousandth record of a moment need not pass by all others.
        self._later[asked] = self._later[moment] = timestamp + 1
        return timestamp
