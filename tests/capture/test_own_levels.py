"""Levels of one's own arrive with their names and OpenTelemetry's numbers, whatever way of logging they came by."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import loguru
import pytest
import structlog

import logcapy
from capture.decoded import Decoded, Sibling, handler_of, receiving
from logcapy.integrations.loguru import LogCapySink
from logcapy.integrations.structlog import LogCapyRenderer

#: Level, name, and the number that OpenTelemetry's data model has for it.
LEVELS = (
    (5, "TRACE", "SEVERITY_NUMBER_TRACE"),
    (25, "NOTICE", "SEVERITY_NUMBER_INFO4"),
    (32, "AUDIT", "SEVERITY_NUMBER_WARN3"),
    (45, "SECURITY", "SEVERITY_NUMBER_ERROR4"),
    (60, "DISASTER", "SEVERITY_NUMBER_FATAL4"),
)


@pytest.fixture(params=[(), (Sibling(),)], ids=["alone", "beside"])
def arrived(request: pytest.FixtureRequest) -> Iterator[Decoded]:
    with receiving(*request.param) as exporter:
        yield exporter


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    for table in ("_levelToName", "_nameToLevel"):
        monkeypatch.setattr(logging, table, dict(getattr(logging, table)))
    for level, name, _ in LEVELS:
        logging.addLevelName(level, name)


def by_logging(arrived: Decoded, level: int, _: str) -> None:
    logger = logging.Logger("shop")
    logger.addHandler(handler_of(arrived))
    logger.log(level, "x")


def by_logcapy(_: Decoded, level: int, __: str) -> None:
    logging.getLogger("shop.own.levels").setLevel(1)
    logcapy.get_logger("shop.own.levels").log(level, "x")


def by_structlog(_: Decoded, __: int, name: str) -> None:
    structlog.wrap_logger(None, processors=[LogCapyRenderer()]).info("x", level=name.lower())


def by_loguru(_: Decoded, level: int, name: str) -> None:
    # TRACE is loguru's own; its numbers cannot be changed afterwards, so each is set once.
    try:
        loguru.logger.level(name)
    except ValueError:
        loguru.logger.level(name, no=level)
    number = LogCapySink().add_to(loguru.logger, level=1)
    try:
        loguru.logger.log(name, "x")
    finally:
        loguru.logger.remove(number)


@pytest.mark.parametrize("log", [by_logging, by_logcapy, by_structlog, by_loguru])
@pytest.mark.parametrize(("level", "name", "number"), LEVELS)
def test_a_level_of_ones_own_arrives_by_name_and_number(
    arrived: Decoded, log: Callable[[Decoded, int, str], None], level: int, name: str, number: str
) -> None:
    log(arrived, level, name)
    record = arrived.only()
    assert (record["severityText"], record["severityNumber"]) == (name, number)
