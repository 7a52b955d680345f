"""Where the records of one processor go: they are handed on to all, flushed, ended and counted together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk._logs.export import LogRecordExporter

from ._guard import describe_error, say
from .config import BatchConfig, LogCapyConfig
from .deliver.accounting import AtomicCounter, Stats
from .deliver.batch import BatchLogRecordProcessor
from .deliver.snapshot import Snapshot
from .environment import Report
from .taking import say_failed

if TYPE_CHECKING:
    from .deliver.health import Health
    from .dispatch import Dispatch
    from .routing import Destination, Route

#: Reasons that a record is dropped for before anybody tries to send it; a flush has not failed because of them.
_NOT_SENT: Final = frozenset({"queue_full", "blocked", "sampled", "repeated"})


class Destinations:
    """Queues of LogCapy's, somebody else's processors, and who chooses among them.

    Args:
        given: One destination, several, or none.
        config: How queues work, and who the tenants are.
        batch: How the queues of exporters work. Default: what ``OTEL_BLRP_*`` says.
        report: Told of a setting or a spool folder that cannot be used.
    """

    def __init__(
        self,
        given: Destination | Sequence[Destination] | None,
        config: LogCapyConfig,
        batch: BatchConfig | None,
        report: Report,
    ) -> None:
        if given is None:
            given = ()
        found = [_unrouted(one) for one in (given if isinstance(given, Sequence) else (given,))]
        routes = [route for _, route in found]
        #: Those that records are handed to.
        self.all: tuple[LogRecordProcessor, ...] = tuple(_with_queue(one, config, batch, report) for one, _ in found)
        #: The same, each within its route where it has one.
        self.routed: tuple[Destination, ...] = tuple(
            one if route is None else replace(route, destination=one)
            for route, one in zip(routes, self.all, strict=True)
        )
        #: Who chooses among them; None where all records go to all, in the same way.
        self._dispatch = self._dispatch_by(routes, config) if any(routes) or config.tenants else None
        self._queues = [one for one in self.all if isinstance(one, BatchLogRecordProcessor)]
        #: Somebody else's processors, which want a record of the SDK's kind at once.
        self.others = [one for one in self.all if not isinstance(one, BatchLogRecordProcessor)]
        self._handed_on = AtomicCounter()

    def _dispatch_by(self, routes: Sequence[Route | None], config: LogCapyConfig) -> Dispatch:
        from .dispatch import Dispatch

        return Dispatch(zip(routes, self.all, strict=True), config.tenants, config.tenant_key)

    @property
    def puts(self) -> list[Callable[[Any], None]]:
        """What takes a draft, where there are no ``others``."""
        return [queue.put for queue in self._queues] if self._dispatch is None else [self._dispatch.draft]

    def hand_on(self, snapshot: Snapshot) -> None:
        """Hand a record to those that want it.

        Redacting is the worker's of a queue, so that it never holds up a request; somebody else's processor has no such
        moment, so there it is done before the processor is called.
        """
        if self._dispatch is not None:
            self._dispatch.snapshot(snapshot)
            return
        if self.others:
            snapshot.complete()
            for processor in self.others:
                self._handed_on.add_one()
                try:
                    processor.on_emit(snapshot)
                except Exception as error:  # noqa: BLE001 - the other destinations are to have it too
                    say_failed(type(processor).__name__, error)
        for queue in self._queues:
            queue.on_emit(snapshot)

    def flush(self, deadline: float) -> bool:
        """Send what waits now, all at the same time, until a ``time.monotonic()`` value. True when all was exported."""
        before = self._given_up()
        self._ask_all()
        flushed = [one.force_flush(_millis_until(deadline)) for one in (*self.others, *self._queues)]
        return all(flushed) and self._given_up() == before

    def shutdown(self, deadline: float) -> None:
        """Send what waits and end all; a processor that is not LogCapy's takes its own time."""
        self._ask_all()
        for other in self.others:
            _end(other.shutdown)
        for queue in self._queues:
            _end(partial(queue.shutdown, _millis_until(deadline)))

    def _ask_all(self) -> None:
        """Set the workers of all queues going, so that none begins only when another has used up the time."""
        for queue in self._queues:
            queue.force_flush(0)

    def _given_up(self) -> int:
        """How many records left the queues and were not delivered."""
        return sum(
            count
            for queue in self._queues
            for reason, count in queue.stats().dropped.items()
            if reason not in _NOT_SENT
        )

    def stats(self) -> Stats:
        """The accounts of all together; what somebody else's processor was handed counts as exported."""
        handed_on = self._handed_on.value
        others = Stats(emitted=handed_on, exported=handed_on)
        dispatched = self._dispatch.stats() if self._dispatch is not None else Stats()
        return Stats.total([*(queue.stats() for queue in self._queues), others, dispatched])

    def redactions(self) -> list[Mapping[str, int]]:
        """The counts of the tenants' redactors."""
        return self._dispatch.redactions() if self._dispatch is not None else []

    def health(self) -> Health:
        """The worst of all; of somebody else's processor nothing is known."""
        from .deliver.health import Health  # not before somebody asks

        return Health.worst(queue.watch.health() for queue in self._queues)


def _with_queue(
    one: LogRecordExporter | LogRecordProcessor, config: LogCapyConfig, batch: BatchConfig | None, report: Report
) -> LogRecordProcessor:
    if isinstance(one, LogRecordExporter):
        return BatchLogRecordProcessor(one, config=batch, settings=config, report=report)
    if isinstance(one, BatchLogRecordProcessor):
        one.adopt(config)
    return one


def _unrouted(one: Destination) -> tuple[LogRecordExporter | LogRecordProcessor, Route | None]:
    """A destination, and the route to it where it has one."""
    if not isinstance(one, (LogRecordExporter, LogRecordProcessor)):
        from .routing import Route  # who has none does not import it

        if isinstance(one, Route):
            return one.destination, one
    return one, None


def _end(end: Callable[[], object]) -> None:
    try:
        end()
    except Exception as error:  # noqa: BLE001 - the other destinations are to be ended too
        say("shutdown", f"a destination could not be ended: {describe_error(error)}")


def _millis_until(deadline: float) -> int:
    return max(0, int((deadline - monotonic()) * 1000))
