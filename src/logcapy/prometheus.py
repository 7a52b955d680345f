"""LogCapy's figures for Prometheus, by its own client library; ``pip install 'logcapy[prometheus]'``.

::

    import logcapy
    import prometheus_client
    from logcapy.prometheus import LogCapyCollector

    handle = logcapy.configure()
    prometheus_client.REGISTRY.register(LogCapyCollector(handle))

Names are those that OpenTelemetry's metrics get on their way to Prometheus, so a dashboard need not know which way
they came. Source: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final, TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from .deliver.batch import BatchLogRecordProcessor
from .deliver.durations import BOUNDARIES
from .deliver.figures import FIGURES, OPERATION_DURATION, Figure, Point
from .deliver.watch import Watch
from .deliver.watched import Labels
from .handle import Handle
from .processor import LogCapyLogRecordProcessor

Source: TypeAlias = "Handle | LogCapyLogRecordProcessor | BatchLogRecordProcessor"

_UNITS: Final = {"s": "seconds", "By": "bytes"}
_BOUNDS: Final = (*(str(boundary) for boundary in BOUNDARIES), "+Inf")


class LogCapyCollector(Collector):
    """Reads the accounts when Prometheus asks, and costs nothing in between.

    Prometheus's multi-process mode has no part in it: it adds up files that client metrics write, and knows nothing
    of collectors. Each process tells of itself.

    Args:
        source: Whose figures: all of a handle's, also after it was configured anew, or those of a processor.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    def describe(self) -> Iterable[Metric]:
        """The families without figures, so that a registry can be asked for their names."""
        return [_family(figure, []) for figure in FIGURES if figure is not OPERATION_DURATION] + [_durations([])]

    def collect(self) -> Iterator[Metric]:
        """The figures as they are now."""
        processor = self._source.processor if isinstance(self._source, Handle) else self._source
        watches = _watches(processor)
        points = [point for watch in watches for point in watch.figures()]
        if isinstance(processor, LogCapyLogRecordProcessor):
            points += processor.door.figures()
        for figure in FIGURES:
            if figure is OPERATION_DURATION:
                yield _durations(watches)
            else:
                yield _family(figure, [point for point in points if point.figure is figure])


def prometheus_name(figure: Figure) -> str:
    """The name of a figure in Prometheus, as its samples have it."""
    name = re.sub(r"[^a-zA-Z0-9_:]+", "_", figure.name)
    unit = _UNITS.get(figure.unit, "")
    if unit and unit not in name:
        name = f"{name}_{unit}"
    return f"{name}_total" if figure.kind == "counter" else name


def _watches(processor: LogCapyLogRecordProcessor | BatchLogRecordProcessor | None) -> list[Watch]:
    destinations = processor.destinations if isinstance(processor, LogCapyLogRecordProcessor) else (processor,)
    return [one.watch for one in destinations if isinstance(one, BatchLogRecordProcessor)]


def _family(figure: Figure, points: Sequence[Point]) -> Metric:
    keys = sorted({key for point in points for key in point.labels})
    kind = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
    family = kind(prometheus_name(figure), figure.description, labels=_label_names(keys))
    for point in points:
        family.add_metric(_label_values(keys, point.labels), point.value)
    return family


def _durations(watches: Sequence[Watch]) -> Metric:
    rows = [row for watch in watches for row in watch.durations]
    keys = sorted({key for row in rows for key in row.labels})
    name = prometheus_name(OPERATION_DURATION)
    family = HistogramMetricFamily(name, OPERATION_DURATION.description, labels=_label_names(keys))
    for row in rows:
        buckets = list(zip(_BOUNDS, accumulate(row.counts), strict=True))
        family.add_metric(_label_values(keys, row.labels), buckets, row.total)
    return family


def _label_names(keys: Sequence[str]) -> list[str]:
    return [re.sub(r"[^a-zA-Z0-9_]+", "_", key) for key in keys]


def _label_values(keys: Sequence[str], labels: Labels) -> list[str]:
    """A label that is empty is for Prometheus one that is not there."""
    return [str(labels.get(key, "")) for key in keys]
