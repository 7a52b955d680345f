"""LogCapy's own metrics, on OpenTelemetry's Metrics API: on where the SDK's own are.

Nothing is done for them as records pass: when somebody collects, what the accounts have gained since the last
collection is added to the instruments. So they are the synchronous counters of the semantic conventions: a forked
child continues its parent's sums and never reports less than before, with delta temporality too; and several queues
share an instrument, where the SDK forgets the callback of every observable instrument but the first.

The meter is ``logcapy``, not the SDK's ``opentelemetry-sdk``: an instrument of that one, made by a stock exporter
for spans, has boundaries for milliseconds where durations are in seconds, and only the first to ask for it decides.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable
from typing import Final

from opentelemetry.metrics import (
    CallbackOptions,
    Counter,
    Histogram,
    MeterProvider,
    Observation,
    UpDownCounter,
    get_meter_provider,
)

from logcapy import _sdk
from logcapy._forking import call_in_child
from logcapy._guard import describe_error, say
from logcapy._version import __version__

from .durations import BOUNDARIES
from .figures import EXPORTED, FIGURES, INFLIGHT, OLDEST_AGE, OPERATION_DURATION, Point
from .watch import DoorWatch, Watch

METER: Final = "logcapy"
_OF_EXPORTERS: Final = frozenset((INFLIGHT.name, EXPORTED.name))

_Key = tuple[str, frozenset[tuple[str, "str | int"]]]


class _Source:
    """A watch, and what was added for it so far.

    What is watched is kept alive until it has ended and its last figures were taken.
    """

    def __init__(self, watch: Watch | DoorWatch, passed_over: frozenset[str]) -> None:
        self.watch = weakref.ref(watch)
        self.kept_alive: object = watch.watched
        self.passed_over = passed_over
        self.added: dict[_Key, Point] = {}


class _Instruments:
    """The instruments of one MeterProvider."""

    def __init__(self, provider: MeterProvider) -> None:
        meter = provider.get_meter(METER, __version__)
        self._sums: dict[str, Counter | UpDownCounter] = {}
        for figure in FIGURES:
            described = {"name": figure.name, "unit": figure.unit, "description": figure.description}
            if figure.kind == "counter":
                self._sums[figure.name] = meter.create_counter(**described)
            elif figure.kind == "updowncounter":
                self._sums[figure.name] = meter.create_up_down_counter(**described)
        self.duration: Histogram = meter.create_histogram(
            OPERATION_DURATION.name,
            OPERATION_DURATION.unit,
            OPERATION_DURATION.description,
            explicit_bucket_boundaries_advisory=BOUNDARIES,
        )
        self._begin()
        call_in_child(self._begin_in_child)
        self._sources: list[_Source] = []
        meter.create_observable_gauge(OLDEST_AGE.name, [self._collect], OLDEST_AGE.unit, OLDEST_AGE.description)

    def _begin(self) -> None:
        self._lock = threading.RLock()  # a signal handler may end the SDK, which collects, in the middle of collecting

    def _begin_in_child(self) -> None:
        """A forked child has its parent's sums and accounts of its own, which begin at nothing."""
        self._begin()
        for source in self._sources:
            source.added = {key: point for key, point in source.added.items() if point.figure.kind == "updowncounter"}

    def add(self, watch: Watch | DoorWatch) -> None:
        """Measure from now on; where an exporter measures itself, as the stock ones do, its queue alone."""
        measures_itself = isinstance(watch, Watch) and _sdk.stock_protocol(watch.exporter) is not None
        passed_over = _OF_EXPORTERS if measures_itself else frozenset()
        self._sources.append(_Source(watch, passed_over))
        if isinstance(watch, Watch) and not measures_itself:
            watch.on_duration = self.duration.record

    def _collect(self, _options: CallbackOptions) -> Iterable[Observation]:
        observations: list[Observation] = []
        with self._lock:
            for source in list(self._sources):
                observations += self._collect_one(source)
        return observations

    def _collect_one(self, source: _Source) -> Iterable[Observation]:
        watch = source.watch()
        if watch is None:
            self._sources.remove(source)
            for key, point in source.added.items():
                if point.figure.kind == "updowncounter":
                    self._sums[key[0]].add(-point.value, point.labels)
            return
        if watch.is_over:
            source.kept_alive = None
        for point in watch.figures():
            if point.figure is OLDEST_AGE:
                yield Observation(point.value, point.labels)
            elif point.figure.name not in source.passed_over:
                self._add(source, point)

    def _add(self, source: _Source, point: Point) -> None:
        key = (point.figure.name, frozenset(point.labels.items()))
        before = source.added.get(key)
        gained = point.value - (before.value if before is not None else 0)
        if before is not None and (gained == 0 or (gained < 0 and point.figure.kind == "counter")):
            return
        source.added[key] = point
        self._sums[point.figure.name].add(gained, point.labels)


def report(watch: Watch | DoorWatch, meter_provider: MeterProvider | None = None) -> None:
    """Report figures as metrics. Never raises.

    Args:
        watch: Whose.
        meter_provider: Where to. Default: the global one, also one that is only set later.
    """
    try:
        _instruments_of(meter_provider).add(watch)
    except Exception as error:  # noqa: BLE001 - a foreign MeterProvider must not keep records from being delivered
        say("metrics", f"there are no metrics of the delivery of logs: {describe_error(error)}")


def _instruments_of(provider: MeterProvider | None) -> _Instruments:
    """One set a MeterProvider: the callback of a second one would be forgotten.

    The global provider is a stand-in until somebody sets one, so it has the name None.
    """
    current = get_meter_provider()
    if provider is not None and provider is not current:
        return _instruments.get(provider) or _instruments.setdefault(provider, _Instruments(provider))
    known = _instruments.get(None) or _instruments.get(current)
    return _instruments.setdefault(None, known or _Instruments(current))


_instruments: dict[MeterProvider | None, _Instruments] = {}
