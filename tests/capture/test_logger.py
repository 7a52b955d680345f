"""LogCapy's own logger gives the records that the standard library's would give."""

from __future__ import annotations

import asyncio
import copy
import io
import json
import logging
import logging.config
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import opentelemetry._logs._internal as global_provider
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value
from opentelemetry.sdk._logs import LoggerProvider, LogRecordLimits
from opentelemetry.trace import get_current_span

import logcapy
from capture.decoded import Decoded, Sibling, a_request, decoded, handler_of, receiving
from capture.heard import heard
from logcapy.capture.direct import emit_through

_CLOCKS = ("timeUnixNano", "observedTimeUnixNano")


@pytest.fixture(scope="module")
def arrived_alone() -> Iterator[Decoded]:
    with receiving() as exporter:
        yield exporter


@pytest.fixture
def arrived(arrived_alone: Decoded) -> Decoded:
    arrived_alone.records()
    return arrived_alone


@pytest.fixture(scope="module")
def arrived_beside() -> Iterator[Decoded]:
    exporter = decoded(Sibling())
    yield exporter
    exporter.provider.shutdown()


@pytest.fixture
def log() -> Iterator[logcapy.CapyLogger]:
    logger = logging.getLogger("shop.orders")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield logcapy.get_logger("shop.orders")
    logger.setLevel(logging.NOTSET)
    logger.propagate = True


def both(arrived: Decoded, log: logcapy.CapyLogger, call: Callable[[Any, Callable[..., dict[str, Any]]], None]) -> None:
    """Let a call be made with LogCapy's logger and with logging's, and compare what arrives."""
    theirs = logging.Logger(log.name)
    theirs.addHandler(handler_of(arrived))
    call(log, lambda **attributes: attributes)
    ours = arrived.records()
    call(theirs, lambda **attributes: {"extra": attributes})
    expected = arrived.records()
    assert ours
    for record in (*ours, *expected):
        assert all(record.pop(clock) for clock in _CLOCKS)
        record["attributes"].pop("log.record.uid", None)
        if "logcapy.exception.reference" in record["attributes"]:
            record["attributes"]["logcapy.exception.reference"] = "to the first one"
    assert ours == expected


plain = st.one_of(
    st.text(max_size=30),
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.none(),
    st.binary(max_size=10),
    st.sampled_from(["4111 1111 1111 1111", "alice@example.com", "password=hunter2", 4111111111111111, "x" * 1500]),
)
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner))
taken = set(vars(logging.makeLogRecord({}))) | {
    "message", "asctime", "color_message", "exc_info", "stack_info", "stacklevel", "extra", "event_name",
}  # fmt: skip
keys = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["order_id", "password", "code.line.number", "http.route", "event.name", "otel.event.name", "self", "level"]
    ),
).filter(lambda key: key not in taken)


@pytest.mark.parametrize("processor", ["alone", "beside another"])
@given(
    message=st.one_of(st.text(max_size=40), st.sampled_from(["%s", "order %s for %s", "%d", "a\nb", "token=%s"])),
    arguments=st.lists(values, max_size=3),
    attributes=st.dictionaries(keys, values, max_size=5),
    level=st.sampled_from([10, 20, 21, 30, 40, 50, 70]),
    bound=st.dictionaries(keys, plain, max_size=2),
    in_request=st.booleans(),
)
def test_a_call_gives_the_record_that_logging_gives(
    arrived_alone: Decoded,
    arrived_beside: Decoded,
    processor: str,
    message: str,
    arguments: list[object],
    attributes: dict[str, object],
    level: int,
    bound: dict[str, object],
    in_request: bool,
) -> None:
    logging.getLogger("shop.same").setLevel(logging.DEBUG)

    def call(log: Any, given: Callable[..., dict[str, Any]]) -> None:
        log.log(level, message, *arguments, **given(**attributes))

    exporter = arrived_alone if processor == "alone" else arrived_beside
    emit_through(exporter.provider)
    try:
        with logcapy.context(**bound), a_request() if in_request else nullcontext():
            both(exporter, logcapy.get_logger("shop.same"), call)
    finally:
        emit_through(None)


def fail() -> None:
    try:
        raise FileNotFoundError(2, "No such file")
    except FileNotFoundError as error:
        raise RuntimeError("token=abcdef123456") from error


