"""loguru's records arrive with all that loguru knows of them."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import opentelemetry._logs._internal as global_provider
import pytest
from loguru import logger

import logcapy
from capture.decoded import Decoded, Sibling, a_request, receiving
from logcapy.integrations.loguru import LogCapySink


@pytest.fixture(params=[(), (Sibling(),)], ids=["alone", "beside"])
def arrived(request: pytest.FixtureRequest) -> Iterator[Decoded]:
    with receiving(*request.param) as exporter:
        yield exporter


def add_to() -> int:
    return LogCapySink().add_to(logger, 0)


def add() -> int:
    return logger.add(LogCapySink(), level=0, format="{message}")


@pytest.fixture(params=[add_to, add], ids=["add_to", "a plain sink"], autouse=True)
def sink(request: pytest.FixtureRequest, arrived: Decoded) -> Iterator[None]:
    logger.remove()
    request.param()
    yield
    logger.remove()
    logger.configure(patcher=lambda record: None, extra={})


def test_a_record_has_all_that_loguru_knows_of_it(arrived: Decoded) -> None:
    moment: list[datetime] = []
    logger.configure(patcher=lambda record: moment.append(record["time"]), extra={"service": "shop"})
    with a_request(), logger.contextualize(request="r-1"):
        logger.bind(customer="c-17", items=["a"]).warning("order {} placed for {name}", 7, name="ada")
    record = arrived.only()
    assert record["body"] == {"stringValue": "order 7 placed for ada"}
    assert (record["severityText"], record["severityNumber"]) == ("WARN", "SEVERITY_NUMBER_WARN")
    assert record["scope"] == __name__
    assert record["traceId"]
    assert int(record["timeUnixNano"]) == round(moment[0].timestamp() * 1e6) * 1000
    attributes = record["attributes"]
    assert attributes["service"] == {"stringValue": "shop"}
    assert attributes["request"] == {"stringValue": "r-1"}
    assert attributes["customer"] == {"stringValue": "c-17"}
    assert attributes["name"] == {"stringValue": "ada"}
    assert attributes["items"] == {"arrayValue": {"values": [{"stringValue": "a"}]}}
    assert attributes["http.route"] == {"stringValue": "/orders/{id}"}
    assert attributes["code.file.path"] == {"stringValue": __file__}
    assert attributes["code.function.name"]["stringValue"] == test_a_record_has_all_that_loguru_knows_of_it.__name__


@pytest.mark.parametrize(
    ("level", "text", "number"),
    [
        ("TRACE", "TRACE", "SEVERITY_NUMBER_TRACE"),
        ("DEBUG", "DEBUG", "SEVERITY_NUMBER_DEBUG"),
        ("INFO", "INFO", "SEVERITY_NUMBER_INFO"),
        ("SUCCESS", "SUCCESS", "SEVERITY_NUMBER_INFO4"),
        ("WARNING", "WARN", "SEVERITY_NUMBER_WARN"),
        ("ERROR", "ERROR", "SEVERITY_NUMBER_ERROR"),
        ("CRITICAL", "FATAL", "SEVERITY_NUMBER_FATAL"),
        (33, "Level 33", "SEVERITY_NUMBER_WARN4"),
    ],
)
def test_levels_are_kept(arrived: Decoded, level: str | int, text: str, number: str) -> None:
    logger.log(level, "x")
    record = arrived.only()
    assert (record["severityText"], record["severityNumber"]) == (text, number)


def test_a_level_of_ones_own_is_told_by_its_name_and_number(arrived: Decoded) -> None:
    try:
        logger.level("NOTICE")
    except ValueError:
        logger.level("NOTICE", no=25)
    logger.log("NOTICE", "x")
    record = arrived.only()
    assert (record["severityText"], record["severityNumber"]) == ("NOTICE", "SEVERITY_NUMBER_INFO4")


def fail() -> None:
    try:
        raise FileNotFoundError(2, "No such file")
    except FileNotFoundError as error:
        raise RuntimeError("failed") from error


def test_an_exception_is_described_by_logcapy(arrived: Decoded) -> None:
    try:
        fail()
    except RuntimeError as error:
        logger.exception("order {} failed", 7)
        logger.opt(exception=error).error("again")
    logger.opt(exception=True).error("nothing is handled")
    first, second, none = arrived.records()
    assert first["body"] == {"stringValue": "order 7 failed"}
    assert first["attributes"]["exception.type"] == {"stringValue": "RuntimeError"}
    assert "FileNotFoundError" in str(first["attributes"]["exception.stacktrace"])
    mark = first["attributes"]["logcapy.exception.fingerprint"]
    assert second["attributes"]["logcapy.exception.fingerprint"] == mark
    assert "logcapy.exception.reference" in second["attributes"]
    assert not any(key.startswith("exception") for key in none["attributes"])


def test_what_loguru_catches_is_described_too(arrived: Decoded) -> None:
    @logger.catch
    def work() -> None:
        fail()

    work()
    with logger.catch(message="in a block"):
        fail()
    first, second = arrived.records()
    assert first["severityText"] == "ERROR"
    assert first["attributes"]["exception.type"] == {"stringValue": "RuntimeError"}
    assert "logcapy.exception.fingerprint" in first["attributes"]
    assert second["body"] == {"stringValue": "in a block"}


def test_options_of_a_call_are_kept(arrived: Decoded) -> None:
    def wrapper() -> None:
        logger.opt(depth=1).info("told for the caller")

    wrapper()
    logger.opt(lazy=True).info("{}", lambda: 7)
    logger.opt(colors=True).info("<red>red</red>")
    logger.opt(capture=False).info("{order_id}", order_id=7)
    logger.opt(raw=True).info("raw {order_id}", order_id=7)
    logger.patch(lambda record: record["extra"].update(patched=True)).info("patched")
    logger.bind(event_name="shop.paid").info("{braces} <level>", braces="{x}")
    for_caller, lazy, colours, not_captured, raw, patched, event = arrived.records()
    name = {"stringValue": test_options_of_a_call_are_kept.__name__}
    assert for_caller["attributes"]["code.function.name"] == name
    bodies = [record["body"]["stringValue"] for record in (lazy, colours, not_captured, raw)]
    assert bodies == ["7", "red", "7", "raw 7"]
    assert "order_id" not in not_captured["attributes"]
    assert patched["attributes"]["patched"] == {"boolValue": True}
    assert (event["eventName"], event["body"]) == ("shop.paid", {"stringValue": "{x} <level>"})


def test_another_sink_sees_what_it_saw_without_it(arrived: Decoded) -> None:
    console = io.StringIO()
    logger.add(console, format="{level} {message} {extra} {exception}", colorize=False)
    try:
        fail()
    except RuntimeError:
        logger.bind(order_id=7, event_name="shop.failed").exception("failed")
    assert "ERROR failed {'order_id': 7, 'event_name': 'shop.failed'}" in console.getvalue()
    assert "RuntimeError: failed" in console.getvalue()
    assert arrived.attributes()["order_id"] == "7"


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


class Logging:
    """Logs itself when it is asked for its text."""

    def __str__(self) -> str:
        logger.bind(told=self).info("by itself")
        return "told"


def put_odd_things(record: Any) -> None:
    record["extra"][7] = "seven"
    record["time"] = "noon"
    record["message"] = 7
    record["name"] = None


def test_hostile_values_reach_neither_the_application_nor_cost_the_record(arrived: Decoded) -> None:
    circle: dict[str, object] = {}
    circle["self"] = circle
    logger.bind(circle=circle, bad=Unprintable()).info("x")
    logger.patch(put_odd_things).info("x")
    first, second = arrived.records()
    assert first["attributes"]["bad"] == {"stringValue": "<str() of Unprintable failed with RuntimeError>"}
    assert second["attributes"]["7"] == {"stringValue": "seven"}
    assert second["body"] == {"stringValue": "7"}
    assert second["scope"] == "loguru"


def test_a_value_that_logs_itself_ends(arrived: Decoded, capsys: pytest.CaptureFixture[str]) -> None:
    logger.bind(told=Logging()).info("x")
    assert len(arrived.records()) == 1


def test_what_becomes_of_a_value_after_the_call_is_not_seen(arrived: Decoded) -> None:
    items = [1]
    logger.bind(items=items).info("x")
    items.append(2)
    assert len(arrived.only()["attributes"]["items"]["arrayValue"]["values"]) == 1


def test_secrets_stay(arrived: Decoded) -> None:
    logger.bind(password="hunter22", many=["alice@example.com"]).info("card {}", "4111 1111 1111 1111")
    told = str(arrived.records())
    for secret in ("4111 1111", "hunter22", "alice"):
        assert secret not in told


def test_threads_lose_nothing(arrived: Decoded) -> None:
    def run(thread: int) -> None:
        with logger.contextualize(worker=thread):
            for number in range(50):
                logger.info("{}", number)

    threads = [threading.Thread(target=run, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [(one["attributes"]["worker"]["intValue"], one["body"]["stringValue"]) for one in arrived.records()]
    assert sorted(found) == sorted((str(worker), str(number)) for worker in range(8) for number in range(50))


def test_each_task_of_asyncio_has_its_own_span_and_context(arrived: Decoded) -> None:
    async def task(number: int) -> None:
        with a_request(), logcapy.context(task=number), logger.contextualize(number=number):
            await asyncio.sleep(0)
            logger.info("at work")

    async def main() -> None:
        await asyncio.gather(*(task(number) for number in range(20)))

    asyncio.run(main())
    records = arrived.records()
    assert all(record["attributes"]["task"] == record["attributes"]["number"] for record in records)
    assert len({record["traceId"] for record in records}) == 20


def test_without_a_provider_records_go_to_logging(monkeypatch: pytest.MonkeyPatch, arrived: Decoded) -> None:
    monkeypatch.setattr(global_provider, "_LOGGER_PROVIDER", None)
    seen: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = seen.append  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        try:
            fail()
        except RuntimeError:
            logger.bind(order_id=7).exception("failed {}", "twice")
    finally:
        logging.getLogger().removeHandler(handler)
    (record,) = seen
    assert (record.getMessage(), record.name, record.levelname) == ("failed twice", __name__, "ERROR")
    assert vars(record)["order_id"] == 7
    assert record.exc_info is not None


def forward_to_loguru() -> logging.Handler:
    """What loguru's documentation shows for records of ``logging``."""
    handler = logging.Handler()
    handler.emit = lambda record: logger.log(record.levelname, record.getMessage())  # type: ignore[method-assign]
    return handler


