"""Which destination gets which record, on both ways; tenants; and that one that hangs holds up no other."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import ExitStack
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, InMemoryLogRecordExporter
from opentelemetry.sdk.resources import Resource

import logcapy
from logcapy import RedactionConfig, Route, RoutedRecord, Tenant
from logcapy.errors import ConfigError
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.types import Outcome, Payload
from servers.http import Answer, scripted_server
from servers.otlp import otlp_receiver
from tests.test_direct_way import Keeping, Sibling


class Shop:
    def __init__(
        self, *destinations: Any, direct: bool = True, resource: Resource | None = None, **config: Any
    ) -> None:
        self.provider = LoggerProvider(resource, shutdown_on_exit=False)
        settings = logcapy.LogCapyConfig(**config)
        self.processor = logcapy.LogCapyLogRecordProcessor(destinations, config=settings)
        self.provider.add_log_record_processor(self.processor)
        if not direct:
            self.provider.add_log_record_processor(Sibling())
        self.handler = logcapy.LogCapyHandler(logger_provider=self.provider)

    def logger(self, name: str = "shop") -> logging.Logger:
        logger = logging.Logger(name)
        logger.addHandler(self.handler)
        return logger

    def end(self) -> dict[str, int]:
        """What was dropped; the accounts are exact."""
        self.processor.force_flush(10_000)
        self.provider.shutdown()
        stats = self.processor.stats()
        assert stats.emitted == stats.exported + stats.on_disk + stats.in_memory + sum(stats.dropped.values())
        return dict(stats.dropped)


def bodies(exporter: Keeping) -> list[str]:
    return [record["body"]["stringValue"] for record in exporter.records()]


@pytest.fixture(params=[True, False], ids=["direct", "beside"])
def direct(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_each_destination_gets_the_records_of_its_route(direct: bool) -> None:
    everything, errors, payments, audits, asked = (Keeping() for _ in range(5))
    shop = Shop(
        everything,
        Route(errors, minimum_severity="error"),
        Route(payments, logger="shop.payments"),
        Route(audits, attributes={"kind": "audit"}),
        Route(asked, when=lambda record: record.attribute("order") == 7 and record.logger == "shop"),
        direct=direct,
    )
    shop.logger().info("plain", extra={"order": 7})
    shop.logger("shop.payments.cards").error("refused", extra={"kind": "audit"})
    with logcapy.context(kind="audit"):
        shop.logger("shop.paymentsystem").info("bound")
    assert shop.end() == {}
    found = {name: bodies(one) for name, one in locals().items() if isinstance(one, Keeping)}
    assert found == {
        "everything": ["plain", "refused", "bound"],
        "errors": ["refused"],
        "payments": ["refused"],
        "audits": ["refused", "bound"],
        "asked": ["plain"],
    }
    assert shop.processor.stats().exported == 8


def test_what_a_final_route_takes_goes_no_further_and_what_none_takes_is_counted(direct: bool) -> None:
    first, second = Keeping(), Keeping()
    shop = Shop(
        Route(first, minimum_severity="error", final=True), Route(second, minimum_severity="warn"), direct=direct
    )
    for level in (logging.INFO, logging.WARNING, logging.ERROR):
        shop.logger().log(level, "at %d", level)
    assert shop.end() == {"unrouted": 1}
    assert (bodies(first), bodies(second)) == (["at 40"], ["at 30"])


def test_a_route_that_cannot_be_asked_takes_the_record_and_it_is_told(
    direct: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = Keeping()

    def broken(record: RoutedRecord) -> bool:
        raise RuntimeError(f"no idea, {direct}")

    shop = Shop(Route(kept, when=broken), direct=direct)
    shop.logger().info("x")
    assert shop.end() == {}
    assert bodies(kept) == ["x"]
    assert f"no idea, {direct}" in capsys.readouterr().err


def test_a_route_may_lead_to_somebody_elses_processor() -> None:
    kept, all_of_them = InMemoryLogRecordExporter(), Keeping()
    shop = Shop(Route(BatchLogRecordProcessor(kept), minimum_severity="error"), all_of_them)
    shop.logger().info("plain")
    shop.logger().error("password=hunter2")
    assert shop.end() == {}
    assert [record.log_record.body for record in kept.get_finished_logs()] == ["password=[REDACTED]"]
    assert bodies(all_of_them) == ["plain", "password=[REDACTED]"]


def test_routes_stay_when_settings_change() -> None:
    kept, provider = Keeping(), LoggerProvider(shutdown_on_exit=False)
    handle = logcapy.configure([Route(kept, minimum_severity="error")], logger_provider=provider)
    handle = logcapy.configure(logger_provider=provider, redact_keys=["note"])
    logging.getLogger("shop.routed").warning("no")
    logging.getLogger("shop.routed").error("yes")
    assert handle.force_flush()
    assert bodies(kept) == ["yes"]
    handle.shutdown()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Route("loki"), "destination"),  # type: ignore[arg-type]  # the point
        (lambda: Route(Keeping(), minimum_severity="loud"), "minimum_severity"),
        (lambda: Tenant(records_per_second=0), "records_per_second"),
        (lambda: logcapy.LogCapyConfig(tenants={"a": 1}), "tenants"),  # type: ignore[dict-item]
        (lambda: logcapy.LogCapyConfig(tenant_key=""), "tenant_key"),
    ],
)
def test_what_cannot_be_used_is_told(make: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        make()


def test_a_tenants_records_are_redacted_by_its_own_rules_and_counted_in_its_quota(
    direct: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    acme, others = Keeping(), Keeping()
    tenants = {
        "acme": Tenant(redaction=RedactionConfig(redact=("phone",))),
        f"loud-{direct}": Tenant(records_per_second=3),
    }
    shop = Shop(Route(acme, tenant="acme", final=True), others, direct=direct, tenants=tenants)
    text = "call +49 30 1234567, password=hunter2"
    with logcapy.context(**{"tenant.id": "acme"}):
        shop.logger().info(text)
        shop.logger().info(text, extra={"tenant.id": "other"})  # the record's own word counts
    while time.time() % 1 > 0.5:
        time.sleep(0.05)  # not over the end of a second of the quota
    with logcapy.context(**{"tenant.id": f"loud-{direct}"}):
        for number in range(10):
            shop.logger().info("%d", number)
    shop.logger().info("nobody's")
    dropped = shop.end()
    assert bodies(acme) == ["call [REDACTED], password=hunter2"]
    assert bodies(others)[:1] == ["call +49 30 1234567, password=[REDACTED]"]
    assert dropped.get("tenant_quota", 0) in (4, 7)  # of ten, three or, over the end of a second, six are taken
    assert f"tenant 'loud-{direct}' logs more than 3 records a second" in capsys.readouterr().err
    assert shop.processor.redactions() == {"key": 1, "phone": 1}


def test_the_resource_names_the_tenant_where_nothing_else_does(direct: bool) -> None:
    acme, others = Keeping(), Keeping()
    resource = Resource({"customer": "acme"})
    shop = Shop(Route(acme, tenant="acme", final=True), others, direct=direct, resource=resource, tenant_key="customer")
    shop.logger().info("of the resource")
    shop.logger().info("own", extra={"customer": "other"})
    assert shop.end() == {}
    assert (bodies(acme), bodies(others)) == (["of the resource"], ["own"])


@pytest.mark.slow
def test_of_500_concurrent_tenants_no_record_is_at_the_wrong_one() -> None:
    """Ten receivers take fifty tenants each; threads and tasks interleave all of them."""
    with ExitStack() as stack:
        receivers = [stack.enter_context(otlp_receiver()) for _ in range(10)]
        routes = [
            Route(
                OTLPHttpLogRecordExporter(f"{endpoint}/v1/logs"),
                when=lambda record, number=number: record.tenant.endswith(f"-{number}"),  # type: ignore[misc]
            )
            for number, (_, endpoint) in enumerate(receivers)
        ]
        shop = Shop(*routes, max_queue_bytes=2**30)
        logger = shop.logger()

        async def task(tenant: str) -> None:
            with logcapy.context(**{"tenant.id": tenant}):
                for turn in range(4):
                    logger.info("%s %d", tenant, turn)
                    await asyncio.sleep(0)

        async def tasks(first: int) -> None:
            names = [f"{number // 10}-{number % 10}" for number in range(first, first + 125)]
            await asyncio.gather(*(task(name) for name in names))

        threads = [threading.Thread(target=asyncio.run, args=(tasks(first),)) for first in range(0, 500, 125)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert shop.end() == {}
        for number, (received, _) in enumerate(receivers):
            found: dict[str, list[str]] = {}
            for record in received.records:
                tenant, _, turn = record["body"].partition(" ")
                assert record["attributes"]["tenant.id"] == tenant
                found.setdefault(tenant, []).append(turn)
            assert found == {f"{first}-{number}": ["0", "1", "2", "3"] for first in range(50)}


class Hanging(Keeping):
    """Answers when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def send(self, payload: Payload, deadline: float) -> Outcome:
        self.let_go.wait(max(0.0, min(60.0, deadline - time.monotonic())))
        return super().send(payload, deadline)


def test_a_destination_that_hangs_holds_up_no_other() -> None:
    hanging = Hanging()
    with scripted_server() as server:
        server.answers = [Answer()]
        shop = Shop(hanging, OTLPHttpLogRecordExporter(f"{server.url}/v1/logs"))
        logger = shop.logger()
        for number in range(1_000):
            logger.info("%d", number)
        queues: Any = shop.processor.destinations
        assert queues[1].force_flush(10_000)
        assert (queues[1].stats().exported, queues[0].stats().exported) == (1_000, 0)
        hanging.let_go.set()
        shop.end()
    assert queues[0].stats().exported == 1_000