def debug(log: Any, given: Callable[..., dict[str, Any]]) -> None:
    log.debug("order %s for %s", 7, "ada", **given(total=12.5))


def all_levels(log: Any, given: Callable[..., dict[str, Any]]) -> None:
    for method in (log.debug, log.info, log.warning, log.error, log.critical):
        method("order %d", 7, **given(customer="alice@example.com"))


def a_template_and_a_mapping(log: Any, given: Callable[..., dict[str, Any]]) -> None:
    log.info("%(name)s paid", {"name": "ada"})


def a_message_that_is_no_text(log: Any, given: Callable[..., dict[str, Any]]) -> None:
    log.info(ValueError("no"))
    log.info(7)
    log.info(None)


def arguments_that_do_not_fit(log: Any, given: Callable[..., dict[str, Any]]) -> None:
    log.info("%d of %d", "seven")
    log.info("no place", 7)
    log.info(7, 8)


def an_exception_that_is_handled(log: Any, given: Callable[..., dict[str, Any]]) -> None:
    try:
        fail()
    except RuntimeError:
        log.exception("failed", **given(order_id=7))
        log.exception("failed again", **given(order_id=7))
        log.error("and again", exc_info=True)


def an_exception_at_hand(log: Any, given: Callable[..., dict[str, Any]]) -> None:
    try:
        fail()
    except RuntimeError as error:
        failure = error
    log.warning("failed", exc_info=failure)
    log.warning("failed", exc_info=(type(failure), failure, failure.__traceback__))


def no_exception(log: Any, given: Callable[..., dict[str, Any]]) -> None:
    log.exception("nothing is handled")
    log.error("none", exc_info=False)


def a_stack(log: Any, given: Callable[..., dict[str, Any]]) -> None:
    log.info("here", stack_info=True)


def a_wrapper(log: Any, given: Callable[..., dict[str, Any]]) -> None:
    def say(text: str) -> None:
        log.info(text, stacklevel=2, **given(order_id=7))

    say("told for the caller")


def extra_as_in_logging(log: Any, given: Callable[..., dict[str, Any]]) -> None:
    log.info("x", extra={"order_id": 7})


def many_attributes(log: Any, given: Callable[..., dict[str, Any]]) -> None:
    log.info("x", **given(**{f"a{number}": number for number in range(130)}))


def long_texts(log: Any, given: Callable[..., dict[str, Any]]) -> None:
    log.info("x" * 70_000, **given(note="y" * 70_000, raw=b"z" * 9))


