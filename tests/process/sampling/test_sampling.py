"""Which records go, from a setting to what arrives, on both ways; and that each one is counted."""

from __future__ import annotations

import logging
import math
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

import logcapy
from logcapy import environment
from logcapy.config import BatchConfig, LogCapyConfig
from logcapy.config.sampling import levels_of
from logcapy.errors import ConfigError
from logcapy.process.sampling.levels import Levels
from logcapy.process.sampling.rate import RateLimit, Suppressed
from logcapy.process.sampling.ratio import Ratio
from servers.otlp import otlp_receiver
from servers.processes import clean_environment
from tests.test_direct_way import Keeping, Sibling


class Pipeline:
    """A provider with LogCapy's processor; ``beside`` another one, which closes the direct way."""

    def __init__(
        self,
        *,
        direct: bool = True,
        to: LogRecordExporter | None = None,
        batch: BatchConfig | None = None,
        **config: Any,
    ) -> None:
        self.exporter = Keeping()
        self.provider = LoggerProvider(shutdown_on_exit=False)
        self.processor = logcapy.LogCapyLogRecordProcessor(
            to or self.exporter, config=logcapy.LogCapyConfig(**config), batch=batch
        )
        self.provider.add_log_record_processor(self.processor)
        if not direct:
            self.provider.add_log_record_processor(Sibling())
        self.spans = TracerProvider(shutdown_on_exit=False)
        watch = self.processor.admission if config.get("buffer_until_error") else None
        self.spans.add_span_processor(logcapy.LogCapySpanProcessor(logger_provider=self.provider, root_watch=watch))
        self.tracer = self.spans.get_tracer("shop")
        self.handler = logcapy.LogCapyHandler(logger_provider=self.provider)

    def logger(self, name: str) -> logging.Logger:
        logger = logging.Logger(name)
        logger.addHandler(self.handler)
        return logger

    def records(self) -> list[dict[str, Any]]:
        self.processor.force_flush(10_000)
        return self.exporter.records()

    def bodies(self) -> list[str]:
        return [record["body"]["stringValue"] for record in self.records()]

    def dropped(self) -> dict[str, int]:
        stats = self.processor.stats()
        assert stats.emitted == stats.exported + stats.on_disk + stats.in_memory + sum(stats.dropped.values())
        return dict(stats.dropped)


@pytest.fixture(params=[True, False], ids=["direct", "beside"])
def pipeline(request: pytest.FixtureRequest) -> Iterator[Any]:
    made: list[Pipeline] = []

    def make(**config: Any) -> Pipeline:
        made.append(Pipeline(direct=request.param, **config))
        return made[-1]

    yield make
    for one in made:
        one.provider.shutdown()


def test_what_is_below_the_least_severity_of_its_logger_is_dropped_and_counted(pipeline: Any) -> None:
    shop = pipeline(minimum_severity=("info", "shop.db=warn", "shop.db.slow=debug"))
    for name in ("shop", "shop.db", "shop.db.slow", "other"):
        logger = shop.logger(name)
        logger.debug("%s debug", name)
        logger.info("%s info", name)
        logger.warning("%s warning", name)
    assert shop.bodies() == [
        *("shop info", "shop warning", "shop.db warning"),
        *("shop.db.slow debug", "shop.db.slow info", "shop.db.slow warning", "other info", "other warning"),
    ]
    assert shop.dropped() == {"below_severity": 4}


def test_of_a_trace_all_or_no_records_are_kept_and_each_kept_one_says_the_ratio(pipeline: Any) -> None:
    shop = pipeline(sample_ratio=0.5)
    logger, kept = shop.logger("shop"), Counter[str]()
    for number in range(60):
        with shop.tracer.start_as_current_span("request"):
            for step in range(3):
                logger.info("%d %d", number, step)
            logger.warning("%d failed", number)
    for record in shop.records():
        kept[record["body"]["stringValue"].partition(" ")[0]] += 1
        attributes = {one["key"]: one["value"] for one in record["attributes"]}
        is_warning = record["severityText"] == "WARN"
        assert (
            ("logcapy.sample_ratio" not in attributes)
            if is_warning
            else (attributes["logcapy.sample_ratio"] == {"doubleValue": 0.5})
        )
    assert set(kept.values()) == {1, 4}
    assert len(kept) == 60
    assert shop.dropped() == {"sampled": 3 * sum(count == 1 for count in kept.values())}


@settings(deadline=None, max_examples=20)
@given(st.floats(0.02, 0.98), st.integers(0, 2**32))
def test_the_share_that_is_kept_is_the_ratio(ratio: float, seed: int) -> None:
    chance = random.Random(seed)
    kept = sum(Ratio(ratio).keeps(chance.getrandbits(128) | 1) for _ in range(20_000))
    assert abs(kept - 20_000 * ratio) < 6.5 * math.sqrt(20_000 * ratio * (1 - ratio))  # 1e-10 by chance


