"""What else is added to a record, on both ways; and enrichers that other packages bring."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import baggage
from opentelemetry._logs import SeverityNumber
from opentelemetry.context import attach, detach
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

import logcapy
from logcapy import environment
from logcapy.config import LogCapyConfig
from logcapy.errors import ConfigError
from logcapy.process import runtime, serving
from logcapy.process.enrichers import OWN, enrichers_of
from logcapy.process.request import AsgiRequest
from servers.otlp import otlp_receiver
from servers.processes import clean_environment
from tests.test_direct_way import Keeping, Sibling

Both = pytest.mark.parametrize("direct", [True, False], ids=["direct", "beside"])


class Shop:
    def __init__(self, direct: bool, **config: Any) -> None:
        self.exporter = Keeping()
        self.provider = LoggerProvider(shutdown_on_exit=False)
        self.processor = logcapy.LogCapyLogRecordProcessor(self.exporter, config=LogCapyConfig(**config))
        self.provider.add_log_record_processor(self.processor)
        if not direct:
            self.provider.add_log_record_processor(Sibling())
        self.logger = logging.Logger("shop")
        self.logger.addHandler(logcapy.LogCapyHandler(logger_provider=self.provider))

    def attributes(self) -> list[dict[str, Any]]:
        """Of each record that arrived."""
        assert self.processor.force_flush(5_000)
        found = [
            {one["key"]: next(iter(one["value"].values())) for one in record["attributes"]}
            for record in self.exporter.records()
        ]
        self.provider.shutdown()
        return found


@Both
def test_a_record_knows_its_thread(direct: bool) -> None:
    shop = Shop(direct, enrich=("thread",))
    thread = threading.Thread(target=lambda: shop.logger.info("there"), name="worker-7")
    thread.start()
    thread.join()
    shop.logger.info("here", extra={"thread.name": "my own"})
    there, here = shop.attributes()
    assert (there["thread.name"], there["thread.id"]) == ("worker-7", str(thread.ident))
    assert here["thread.name"] == "my own"


@Both
def test_a_record_knows_its_task_and_has_none_outside(direct: bool) -> None:
    shop = Shop(direct, enrich=("task",))

    async def main() -> None:
        async def work() -> None:
            await asyncio.sleep(0)
            shop.logger.info("in a task")

        await asyncio.gather(*(asyncio.create_task(work(), name=f"order-{n}") for n in range(3)))

    asyncio.run(main())
    shop.logger.info("outside")
    assert [one.get("logcapy.task.name") for one in shop.attributes()] == ["order-0", "order-1", "order-2", None]


@Both
def test_baggage_is_added_where_it_is_allowed_and_is_redacted(direct: bool) -> None:
    shop = Shop(direct, enrich=("baggage",), baggage_keys=("customer.tier", "note"))
    context = baggage.set_baggage("customer.tier", "gold")
    context = baggage.set_baggage("note", "password=hunter2", context)
    context = baggage.set_baggage("other", "x", context)
    token = attach(context)
    shop.logger.info("within")
    detach(token)
    shop.logger.info("outside")
    within, outside = shop.attributes()
    assert (within["customer.tier"], within["note"]) == ("gold", "password=[REDACTED]")
    assert "other" not in within
    assert "customer.tier" not in outside


@Both
def test_warnings_tell_how_the_process_is(direct: bool) -> None:
    shop = Shop(direct, enrich=("runtime",))
    shop.logger.info("fine")
    shop.logger.warning("not so fine")
    fine, warning = shop.attributes()
    assert "process.memory.usage" not in fine
    assert int(warning["process.memory.usage"]) > 1_000_000
    assert {"process.cpu.time", "process.thread.count", "cpython.gc.collections"} <= set(warning)
    every = Shop(direct, enrich=("runtime",), runtime_severity="trace")
    every.logger.info("fine")
    assert "process.memory.usage" in every.attributes()[0]


def test_the_process_is_looked_at_once_a_second_at_most() -> None:
    enricher = runtime.RuntimeEnricher()
    first = enricher.attributes(None, 17)
    assert all(enricher.attributes(None, 17) is first for _ in range(100))
    time.sleep(1.05)
    assert enricher.attributes(None, 17) is not first


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_open_files_are_counted() -> None:
    before = runtime.snapshot()["process.open_file_descriptor.count"]
    with Path(os.devnull).open():
        assert runtime.snapshot()["process.open_file_descriptor.count"] == before + 1


@pytest.mark.parametrize("name", [name for name in OWN if name != "request"])
def test_each_can_be_added_alone_to_any_provider(name: str) -> None:
    config = LogCapyConfig(enrich=(name,), baggage_keys=("tier",), runtime_severity="trace")
    exporter, provider = InMemoryLogRecordExporter(), LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(OWN[name](config))
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))

    async def emit() -> None:
        token = attach(baggage.set_baggage("tier", "gold"))
        with logcapy.context(order=7):
            provider.get_logger("shop").emit(body="x", severity_number=SeverityNumber.INFO)
        detach(token)

    asyncio.run(emit())
    provider.shutdown()
    (record,) = exporter.get_finished_logs()
    assert record.log_record.attributes


def test_an_enricher_that_does_not_exist_is_told_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match="did you mean 'thread'"):
        enrichers_of(LogCapyConfig(enrich=("threat",)))
    with pytest.raises(ConfigError, match="baggage_keys"):
        LogCapyConfig(enrich=("baggage",))


def test_a_variable_that_lacks_another_one_is_told_and_the_rest_is_as_it_was(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOGCAPY_ENRICH", "baggage,thread")
    monkeypatch.setenv("LOGCAPY_REDACT", "pci")
    monkeypatch.setenv("tenants", "nobody's")
    config = environment.logcapy_config(environment.warn)
    assert (config.enrich, config.redact) == (("context", "request"), ("pci",))
    assert "LOGCAPY_ENRICH" in capsys.readouterr().err


def test_the_same_user_is_the_same_token_and_not_the_id() -> None:
    def user_of(key: str | None) -> object:
        serving.use(LogCapyConfig(user_hash_key=key))
        request = AsgiRequest({"type": "http", "headers": []})
        request.find_user = lambda: "kim"
        return request.attributes().get("user.id")

    try:
        tokens = [user_of(key) for key in (None, "k", "k", "l")]
    finally:
        serving.use(None)
    assert tokens[0] == "kim"
    assert tokens[1] == tokens[2] != tokens[3]
    assert "kim" not in str(tokens[1:])


PACKAGE = '''
class Region:
    """A transform of somebody else's: it knows the SDK's records only."""

    def __call__(self, record):
        record.log_record.attributes["cloud.region"] = "north"

def broken():
    raise RuntimeError("no region here")
'''
APPLICATION = """
import logging, sys
import logcapy
logcapy.configure()
logging.warning("hello %s", "there", extra={"n": 7})
"""


@pytest.mark.slow
def test_an_installed_package_brings_an_enricher_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "shop_region.py").write_text(PACKAGE)
    info = tmp_path / "shop_region-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop-region\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[logcapy.processors]\nregion = shop_region:Region\nbroken_region = shop_region:broken\n"
    )

    def run(enrich: str, *command: str) -> tuple[list[dict[str, Any]], str]:
        with otlp_receiver() as (received, endpoint):
            done = subprocess.run(
                [*command, sys.executable, "-c", APPLICATION],
                env=clean_environment(
                    PYTHONPATH=str(tmp_path),
                    LOGCAPY_ENRICH=enrich,
                    OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
                    OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
                    OTEL_TRACES_EXPORTER="none",
                    OTEL_METRICS_EXPORTER="none",
                ),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        return received.records, done.stderr

    (record,), _ = run("context,region")
    assert (record["body"], record["attributes"]["cloud.region"]) == ("hello there", "north")
    _, stderr = run("regoin")
    assert "did you mean 'region'" in stderr
    instrument = str(Path(sys.executable).parent / "opentelemetry-instrument")
    application = APPLICATION.replace("logcapy.configure()\n", "")
    assert application != APPLICATION
    (record,), stderr = run("broken_region,thread", instrument)
    assert record["attributes"]["thread.name"] == "MainThread"
    assert "no region here" in stderr