CALLS = [
    debug, all_levels, a_template_and_a_mapping, a_message_that_is_no_text, arguments_that_do_not_fit,
    an_exception_that_is_handled, an_exception_at_hand, no_exception, a_wrapper, extra_as_in_logging,
    many_attributes, long_texts,
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
@pytest.mark.parametrize("in_request", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_what_is_not_usual_arrives_as_from_logging(
    arrived: Decoded,
    log: logcapy.CapyLogger,
    call: Callable[[Any, Callable[..., dict[str, Any]]], None],
    in_request: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    with a_request() if in_request else nullcontext():
        both(arrived, log, call)


def test_the_stack_of_the_call_ends_where_it_was_made(arrived: Decoded, log: logcapy.CapyLogger) -> None:
    log.info("here", stack_info=True)
    stack = arrived.attributes()["code.stacktrace"]
    assert stack.startswith("Stack (most recent call last):\n")
    assert stack.endswith('log.info("here", stack_info=True)')


def test_a_record_in_a_span_has_its_ids_and_what_is_known_of_the_request(
    arrived: Decoded, log: logcapy.CapyLogger
) -> None:
    with a_request():
        ids = get_current_span().get_span_context()
        log.info("paid", order_id=7)
    record = arrived.only()
    assert record["traceId"]
    assert record["spanId"]
    assert ids.is_valid
    assert record["attributes"]["http.route"] == {"stringValue": "/orders/{id}"}
    assert record["attributes"]["order_id"] == {"intValue": "7"}
    assert record["scope"] == "shop.orders"


def test_an_attribute_may_have_any_name_but_those_of_options(arrived: Decoded, log: logcapy.CapyLogger) -> None:
    names = {"message": 1, "level": 2, "name": "n", "args": 4, "self": 5, "arguments": 6, "attributes": 7, "msg": 8}
    log.info("x", **names)
    log.log(20, "x", **names)
    for record in arrived.records():
        assert {key: next(iter(record["attributes"][key].values())) for key in names} == {
            key: value if isinstance(value, str) else str(value) for key, value in names.items()
        }


def test_an_event_has_its_name(arrived: Decoded, log: logcapy.CapyLogger) -> None:
    log.info("paid", event_name="shop.paid", order_id=7)
    log.info("paid", event_name="shop.paid", items=[7])
    log.info("paid", **{"otel.event.name": "shop.paid"})
    assert [record["eventName"] for record in arrived.records()] == ["shop.paid"] * 3


def test_secrets_of_message_arguments_attributes_and_bound_values_stay(
    arrived: Decoded, log: logcapy.CapyLogger
) -> None:
    bound = log.bind(password="hunter22", customer="c-17")
    bound.info("card %s", "4111 1111 1111 1111", mail="alice@example.com", api_key="k-123456")
    bound.info("cards %s", ["4111 1111 1111 1111"], mails=["alice@example.com"])
    told = str(arrived.records())
    for secret in ("hunter22", "4111 1111", "alice@example.com", "k-123456"):
        assert secret not in told
    assert "c-17" in told


def test_a_bound_logger_adds_its_values_and_the_calls_win(arrived: Decoded, log: logcapy.CapyLogger) -> None:
    bound = log.bind(order_id=7, customer="c-17").bind(customer="c-18", items=["a", {"b": 1}])
    bound.info("paid", total=12.5)
    bound.info("paid", customer="c-19")
    log.info("paid")
    first, second, third = arrived.records()
    assert first["attributes"]["customer"] == {"stringValue": "c-18"}
    assert first["attributes"]["order_id"] == {"intValue": "7"}
    assert len(first["attributes"]["items"]["arrayValue"]["values"]) == 2
    assert first["attributes"]["total"] == {"doubleValue": 12.5}
    assert second["attributes"]["customer"] == {"stringValue": "c-19"}
    assert "order_id" not in third["attributes"]


@pytest.mark.parametrize("key", ["http.route", "code.line.number", "who", "event.name", "exception.stacktrace", ""])
def test_bound_values_win_over_the_surroundings_on_either_way(log: logcapy.CapyLogger, key: str) -> None:
    found = []
    for siblings in ((), (Sibling(),)):
        with receiving(*siblings) as arrived, logcapy.context(who="nobody", order_id=1), a_request():
            log.bind(**{key: "mine"}).info("paid", order_id=7)
            record = arrived.only()
            del record["traceId"], record["spanId"]
            found.append({name: value for name, value in record.items() if name not in _CLOCKS})
    assert found[0] == found[1]
    if key in ("http.route", "code.line.number", "who"):
        assert found[0]["attributes"][key] == {"stringValue": "mine"}


def test_what_becomes_of_a_value_after_the_call_is_not_seen(arrived: Decoded, log: logcapy.CapyLogger) -> None:
    items, bound = [1], [1]
    logger = log.bind(bound=bound)
    logger.info("%s", items, items=items)
    items.append(2)
    bound.append(2)
    logger.info("later")
    first, second = arrived.records()
    assert first["body"] == {"stringValue": "[1]"}
    assert len(first["attributes"]["items"]["arrayValue"]["values"]) == 1
    assert len(second["attributes"]["bound"]["arrayValue"]["values"]) == 1


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


class Logging:
    """Logs itself when it is asked for its text."""

    def __str__(self) -> str:
        logcapy.get_logger("shop.orders").info(self)
        return "told"


def test_hostile_values_reach_neither_the_application_nor_cost_the_record(
    arrived: Decoded, log: logcapy.CapyLogger
) -> None:
    circle: dict[str, object] = {}
    circle["self"] = circle
    log.info(Unprintable())
    log.info("%s", Unprintable())
    log.info("x", bad=Unprintable(), circle=circle)
    log.info("x", told=Logging())
    log.bind(bad=Unprintable(), circle=circle).info("x")
    records = arrived.records()
    assert len(records) == 5
    assert "RuntimeError" in records[1]["body"]["stringValue"]
    assert records[3]["attributes"]["told"] == {"stringValue": "told"}
    bad = {"stringValue": "<str() of Unprintable failed with RuntimeError>"}
    assert records[2]["attributes"]["bad"] == records[4]["attributes"]["bad"] == bad


def test_options_that_are_none_do_not_reach_the_application(
    arrived: Decoded, log: logcapy.CapyLogger, capsys: pytest.CaptureFixture[str]
) -> None:
    broken: Any = log
    broken.info("x", stacklevel="two")
    broken.info("x", extra=7)
    broken.info("x", exc_info=7)
    assert arrived.bodies()[-1] == "x"


def test_a_call_with_no_caller_in_python_arrives_without_a_place(tmp_path: Any) -> None:
    program = """if True:
        import atexit, sys, logcapy
        from opentelemetry.sdk._logs.export import ConsoleLogRecordExporter
        exporter = ConsoleLogRecordExporter(formatter=lambda record: record.to_json(indent=None))
        handle = logcapy.configure(exporter)
        atexit.register(handle.force_flush)
        atexit.register(logcapy.get_logger("end").error, "bye")
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout)["body"] == "bye", done.stderr
    assert "code.line.number" not in done.stdout


def test_the_level_is_that_of_the_logger_of_the_same_name(arrived: Decoded) -> None:
    log = logcapy.get_logger("shop.levels.inner")
    logging.getLogger("shop.levels").setLevel(logging.ERROR)
    log.warning("no")
    assert not log.is_enabled_for(logging.WARNING)
    logging.config.dictConfig(
        {"version": 1, "disable_existing_loggers": False, "loggers": {"shop.levels": {"level": "INFO"}}}
    )
    log.info("yes")
    log.debug("no")
    logging.disable(logging.CRITICAL)
    log.critical("no")
    logging.disable(logging.NOTSET)
    log.log(25, "yes")
    log.log(15, "no")
    assert arrived.bodies() == ["yes", "yes"]


def test_the_name_is_by_default_that_of_the_module() -> None:
    assert logcapy.get_logger().name == __name__
    assert logcapy.get_logger() is logcapy.get_logger(__name__)
    assert logcapy.get_logger("root").name == logging.getLogger().name


def test_a_logger_can_be_copied_and_pickled() -> None:
    log = logcapy.get_logger("shop")
    assert pickle.loads(pickle.dumps(log)) is log
    assert copy.deepcopy(log) is log
    bound = pickle.loads(pickle.dumps(log.bind(order_id=7, items=[1])))
    assert repr(bound) == repr(log.bind(order_id=7, items=[1])) == "<CapyLogger shop order_id, items>"


def test_handlers_of_logging_do_not_see_what_goes_to_a_provider(arrived: Decoded, log: logcapy.CapyLogger) -> None:
    console = io.StringIO()
    handler = logging.StreamHandler(console)
    logging.getLogger("shop.orders").addHandler(handler)
    log.error("paid")
    logging.getLogger("shop.orders").removeHandler(handler)
    assert console.getvalue() == ""
    assert arrived.bodies() == ["paid"]


def without_processors() -> LoggerProvider:
    return LoggerProvider(shutdown_on_exit=False)


@pytest.mark.parametrize("provider", [lambda: None, NoOpLoggerProvider, without_processors])
def test_without_a_provider_its_records_are_those_of_logging(
    provider: Callable[[], Any], log: logcapy.CapyLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(global_provider, "_LOGGER_PROVIDER", provider())
    with heard("shop.orders") as seen:
        log.bind(customer="c-17").info("order %s", 7, total=12.5, name="of an attribute", event_name="paid")
        log.info("%(who)s", {"who": "ada"})
        try:
            fail()
        except RuntimeError:
            log.exception("failed")
        log.info("loop", told=Logging())
    first, mapping, failed, _ = seen
    assert (first.getMessage(), first.name, first.levelname) == ("order 7", "shop.orders", "INFO")
    assert (first.pathname, first.funcName) == (
        __file__,
        test_without_a_provider_its_records_are_those_of_logging.__name__,
    )
    assert vars(first)["customer"] == "c-17"
    assert vars(first)["total"] == 12.5
    assert vars(first)["name_"] == "of an attribute"
    assert vars(first)["otel.event.name"] == "paid"
    assert mapping.getMessage() == "ada"
    assert failed.exc_info is not None
    assert failed.exc_info[0] is RuntimeError


def test_the_provider_that_logcapy_works_for_wins_over_the_global_one(log: logcapy.CapyLogger) -> None:
    with receiving() as worked_for, receiving() as global_one:
        emit_through(worked_for.provider)
        try:
            log.info("first")
        finally:
            emit_through(None)
        log.info("second")
        assert (worked_for.bodies(), global_one.bodies()) == (["first"], ["second"])


def test_a_limit_on_the_length_of_values_holds(monkeypatch: pytest.MonkeyPatch, log: logcapy.CapyLogger) -> None:
    exporter = Decoded()
    limits = LogRecordLimits(max_log_record_attribute_length=3)
    exporter.provider = LoggerProvider(shutdown_on_exit=False, log_record_limits=limits)
    exporter.provider.add_log_record_processor(logcapy.LogCapyLogRecordProcessor(exporter))
    monkeypatch.setattr(global_provider, "_LOGGER_PROVIDER", exporter.provider)
    log.info("x", who="longer")
    assert exporter.attributes()["who"] == "lon"
    exporter.provider.shutdown()


def test_a_logger_that_the_configurator_switches_off_is_silent(log: logcapy.CapyLogger) -> None:
    with receiving() as arrived:
        log.info("seen")
        switched_off = type("Off", (), {"is_enabled": False})()
        arrived.provider._set_logger_configurator(logger_configurator=lambda scope: switched_off)
        log.info("not seen")
        log.info("not seen", items=[1])
        assert arrived.bodies() == ["seen"]


def test_records_born_while_exporting_are_passed_over(arrived: Decoded, log: logcapy.CapyLogger) -> None:
    token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
    log.error("from the exporter")
    log.error("from the exporter", items=[1])
    detach(token)
    assert arrived.records() == []


def test_threads_lose_and_mix_up_nothing(arrived: Decoded, log: logcapy.CapyLogger) -> None:
    def run(thread: int) -> None:
        with logcapy.context(thread=thread):
            bound = log.bind(worker=thread)
            for number in range(200):
                bound.info("%d of %d", number, thread, number=number)

    threads = [threading.Thread(target=run, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = arrived.records()
    assert len(records) == 1600
    for record in records:
        attributes = record["attributes"]
        assert attributes["thread"] == attributes["worker"]
        number, worker = attributes["number"]["intValue"], attributes["worker"]["intValue"]
        assert record["body"] == {"stringValue": f"{number} of {worker}"}


def test_each_task_of_asyncio_has_its_own_span_and_context(arrived: Decoded, log: logcapy.CapyLogger) -> None:
    async def task(number: int) -> None:
        with a_request(), logcapy.context(task=number):
            await asyncio.sleep(0)
            log.info("at work", number=number)

    async def main() -> None:
        await asyncio.gather(*(task(number) for number in range(20)))

    asyncio.run(main())
    records = arrived.records()
    assert all(record["attributes"]["task"] == record["attributes"]["number"] for record in records)
    assert len({record["traceId"] for record in records}) == 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.slow
def test_a_forked_child_goes_on_with_the_same_logger() -> None:
    program = """if True:
        import os, logcapy
        from opentelemetry.sdk._logs.export import ConsoleLogRecordExporter
        handle = logcapy.configure(ConsoleLogRecordExporter(formatter=lambda record: f"{record.log_record.body}\\n"))
        log = logcapy.get_logger("shop").bind(order_id=7)
        log.error("before")
        handle.force_flush()
        child = os.fork()
        log.error("parent" if child else "child")
        handle.force_flush()
        if not child:
            os._exit(0)
        os.waitpid(child, 0)
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert sorted(done.stdout.split()) == ["before", "child", "parent"], done.stderr


def test_places_of_calls_on_one_line_and_in_generated_code_are_told(arrived: Decoded, log: logcapy.CapyLogger) -> None:
    for number in range(50):
        exec(compile("\n" * number + "log.info('x')", f"generated_{number}.py", "exec"), {"log": log})
    places = {
        (record["attributes"]["code.file.path"]["stringValue"], record["attributes"]["code.line.number"]["intValue"])
        for record in arrived.records()
    }
    assert places == {(f"generated_{number}.py", str(number + 1)) for number in range(50)}
