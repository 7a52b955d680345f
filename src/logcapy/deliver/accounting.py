"""What became of every record: ``emitted = exported + on_disk + in_memory + dropped``."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Stats:
    """The accounts at one moment. A record counts once for each destination it goes to.

    Args:
        emitted: How many were handed in.
        exported: How many a destination took.
        on_disk: How many wait on disk.
        in_memory: How many wait in the queue or are being sent.
        dropped: How many were given up, by reason: ``queue_full``, ``rejected``, ``export_failed``,
            ``too_large``, ``shutdown``, ``redaction_failed``, ``repeated``.
    """

    emitted: int = 0
    exported: int = 0
    on_disk: int = 0
    in_memory: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)

    @staticmethod
    def total(parts: Iterable[Stats]) -> Stats:
        """The accounts of several destinations as one."""
        parts = list(parts)
        dropped: Counter[str] = Counter()
        for part in parts:
            dropped.update(part.dropped)
        return Stats(
            emitted=sum(part.emitted for part in parts),
            exported=sum(part.exported for part in parts),
            on_disk=sum(part.on_disk for part in parts),
            in_memory=sum(part.in_memory for part in parts),
            dropped=MappingProxyType(dict(dropped)),
        )


class AtomicCounter:
    """Counts exactly without a lock, so that it may be used where a signal handler or a finalizer logs.

    ``next()`` of an ``itertools.count`` is one step of the interpreter. Reading takes a step too, so the
    steps that reading took are kept and taken off again.
    """

    def __init__(self) -> None:
        self._steps = itertools.count()
        self._reads = 0
        self._reading = threading.RLock()

    def add_one(self) -> None:
        """Count one."""
        next(self._steps)

    @property
    def value(self) -> int:
        """How many were counted."""
        with self._reading:
            value = next(self._steps) - self._reads
            self._reads += 1
            return value
