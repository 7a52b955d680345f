"""What each process has for itself: a client with its connections, which a forked child must neither use nor close."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class PerProcess(Generic[_T]):
    """One of something for this process, made when it is first wanted.

    Args:
        make: Makes it.
    """

    def __init__(self, make: Callable[[], _T]) -> None:
        self._make = make
        #: By process id. A child keeps its parent's: letting go of it could close it.
        self._made: dict[int, _T] = {}

    def get(self) -> _T:
        """This process's."""
        pid = os.getpid()
        if pid not in self._made:
            self._made[pid] = self._make()
        return self._made[pid]

    def take(self) -> _T | None:
        """This process's, for who closes it; None if there is none. The next one is made anew."""
        return self._made.pop(os.getpid(), None)