def test_handlers_that_forward_logging_to_loguru_make_no_circle(
    monkeypatch: pytest.MonkeyPatch, arrived: Decoded, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(global_provider, "_LOGGER_PROVIDER", None)
    handler = forward_to_loguru()
    logging.getLogger().addHandler(handler)
    try:
        logger.error("once")
    finally:
        logging.getLogger().removeHandler(handler)
    assert arrived.records() == []


@pytest.mark.parametrize("raises", [True, False])
def test_a_filter_decides_and_its_errors_are_logurus(
    arrived: Decoded, raises: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    def keeps(record: Any) -> bool:
        if raises:
            raise ValueError("no")
        return bool(record["extra"].get("kept"))

    logger.remove()
    LogCapySink().add_to(logger, "INFO", filter=keeps)
    logger.bind(kept=True).info("yes")
    logger.info("no")
    logger.bind(kept=True).debug("no")
    assert arrived.bodies() == ([] if raises else ["yes"])
    assert ("ValueError: no" in capsys.readouterr().err) is raises


def test_it_can_be_removed(arrived: Decoded) -> None:
    number = LogCapySink().add_to(logger)
    logger.remove(number)
    logger.info("once")
    assert arrived.bodies() == ["once"]


class Holding(Exception):
    """Cannot be pickled with what it holds."""


def test_through_logurus_own_queue_everything_but_the_span_arrives(arrived: Decoded) -> None:
    logger.remove()
    logger.add(LogCapySink(), format="{message}", enqueue=True)
    for error in (Holding(threading.Lock()), ValueError("yes")):
        try:
            raise error
        except Exception:
            logger.bind(order_id=7).exception("failed")
    logger.complete()
    holding, value_error = arrived.records()
    assert holding["attributes"]["order_id"] == {"intValue": "7"}
    assert holding["attributes"]["exception.type"] == {"stringValue": f"{__name__}.Holding"}
    assert value_error["attributes"]["exception.type"] == {"stringValue": "ValueError"}
    assert value_error["attributes"]["exception.message"] == {"stringValue": "yes"}


class Watched(Exception):
    """Notes who asks for its text."""

    askers: set[str]

    def __str__(self) -> str:
        frame = sys._getframe(1)
        while frame.f_back is not None:
            self.askers.add(str(frame.f_globals.get("__name__")))
            frame = frame.f_back
        return "watched"


def test_a_traceback_is_not_rendered_for_it_where_it_adds_itself(arrived: Decoded) -> None:
    for add_sink, is_rendered in ((add, True), (add_to, False)):
        logger.remove()
        add_sink()
        error = Watched()
        error.askers = set()
        logger.opt(exception=error).error("failed")
        assert arrived.attributes()["exception.message"] == "watched"
        assert ("loguru._better_exceptions" in error.askers) is is_rendered


def test_times_are_those_of_the_moment_whatever_the_zone(arrived: Decoded) -> None:
    moment = datetime(2026, 11, 22, 21, 30, 0, 123456, tzinfo=timezone.utc)
    logger.patch(lambda record: record.update(time=moment)).info("x")  # type: ignore[call-arg, arg-type]
    assert int(arrived.only()["timeUnixNano"]) == 1795383000123456000
