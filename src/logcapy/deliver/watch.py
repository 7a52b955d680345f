"""One queue as it is seen from outside: what it is called, what it counts, how it is doing, when it lost records.

What makes figures and words of it is imported when somebody asks for them.
"""

from __future__ import annotations

import itertools
import threading
import time
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from opentelemetry.metrics import MeterProvider
from opentelemetry.sdk._logs.export import LogRecordExporter

from logcapy import environment
from logcapy._forking import call_in_child
from logcapy.exporter import PayloadExporter
from logcapy.types import Operation

from .accounting import Stats
from .durations import DurationBook, outcome_labels

if TYPE_CHECKING:
    from .figures import Point
    from .health import Health
    from .watched import Labels, Watched


#: How long a loss is told of.
LOSS_TOLD_SECONDS: Final = 60.0
#: The name under which restarts of a thread are counted, among the reasons of losses.
RESTARTS: Final = "restarts"
#: Dropped because somebody wanted it so.
_WANTED: Final = frozenset(("sampled", "repeated"))


class Losses:
    """Remembers when counts of losses grew, as far back as a loss is told of.

    A loss has the time of the first look after it. Workers look after each operation, and whoever asks for health
    looks; so a loss that nobody has seen yet is told of, however old it is.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: When looking began.
        self.begun = clock()
        self._lock = threading.Lock()
        self._seen: dict[str, int] = {}
        self._grown: dict[tuple[int, str], int] = {}

    def look(self, stats: Stats, restarts: int) -> None:
        """Note what has grown since the last look; what was dropped because somebody wanted it is no loss."""
        second = int(self._clock())
        with self._lock:
            for reason, count in {**stats.dropped, RESTARTS: restarts}.items():
                grown = 0 if reason in _WANTED else count - self._seen.get(reason, 0)
                if grown > 0:
                    self._seen[reason] = count
                    self._grown[second, reason] = self._grown.get((second, reason), 0) + grown

    def recent(self) -> dict[str, int]:
        """What was lost in the last minute, by reason."""
        since = self._clock() - LOSS_TOLD_SECONDS
        recent: dict[str, int] = {}
        with self._lock:
            self._grown = {key: count for key, count in self._grown.items() if key[0] >= since}
            for (_, reason), count in self._grown.items():
                recent[reason] = recent.get(reason, 0) + count
        return recent


_COMPONENT_TYPE: Final = "otel.component.type"
_COMPONENT_NAME: Final = "otel.component.name"
#: The types that the semantic conventions have words for, by the name of LogCapy's exporter.
_KNOWN_TYPES: Final = {"otlp_http": "otlp_http_log_exporter", "otlp_grpc": "otlp_grpc_log_exporter"}
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_counters: defaultdict[str, itertools.count[int]] = defaultdict(itertools.count)


class Watch:
    """What metrics, Prometheus and health see of one queue; made by the queue, and never raises.

    Args:
        queue: Whose.
    """

    def __init__(self, queue: Watched) -> None:
        self._queue = weakref.ref(queue)
        exporter = queue.exporter
        self.exporter = exporter
        #: What people are told the destination is.
        self.name = _name(exporter)
        self.processor_labels: Labels = _component("logcapy.BatchLogRecordProcessor")
        self.exporter_labels: Labels = {**_component(_exporter_type(exporter)), **_server(exporter)}
        #: Is told of each operation too, with the attributes of its duration.
        self.on_duration: Callable[[float, Labels], None] | None = None
        self._begin()
        call_in_child(self._begin)

    def _begin(self) -> None:
        """A forked child's queue begin at nothing, and so does this."""
        self.durations = DurationBook()
        self._losses = Losses()

    @property
    def watched(self) -> Watched | None:
        """The queue, unless it is no more."""
        return self._queue()

    @property
    def is_over(self) -> bool:
        """Whether the queue was shut down or is no more."""
        queue = self._queue()
        return queue is None or queue.stopped

    def observe(self, operation: Operation) -> None:
        """Take note of an operation that has ended. Called on the thread that sends."""
        labels = {**self.exporter_labels, **outcome_labels(operation)}
        self.durations.add(operation.seconds, labels)
        if self.on_duration is not None:
            self.on_duration(operation.seconds, labels)
        queue = self._queue()
        if queue is not None:
            self._losses.look(queue.stats(), queue.restarts)

    def figures(self) -> Iterator[Point]:
        """All figures but the durations, as they are now; none once the queue is no more."""
        from .figures import exporter_figures, processor_figures

        queue = self._queue()
        if queue is not None:
            stats = queue.stats()
            yield from processor_figures(queue, stats, self.processor_labels)
            yield from exporter_figures(queue, stats, self.exporter_labels)

    def health(self) -> Health:
        """How delivery to this destination is doing."""
        from .health import Health, health_of

        queue = self._queue()
        return Health() if queue is None else health_of(self.name, queue, self._losses)


class DoorWatch:
    """What metrics see of the records that a processor drops before it hands them to any destination.

    Args:
        not_handed_on: The accounts of these records, a method; its object is not kept alive.
    """

    watched = None
    is_over = True

    def __init__(self, not_handed_on: Callable[[], Stats]) -> None:
        self._not_handed_on = weakref.WeakMethod(not_handed_on)
        self._labels = _component("logcapy.LogCapyLogRecordProcessor")

    def figures(self) -> Iterator[Point]:
        """How many there were; nothing where there were none."""
        from .figures import door_figures

        not_handed_on = self._not_handed_on()
        return iter(()) if not_handed_on is None else door_figures(not_handed_on(), self._labels)


def measure(watch: Watch | DoorWatch, meter_provider: MeterProvider | None = None) -> None:
    """Report figures as metrics, if the SDK measures itself. Never raises.

    Args:
        watch: Whose.
        meter_provider: Where to. Default: the global one, also one that is only set later.
    """
    if environment.internal_metrics_enabled():
        from .metrics import report

        report(watch, meter_provider)


def _name(exporter: LogRecordExporter) -> str:
    destination = exporter.destination if isinstance(exporter, PayloadExporter) else ""
    kind = exporter.name if isinstance(exporter, PayloadExporter) else type(exporter).__name__
    return f"{kind} ({destination})" if destination else kind


def _exporter_type(exporter: LogRecordExporter) -> str:
    kind = type(exporter)
    if isinstance(exporter, PayloadExporter) and kind.__module__.startswith("logcapy."):
        return _KNOWN_TYPES.get(exporter.name, f"{kind.__module__}.{kind.__qualname__}")
    return f"{kind.__module__}.{kind.__qualname__}"


def _component(kind: str) -> Labels:
    """Type and name; LogCapy's own names, since the SDK counts its components for itself."""
    name = kind if kind.startswith("logcapy.") else f"logcapy.{kind}"
    return {_COMPONENT_TYPE: kind, _COMPONENT_NAME: f"{name}/{next(_counters[kind])}"}


def _server(exporter: LogRecordExporter) -> Labels:
    """Address and port of the server that an exporter of LogCapy's sends to; nothing where there is none."""
    destination = exporter.destination if isinstance(exporter, PayloadExporter) else ""
    try:
        url = urlsplit(destination)
        port = url.port or _DEFAULT_PORTS.get(url.scheme)
    except ValueError:
        return {}
    if not url.hostname:
        return {}
    return {"server.address": url.hostname} if port is None else {"server.address": url.hostname, "server.port": port}
