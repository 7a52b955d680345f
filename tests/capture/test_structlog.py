"""structlog's events become records, and nothing of them is rendered."""

from __future__ import annotations

import asyncio
import io
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import opentelemetry._logs._internal as global_provider
import pytest
import structlog
from opentelemetry.trace import get_current_span

import logcapy
from capture.decoded import Decoded, Sibling, a_request, receiving
from logcapy.integrations.structlog import LogCapyRenderer


@pytest.fixture(params=[(), (Sibling(),)], ids=["alone", "beside"])
def arrived(request: pytest.FixtureRequest) -> Iterator[Decoded]:
    with receiving(*request.param) as exporter:
        yield exporter


@pytest.fixture(autouse=True)
def unconfigured() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def native(*processors: Any, level: int = 0, **options: Any) -> Any:
    """structlog as it comes, with a logger that prints."""
    printed = options.setdefault("printed", io.StringIO())
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *processors, LogCapyRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(printed),
    )
    return structlog.get_logger()


def standard(*processors: Any) -> Any:
    """structlog over loggers of ``logging``."""
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *processors, LogCapyRenderer()],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    return structlog.get_logger("shop.orders")


def test_an_event_is_the_body_and_the_other_keys_are_attributes(arrived: Decoded) -> None:
    printed = io.StringIO()
    log = native(structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"), printed=printed)
    before = time.time_ns()
    with a_request():
        trace_id = get_current_span().get_span_context().trace_id
        log.bind(customer="c-17").warning("order %s placed", 7, total=12.5, items=["a"])
    record = arrived.only()
    assert record["body"] == {"stringValue": "order 7 placed"}
    assert (record["severityText"], record["severityNumber"]) == ("WARN", "SEVERITY_NUMBER_WARN")
    assert record["scope"] == __name__
    assert trace_id
    assert record["traceId"]
    assert abs(int(record["timeUnixNano"]) - before) < 1e9
    attributes = record["attributes"]
    assert attributes["customer"] == {"stringValue": "c-17"}
    assert attributes["total"] == {"doubleValue": 12.5}
    assert attributes["items"] == {"arrayValue": {"values": [{"stringValue": "a"}]}}
    assert attributes["http.route"] == {"stringValue": "/orders/{id}"}
    assert attributes["code.file.path"] == {"stringValue": __file__}
    assert attributes["code.function.name"]["stringValue"] == (
        test_an_event_is_the_body_and_the_other_keys_are_attributes.__name__
    )
    assert not {"level", "timestamp", "event", "logger"} & attributes.keys()
    assert printed.getvalue() == ""


def test_an_event_over_logging_arrives_once_with_its_loggers_name_and_level(arrived: Decoded) -> None:
    log = standard(structlog.stdlib.add_logger_name, structlog.stdlib.add_log_level_number)
    logging.getLogger("shop.orders").setLevel(logging.INFO)
    seen: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = seen.append  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        log.info("order %s for %s", 7, "ada")
        log.debug("not seen")
        log.log(logging.ERROR, "by number")
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger("shop.orders").setLevel(logging.NOTSET)
    first, second = arrived.records()
    assert first["body"] == {"stringValue": "order 7 for ada"}
    assert first["scope"] == second["scope"] == "shop.orders"
    assert second["severityText"] == "ERROR"
    assert "level_number" not in first["attributes"]
    assert seen == []


def test_below_the_level_of_the_wrapper_nothing_is_emitted(arrived: Decoded) -> None:
    log = native(level=logging.WARNING)
    log.info("no")
    log.error("yes")
    assert arrived.bodies() == ["yes"]


@pytest.mark.parametrize(
    ("method", "text"),
    [("debug", "DEBUG"), ("info", "INFO"), ("msg", "INFO"), ("warn", "WARN"), ("critical", "FATAL")],
)
def test_the_level_is_that_of_the_method(arrived: Decoded, method: str, text: str) -> None:
    getattr(native(), method)("x")
    assert arrived.only()["severityText"] == text


def test_a_level_that_only_logging_knows_is_kept_and_one_nobody_knows_is_an_attribute(arrived: Decoded) -> None:
    logging.addLevelName(25, "NOTICE")
    log = native()
    log.info("x", level="notice")
    log.info("x", level="very high")
    log.info("x", level=3)
    notice, unknown, number = arrived.records()
    assert (notice["severityText"], notice["severityNumber"]) == ("NOTICE", "SEVERITY_NUMBER_INFO4")
    assert unknown["attributes"]["level"] == {"stringValue": "very high"}
    assert number["attributes"]["level"] == {"intValue": "3"}
    assert unknown["severityText"] == number["severityText"] == "INFO"


def test_an_exception_is_described_by_logcapy(arrived: Decoded) -> None:
    log = native()
    try:
        raise FileNotFoundError(2, "No such file")
    except FileNotFoundError as error:
        log.exception("failed", order_id=7)
        log.error("failed", exc_info=error)
        failure = error
    log.warning("failed", exc_info=(type(failure), failure, failure.__traceback__))
    log.warning("none", exc_info=None)
    first, second, third, none = arrived.records()
    assert first["severityText"] == "ERROR"
    assert first["attributes"]["exception.type"] == {"stringValue": "FileNotFoundError"}
    assert "Traceback" in str(first["attributes"]["exception.stacktrace"])
    mark = first["attributes"]["logcapy.exception.fingerprint"]
    assert second["attributes"]["logcapy.exception.fingerprint"] == mark
    assert third["attributes"]["logcapy.exception.fingerprint"] == mark
    assert not any(key.startswith("exception") for key in none["attributes"])


def test_texts_that_processors_have_made_keep_a_meaning(arrived: Decoded) -> None:
    log = native(structlog.processors.StackInfoRenderer(), structlog.processors.format_exc_info)
    try:
        raise ValueError("no")
    except ValueError:
        log.exception("failed", stack_info=True)
    attributes = arrived.attributes()
    assert attributes["exception.stacktrace"].endswith("ValueError: no")
    assert "Stack (most recent call last)" in attributes["code.stacktrace"]


def test_a_stack_is_told(arrived: Decoded) -> None:
    native().info("here", stack_info=True)
    assert arrived.attributes()["code.stacktrace"].endswith('native().info("here", stack_info=True)')


@pytest.mark.parametrize(
    ("told", "nanoseconds"),
    [
        ("2026-11-22T21:30:00.123456Z", 1795383000123456000),
        ("2026-11-22T21:30:00+01:00", 1795379400000000000),
        (1795383000.25, 1795383000250000000),
        (1795383000, 1795383000000000000),
    ],
)
def test_the_time_of_the_event_is_the_records(arrived: Decoded, told: object, nanoseconds: int) -> None:
    native().info("x", timestamp=told)
    record = arrived.only()
    assert int(record["timeUnixNano"]) == nanoseconds
    assert "timestamp" not in record["attributes"]


@pytest.mark.parametrize("told", ["21:30", "2026-11-22", "yesterday, in the afternoon", 7, float("nan"), True, ["x"]])
def test_what_is_no_time_stays_an_attribute(arrived: Decoded, told: object) -> None:
    native().info("x", timestamp=told)
    assert "timestamp" in arrived.only()["attributes"]


def test_context_variables_and_a_name_in_the_event_are_kept(arrived: Decoded) -> None:
    log = native()
    structlog.contextvars.bind_contextvars(request="r-1")
    with logcapy.context(order_id=7):
        log.info("paid", logger="shop.billing", event_name="shop.paid")
    record = arrived.only()
    assert record["scope"] == "shop.billing"
    assert record["eventName"] == "shop.paid"
    assert record["attributes"]["request"] == {"stringValue": "r-1"}
    assert record["attributes"]["order_id"] == {"intValue": "7"}


def test_asynchronous_methods_keep_span_context_and_place(arrived: Decoded) -> None:
    log = native()

    async def task(number: int) -> None:
        structlog.contextvars.bind_contextvars(task=number)
        with a_request():
            await asyncio.sleep(0)
            await log.ainfo("at work", number=number)

    async def failing() -> None:
        try:
            raise ValueError("no")
        except ValueError:
            await log.aexception("failed")

    async def main() -> None:
        await asyncio.gather(*(task(number) for number in range(10)))
        await failing()

    asyncio.run(main())
    found = arrived.records()
    (failed,) = [record for record in found if record["severityText"] == "ERROR"]
    records = [record for record in found if record is not failed]
    assert len({record["traceId"] for record in records}) == 10
    for record in records:
        assert record["attributes"]["task"] == record["attributes"]["number"]
        assert record["attributes"]["code.function.name"] == {"stringValue": "task"}
        assert record["scope"] == __name__
    assert failed["attributes"]["exception.type"] == {"stringValue": "ValueError"}


def test_a_renderer_behind_it_sees_the_event_where_it_does_not_end_the_chain(arrived: Decoded) -> None:
    console = io.StringIO()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            LogCapyRenderer(ends_chain=False),
            structlog.dev.ConsoleRenderer(colors=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(console),
    )
    structlog.get_logger().info("paid", order_id=7)
    assert arrived.attributes()["order_id"] == "7"
    assert "paid" in console.getvalue()
    assert "order_id=7" in console.getvalue()
    assert "info" in console.getvalue()


def test_without_a_provider_the_event_goes_to_structlogs_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(global_provider, "_LOGGER_PROVIDER", None)
    printed = io.StringIO()
    log = native(printed=printed)
    try:
        raise ValueError("no")
    except ValueError:
        log.exception("failed", order_id=7)
    assert "failed" in printed.getvalue()
    assert "order_id=7" in printed.getvalue()
    assert "ValueError: no" in printed.getvalue()


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


def with_odd_keys(logger: Any, name: str, event_dict: Any) -> Any:
    event_dict[7] = "seven"
    event_dict[Unprintable()] = "?"
    event_dict[""] = "empty"
    return event_dict


def test_hostile_values_reach_neither_the_application_nor_cost_the_record(arrived: Decoded) -> None:
    circle: dict[str, object] = {}
    circle["self"] = circle
    log = native(with_odd_keys)
    log.info(Unprintable(), circle=circle, bad=Unprintable())
    log.info(None, level=Unprintable(), logger=7, timestamp=Unprintable(), exc_info=7, event_name=[1])
    standard().error(order_id=7)
    first, second, third = arrived.records()
    assert first["attributes"]["bad"] == {"stringValue": "<str() of Unprintable failed with RuntimeError>"}
    assert first["attributes"]["7"] == {"stringValue": "seven"}
    assert second["attributes"]["logger"] == {"intValue": "7"}
    assert third["attributes"]["order_id"] == {"intValue": "7"}


def test_secrets_stay(arrived: Decoded) -> None:
    native().info("card 4111 1111 1111 1111", password="hunter22", mail="alice@example.com", many=["alice@example.com"])
    told = str(arrived.records())
    for secret in ("4111 1111", "hunter22", "alice"):
        assert secret not in told


def test_threads_lose_nothing(arrived: Decoded) -> None:
    log = native()

    def run(thread: int) -> None:
        bound = log.bind(worker=thread)
        for number in range(50):
            bound.info("work", number=number)

    threads = [threading.Thread(target=run, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    attributes = [record["attributes"] for record in arrived.records()]
    found = [(one["worker"]["intValue"], one["number"]["intValue"]) for one in attributes]
    assert sorted(found) == sorted((str(worker), str(number)) for worker in range(8) for number in range(50))
