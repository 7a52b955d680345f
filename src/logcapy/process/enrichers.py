"""The enrichers by name: LogCapy's own, and those that other packages have registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, Final

from logcapy.config import ENRICHERS, EnrichmentConfig
from logcapy.config.sampling import SEVERITIES
from logcapy.errors import ConfigError, nearest_name
from logcapy.types import Transform

from .enrich import ContextEnricher, Enricher, RequestEnricher

#: The group of entry points: each gives a class or function that, called without arguments, returns a
#: :data:`logcapy.types.Transform`.
GROUP: Final = "logcapy.processors"


# What few applications ask for is imported by those.


def _baggage(config: EnrichmentConfig) -> Enricher:
    from .whereabouts import BaggageEnricher

    return BaggageEnricher(config.baggage_keys)


def _thread(_: EnrichmentConfig) -> Enricher:
    from .whereabouts import ThreadEnricher

    return ThreadEnricher()


def _task(_: EnrichmentConfig) -> Enricher:
    from .whereabouts import TaskEnricher

    return TaskEnricher()


def _runtime(config: EnrichmentConfig) -> Enricher:
    from .runtime import RuntimeEnricher  # what it asks, Windows has not

    return RuntimeEnricher(SEVERITIES[config.runtime_severity.lower()])


OWN: Final[Mapping[str, Callable[[EnrichmentConfig], Enricher]]] = {
    "context": lambda _: ContextEnricher(),
    "request": lambda _: RequestEnricher(),
    "baggage": _baggage,
    "thread": _thread,
    "task": _task,
    "runtime": _runtime,
}


def enrichers_of(config: EnrichmentConfig) -> tuple[Transform, ...]:
    """What a configuration names, in its order.

    Raises:
        ConfigError: There is no enricher of a name, or another package's cannot be made.
    """
    return tuple(OWN[name](config) if name in OWN else _registered(name) for name in config.enrich)


def _registered(name: str) -> Transform:
    found = entry_points(group=GROUP)
    if name not in found.names:
        known = [*ENRICHERS, *sorted(found.names)]
        raise ConfigError("enrich", name, f"use any of {', '.join(known)}", nearest=nearest_name(name, known))
    try:
        made: Any = found[name].load()()
    except Exception as error:
        raise ConfigError("enrich", name, f"what can be made: {type(error).__name__}: {error}") from error
    if not callable(made):
        raise ConfigError("enrich", name, f"what gives a transform of records, not a {type(made).__name__}")
    transform: Transform = made
    return transform