@given(st.integers(1, 2**128 - 1), st.floats(0, 1), st.floats(0, 1))
def test_what_a_smaller_ratio_keeps_a_larger_one_keeps_too(trace_id: int, one: float, other: float) -> None:
    smaller, larger = sorted((one, other))
    assert Ratio(larger).keeps(trace_id) >= Ratio(smaller).keeps(trace_id)


def test_the_first_records_of_a_call_site_are_kept_whatever_the_ratio(pipeline: Any) -> None:
    shop = pipeline(sample_ratio=0.0, sample_first=2)
    logger = shop.logger("shop")
    for number in range(5):
        logger.info("here %d", number)
        logger.info("there %d", number)
    assert shop.bodies() == ["here 0", "there 0", "here 1", "there 1"]
    assert shop.dropped() == {"sampled": 6}


def test_records_of_spans_that_are_not_sampled_are_dropped_and_those_outside_are_kept(pipeline: Any) -> None:
    shop = pipeline(trace_based=True)
    logger = shop.logger("shop")
    with TracerProvider(sampler=ALWAYS_OFF).get_tracer("t").start_as_current_span("off"):
        logger.warning("in a span that is not sampled")
    with shop.tracer.start_as_current_span("on"):
        logger.info("in a span that is")
    logger.info("outside")
    assert shop.bodies() == ["in a span that is", "outside"]
    assert shop.dropped() == {"sampled": 1}


def test_a_call_site_has_its_rate_and_a_record_tells_what_was_dropped(pipeline: Any) -> None:
    shop = pipeline(rate_limit=0.01)
    logger = shop.logger("shop")
    for number in range(8):
        logger.info("often %d", number)
    logger.info("seldom")
    found = shop.records()
    texts = [record["body"]["stringValue"] for record in found]
    assert texts[:2] == ["often 0", "seldom"]
    assert texts[2].startswith("7 records of this call were suppressed: often ")
    attributes = {one["key"]: one["value"] for one in found[2]["attributes"]}
    assert attributes["logcapy.suppressed_count"] == {"intValue": "7"}
    assert attributes["code.function.name"]["stringValue"].startswith("test_a_call_site")
    assert found[2]["scope"] == "shop"
    assert shop.dropped() == {"rate_limited": 7}
    assert len(shop.records()) == 3


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 5), st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), max_size=60))
def test_in_no_second_more_than_the_rate_go_and_every_other_is_told(rate: int, calls: list[tuple[int, str]]) -> None:
    told: list[Suppressed] = []
    now = 0.0
    limit = RateLimit(rate, told.append, lambda: now)
    admitted = Counter[tuple[str, int]]()
    for step, site in calls:
        now += step / 4
        if limit.admits(site, "record"):
            admitted[site, int(now)] += 1
    limit.tell_all()
    assert max(admitted.values(), default=0) <= rate
    assert sum(admitted.values()) + sum(one.records for one in told) == len(calls)


def test_of_more_sites_than_are_kept_no_one_has_a_second_share_and_all_is_told() -> None:
    told: list[Suppressed] = []
    limit = RateLimit(1, told.append, lambda: 0.0)
    admitted = Counter(site for _ in range(3) for site in range(5_000) if limit.admits(site, "record"))
    limit.tell_all()
    assert max(admitted.values()) == 1
    assert sum(admitted.values()) + sum(one.records for one in told) == 15_000


