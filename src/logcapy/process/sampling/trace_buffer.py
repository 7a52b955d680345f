"""Records of a trace wait in memory until it is known whether anybody will want to read them."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from enum import Enum, auto
from sys import maxsize
from typing import Any, Final, NamedTuple

from logcapy._forking import call_in_child
from logcapy._guard import describe_error, say

#: A trace may keep so many records, and wait so long for its end.
MOST_OF_A_TRACE: Final = 1_000
_LONGEST_SECONDS: Final = 300.0
#: So many traces that failed are remembered, for the records that come after their end.
_MOST_FAILED: Final = 10_000
_ERROR: Final = 17
_WARN: Final = 13


class _Fate(Enum):
    OPEN = auto()
    #: What waited is on its way; what comes now queues up behind it.
    LEAVING = auto()


class _Held(NamedTuple):
    hand_on: Callable[[Any], None]
    record: Any
    weight: int


class _Trace:
    __slots__ = ("fate", "held", "number", "roots", "since")

    def __init__(self, number: int, since: float) -> None:
        self.number = number
        self.fate = _Fate.OPEN
        self.held: deque[_Held] = deque()
        self.roots = 0
        self.since = since


class TraceBuffer:
    """Holds records below WARN back until their trace fails, and gives them up when it ends well.

    Args:
        most: So many records in all; the trace that has waited longest gives its up.
        count: Told the reason and the number of records that are given up.
        clock: Seconds, monotonic.
        most_bytes: The most that large records may weigh together.
    """

    def __init__(
        self,
        most: int,
        count: Callable[[str, int], None],
        clock: Callable[[], float] = time.monotonic,
        most_bytes: int = maxsize,
    ) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._count = count
        self._clock = clock
        self._begin_anew()
        call_in_child(self._begin_anew)

    def _begin_anew(self) -> None:
        # A signal handler may log in the thread that it interrupts here.
        self._lock = threading.RLock()
        self._traces: OrderedDict[int, _Trace] = OrderedDict()
        #: Those that hold a record, the one that has waited longest first.
        self._waiting: OrderedDict[int, _Trace] = OrderedDict()
        self._failed: OrderedDict[int, None] = OrderedDict()
        #: How many records wait.
        self.size = 0
        self._weight = 0

    def holds(self, trace_id: int, severity: int, hand_on: Callable[[Any], None], record: Any, weight: int = 0) -> bool:
        """Whether a record is held back; an ERROR lets all leave that its trace has held back, and goes after them.

        Args:
            trace_id: Of the record; 0 for one outside any trace, which is not held back.
            severity: OpenTelemetry's number.
            hand_on: What is done with the record if it leaves.
            record: The record.
            weight: The bytes that it has beyond those of a small record.
        """
        if not trace_id:
            return False
        if severity >= _ERROR:
            self.fail(trace_id)
        with self._lock:
            # Of WARN and above only what would overtake others that another thread is just letting leave.
            trace = self._trace(trace_id) if severity < _WARN else self._leaving(trace_id)
            if trace is None:
                return False
            trace.held.append(_Held(hand_on, record, weight))
            self._waiting.setdefault(trace_id, trace)
            self.size += 1
            self._weight += weight
            if trace.fate is _Fate.OPEN:
                self._make_room(trace)
        return True

    def began(self, trace_id: int) -> None:
        """A root span of a trace began in this process."""
        with self._lock:
            trace = self._trace(trace_id)
            if trace is not None:
                trace.roots += 1

    def ended(self, trace_id: int, *, failed: bool) -> None:
        """A root span of a trace ended; with the last one it is decided."""
        if failed:
            self.fail(trace_id)
        with self._lock:
            trace = self._traces.get(trace_id)
            if trace is None:
                return
            trace.roots -= 1
            if trace.roots <= 0 and trace.fate is _Fate.OPEN:
                self._give_up(trace_id, "buffer_discarded")

    def fail(self, trace_id: int) -> None:
        """Let the records of a trace leave, in order, and those that are still to come."""
        with self._lock:
            if trace_id in self._failed:
                return
            trace = self._trace(trace_id)
            if trace is None or trace.fate is not _Fate.OPEN:
                return
            trace.fate = _Fate.LEAVING
        try:
            self._let_leave(trace_id, trace)
        except (
            BaseException
        ):  # a signal handler raised; the others leave when the root span ends, or with the next ERROR
            trace.fate = _Fate.OPEN
            raise

    def _let_leave(self, trace_id: int, trace: _Trace) -> None:
        while True:
            with self._lock:
                if not trace.held:
                    self._traces.pop(trace_id, None)
                    self._failed[trace_id] = None
                    if len(self._failed) > _MOST_FAILED:
                        self._failed.popitem(last=False)
                    return
                one = self._take_first(trace)
            try:
                one.hand_on(one.record)
            except Exception as error:  # noqa: BLE001 - the others are to leave too
                say("buffer_failed", f"a record that had waited could not be handed on: {describe_error(error)}")

    def give_all_up(self) -> None:
        """The process ends: what nobody has asked for until now is given up."""
        with self._lock:
            for trace_id in list(self._traces):
                self._give_up(trace_id, "buffer_discarded")

    def _trace(self, trace_id: int) -> _Trace | None:
        """The trace, made if need be; None for one that has failed."""
        if trace_id in self._failed:
            return None
        trace = self._traces.get(trace_id)
        if trace is None:
            now = self._clock()
            trace = self._traces[trace_id] = _Trace(trace_id, now)
            self._give_old_ones_up(now)
        return trace

    def _give_old_ones_up(self, now: float) -> None:
        while self._traces:
            trace_id, oldest = next(iter(self._traces.items()))
            if now - oldest.since < _LONGEST_SECONDS or oldest.fate is not _Fate.OPEN:
                return
            self._give_up(trace_id, "buffer_discarded")

    def _make_room(self, trace: _Trace) -> None:
        if len(trace.held) > MOST_OF_A_TRACE:
            self._take_first(trace)
            self._count("buffer_full", 1)
        while self.size > self._most or self._weight > self._most_bytes:
            oldest = next((key for key, one in self._waiting.items() if one.fate is _Fate.OPEN), None)
            if oldest is None:
                return
            self._give_up(oldest, "buffer_full")

    def _take_first(self, trace: _Trace) -> _Held:
        one = trace.held.popleft()
        self.size -= 1
        self._weight -= one.weight
        if not trace.held:
            self._waiting.pop(trace.number, None)
        return one

    def _leaving(self, trace_id: int) -> _Trace | None:
        trace = self._traces.get(trace_id)
        return trace if trace is not None and trace.fate is _Fate.LEAVING else None

    def _give_up(self, trace_id: int, reason: str) -> None:
        trace = self._traces.pop(trace_id)
        held = len(trace.held)
        while trace.held:
            self._take_first(trace)
        if held:
            self._count(reason, held)
        if reason == "buffer_full" and trace.roots > 0:  # it goes on, with an empty buffer
            self._traces[trace_id] = trace
            trace.since = self._clock()
