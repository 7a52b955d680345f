"""Which destinations a record goes to, and what is special about its tenant."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from opentelemetry.sdk._logs import LogRecordProcessor

from ._guard import say
from .config.records import Tenant
from .deliver.accounting import AtomicCounter, Stats
from .deliver.batch import BatchLogRecordProcessor
from .deliver.snapshot import Snapshot
from .draft import Draft
from .process.redact import Redactor
from .routing import Route, RoutedRecord

_REFUSED = object()


class _Tenant:
    """One tenant while the application runs: its redactor, and what it may still log in this second."""

    def __init__(self, name: str, tenant: Tenant) -> None:
        self._name = name
        self.redactor = Redactor(tenant.redaction) if tenant.redaction is not None else None
        self._quota = tenant.records_per_second
        self._second = -1
        self._left = 0

    def admits(self) -> bool:
        if self._quota is None:
            return True
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._left = second, self._quota
        self._left -= 1
        if self._left >= 0:
            return True
        say(
            f"tenant:{self._name}",
            f"tenant {self._name!r} logs more than {self._quota} records a second; the rest is dropped",
        )
        return False


class Dispatch:
    """Hands records to the destinations that want them, in the way of their tenant.

    Args:
        ways: Destinations in order, each with its route; None for one that wants all.
        tenants: By name.
        tenant_key: The attribute that names the tenant.
    """

    def __init__(
        self,
        ways: Iterable[tuple[Route | None, LogRecordProcessor]],
        tenants: Mapping[str, Tenant],
        tenant_key: str,
    ) -> None:
        self._ways = tuple(ways)
        self._tenants = {name: _Tenant(name, tenant) for name, tenant in tenants.items()}
        self._key = tenant_key
        self._dropped = {reason: AtomicCounter() for reason in ("unrouted", "tenant_quota")}
        self._handed_on = AtomicCounter()

    def draft(self, draft: Draft) -> None:
        """Hand a draft on."""
        bound: Mapping[str, Any] = getattr(draft, "bound", {})

        def attribute(name: str) -> Any:
            for part in (draft.own, bound, draft.surroundings):
                if name in part:
                    return part[name]
            return None

        logger = draft.logger._instrumentation_scope.name
        tenant = self._tenant_of(attribute(self._key), draft.resource)
        known = self._admitted(tenant)
        if known is _REFUSED:
            return
        if known is not None and known.redactor is not None:
            draft.redact = known.redactor.drafts
        for one in self._chosen(RoutedRecord(draft.severity, logger, attribute, tenant)):
            one.put(draft)  # type: ignore[attr-defined]  # drafts are made only where all destinations are queues

    def snapshot(self, snapshot: Snapshot) -> None:
        """Hand a record on that came by the SDK's way."""
        attributes: Mapping[str, Any] = snapshot.log_record.attributes or {}
        scope = snapshot.instrumentation_scope
        tenant = self._tenant_of(attributes.get(self._key), snapshot.resource)
        known = self._admitted(tenant)
        if known is _REFUSED:
            return
        if known is not None and known.redactor is not None:
            snapshot.redact_by(known.redactor)
        seen = RoutedRecord(snapshot.severity, scope.name if scope is not None else "", attributes.get, tenant)
        for one in self._chosen(seen):
            if not isinstance(one, BatchLogRecordProcessor):
                snapshot.complete()
                self._handed_on.add_one()
            one.on_emit(snapshot)

    def stats(self) -> Stats:
        """What was dropped here, and what somebody else's processors were handed, which counts as exported."""
        dropped = {reason: counter.value for reason, counter in self._dropped.items() if counter.value}
        handed_on = self._handed_on.value
        return Stats(emitted=handed_on + sum(dropped.values()), exported=handed_on, dropped=dropped)

    def redactions(self) -> list[Mapping[str, int]]:
        """The counts of the tenants' redactors."""
        return [one.redactor.counts() for one in self._tenants.values() if one.redactor is not None]

    def _tenant_of(self, named: Any, resource: Any) -> str:
        if named is None and resource is not None:
            named = resource.attributes.get(self._key)
        return named if isinstance(named, str) else ""

    def _admitted(self, tenant: str) -> Any:
        known = self._tenants.get(tenant)
        if known is None or known.admits():
            return known
        self._dropped["tenant_quota"].add_one()
        return _REFUSED

    def _chosen(self, record: RoutedRecord) -> list[LogRecordProcessor]:
        chosen = []
        for route, destination in self._ways:
            if route is None or route.takes(record):
                chosen.append(destination)
                if route is not None and route.final:
                    break
        if not chosen:
            self._dropped["unrouted"].add_one()
        return chosen