def test_a_summary_has_the_place_of_the_call_of_logcapys_own_loggers_too() -> None:
    exporter = Keeping()
    handle = logcapy.configure(exporter, logger_provider=LoggerProvider(shutdown_on_exit=False), rate_limit=0.01)
    log = logcapy.get_logger("shop.limited")
    for number in range(3):
        log.info("often", number=number)
    handle.shutdown()
    first, summary = ({one["key"]: one["value"] for one in record["attributes"]} for record in exporter.records())
    assert summary["logcapy.suppressed_count"] == {"intValue": "2"}
    for name in ("code.file.path", "code.function.name", "code.line.number"):
        assert summary[name] == first[name]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"minimum_severity": ("loud",)}, "minimum_severity"),
        ({"minimum_severity": ("shop=inf",)}, "did you mean 'info'"),
        ({"sample_ratio": 1.5}, "from 0 to 1"),
        ({"sample_first": -1}, "0 or more"),
        ({"rate_limit": 0}, "more than 0"),
        ({"buffer_slow": 0}, "milliseconds"),
        ({"buffer_max_records": 0}, "whole number"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        LogCapyConfig(**fields)


def test_levels_are_those_of_opentelemetry_and_of_logging() -> None:
    assert levels_of(["info2", "a=warning", "b.c=critical"]) == {"": 10, "a": 13, "b.c": 21}
    levels = Levels(levels_of(["info", "a=trace"]))
    assert (levels.least("a.b"), levels.least("ab"), levels.least("")) == (1, 9, 9)


def test_levels_can_be_changed_while_the_application_runs() -> None:
    provider = LoggerProvider(shutdown_on_exit=False)
    exporter = Keeping()
    logger = logging.getLogger("shop.changing")
    handle = logcapy.configure(exporter, logger_provider=provider, minimum_severity=["warn"])
    try:
        logger.info("not yet")
        handle.set_minimum_severity("warn", "shop.changing=debug")
        logger.debug("now")
        handle.set_minimum_severity("error")
        logger.warning("not any more")
        with pytest.raises(ConfigError):
            handle.set_minimum_severity("loud")
        assert handle.force_flush()
        assert [record["body"]["stringValue"] for record in exporter.records()] == ["now"]
        assert logger.level == logging.NOTSET
    finally:
        handle.shutdown()


def test_levels_come_into_force_where_none_were_set_and_loggers_are_closed_again_at_the_end() -> None:
    exporter = Keeping()
    logger, other = logging.getLogger("shop.unset"), logging.getLogger("shop.opened")
    handle = logcapy.configure(exporter, logger_provider=LoggerProvider(shutdown_on_exit=False))
    logger.warning("before")
    handle.set_minimum_severity("error", "shop.opened=debug")
    logger.warning("too low")
    logcapy.get_logger("shop.unset").warning("too low as well")
    handle.processor.on_emit(ReadWriteLogRecord(LogRecord(body="too low", severity_number=SeverityNumber.INFO)))  # type: ignore[union-attr]  # there is one
    other.debug("opened")
    handle.shutdown()
    assert [record["body"]["stringValue"] for record in exporter.records()] == ["before", "opened"]
    assert handle.stats().dropped == {"below_severity": 3}
    assert other.level == logging.NOTSET


def test_threads_that_sample_at_once_lose_no_count() -> None:
    shop = Pipeline(minimum_severity=("error",), rate_limit=1_000_000)
    logger = shop.logger("shop")

    def work() -> None:
        for _ in range(500):
            logger.info("x")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shop.dropped() == {"below_severity": 4_000}
    shop.provider.shutdown()


def test_severities_of_the_sdks_records_count_too() -> None:
    shop = Pipeline(minimum_severity=("warn",))
    shop.provider.get_logger("shop").emit(body="low", severity_number=SeverityNumber.INFO)
    shop.provider.get_logger("shop").emit(body="high", severity_number=SeverityNumber.ERROR)
    shop.provider.get_logger("shop").emit(body="without any")
    assert shop.bodies() == ["high", "without any"]
    shop.provider.shutdown()


APPLICATION = """
import logging, sys, time
import logcapy
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter

handle = logcapy.configure(OTLPHttpLogRecordExporter(sys.argv[1]))
log = logging.getLogger("shop")
print("ready", flush=True)
for line in sys.stdin:
    time.sleep(1.1)  # longer than the time between two looks at the file
    log.error("error %s", line.strip())  # with which the file is looked at
    log.debug("debug %s", line.strip())
    handle.force_flush()
    print("done", flush=True)
"""


@pytest.mark.slow
def test_a_file_of_levels_is_read_anew_while_the_application_runs(tmp_path: Path) -> None:
    levels = tmp_path / "levels"
    levels.write_text("error\n")
    with otlp_receiver() as (received, endpoint):
        process = subprocess.Popen(
            [sys.executable, "-c", APPLICATION, f"{endpoint}/v1/logs"],
            env=clean_environment(LOGCAPY_LEVELS_FILE=str(levels)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for content, step in (("error", "1"), ("error, shop=debug  # for now", "2"), ("loud", "3"), ("fatal", "4")):
            levels.write_text(content)
            process.stdin.write(f"{step}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "done\n"
        _, stderr = process.communicate(timeout=30)
    assert [record["body"] for record in received.records] == ["error 1", "error 2", "debug 2", "error 3", "debug 3"]
    assert "the levels stay as they are" in stderr
    assert process.returncode == 0


def test_an_invalid_variable_is_told_and_the_application_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOGCAPY_MINIMUM_SEVERITY", "shop=lout")
    monkeypatch.setenv("LOGCAPY_SAMPLE_RATIO", "0.25")
    config = environment.logcapy_config(environment.warn)
    assert (config.minimum_severity, config.sample_ratio) == ((), 0.25)
    assert "LOGCAPY_MINIMUM_SEVERITY" in capsys.readouterr().err
