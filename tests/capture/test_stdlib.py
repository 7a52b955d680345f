"""Records of the standard library's logging."""

from __future__ import annotations

import io
import logging
import logging.config
from collections.abc import Iterator

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider

from logcapy.capture.other_handlers import StandInForOthers
from logcapy.capture.stdlib import LogCapyHandler, install, severity_number


@pytest.fixture
def exporter() -> InMemoryLogRecordExporter:
    return InMemoryLogRecordExporter()


@pytest.fixture
def provider(exporter: InMemoryLogRecordExporter) -> LoggerProvider:
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    return provider


@pytest.fixture
def listening(provider: LoggerProvider) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.setLevel(logging.INFO)
    uninstall = install(LogCapyHandler(logger_provider=provider), StandInForOthers(provider).look)
    yield
    uninstall()
    root.handlers[:] = handlers
    root.setLevel(level)


def only(exporter: InMemoryLogRecordExporter) -> ReadableLogRecord:
    (record,) = exporter.get_finished_logs()
    return record


def attributes(record: ReadableLogRecord) -> dict[str, object]:
    return dict(record.log_record.attributes or {})


@pytest.mark.usefixtures("listening")
def test_a_record_keeps_message_level_logger_extras_and_place(exporter: InMemoryLogRecordExporter) -> None:
    logging.getLogger("shop").warning("order %s placed", 7, extra={"total": 12.5, "tags": ("a", "b")})
    record = only(exporter)
    assert record.log_record.body == "order 7 placed"
    assert record.log_record.severity_number is SeverityNumber.WARN
    assert record.log_record.severity_text == "WARN"
    assert record.instrumentation_scope is not None
    assert record.instrumentation_scope.name == "shop"
    told = attributes(record)
    assert told["total"] == 12.5
    assert told["tags"] == ("a", "b")
    assert told["code.file.path"] == __file__
    assert told["code.function.name"] == "test_a_record_keeps_message_level_logger_extras_and_place"


@pytest.mark.usefixtures("listening")
def test_uvicorns_second_copy_of_the_message_is_left_out(exporter: InMemoryLogRecordExporter) -> None:
    logging.getLogger("uvicorn.error").info("Started %d", 7, extra={"color_message": "Started \x1b[36m%d\x1b[0m"})
    assert "color_message" not in attributes(only(exporter))


@pytest.mark.usefixtures("listening")
def test_a_record_in_a_span_has_its_ids(exporter: InMemoryLogRecordExporter) -> None:
    with TracerProvider(shutdown_on_exit=False).get_tracer("t").start_as_current_span("s") as span:
        logging.getLogger("shop").info("x")
    record = only(exporter).log_record
    assert (record.trace_id, record.span_id) == (span.get_span_context().trace_id, span.get_span_context().span_id)


@pytest.mark.usefixtures("listening")
def test_an_exception_is_told_in_full(exporter: InMemoryLogRecordExporter) -> None:
    try:
        raise FileNotFoundError(2, "No such file")
    except FileNotFoundError:
        logging.getLogger("shop").exception("failed")
    told = attributes(only(exporter))
    assert told["exception.type"] == "FileNotFoundError"
    assert told["exception.message"] == "[Errno 2] No such file"
    assert "Traceback" in str(told["exception.stacktrace"])


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize(
    ("message", "arguments", "extra", "body"),
    [
        ("%d items", ("x",), {}, "%d items <arguments could not be formatted: TypeError:"),
        ("%s", (Unprintable(),), {}, "%s <arguments could not be formatted: RuntimeError: no>"),
        ("fine", (), {"bad": Unprintable()}, "fine"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_hostile_arguments_reach_neither_the_application_nor_cost_the_record(
    exporter: InMemoryLogRecordExporter,
    monkeypatch: pytest.MonkeyPatch,
    message: str,
    arguments: tuple[object, ...],
    extra: dict[str, object],
    body: str,
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logging.getLogger("shop").error(message, *arguments, extra=extra)
    record = only(exporter)
    assert str(record.log_record.body).startswith(body)
    if extra:
        assert attributes(record)["bad"] == "<str() of Unprintable failed with RuntimeError>"


@pytest.mark.usefixtures("listening")
def test_a_circle_in_an_extra_ends(exporter: InMemoryLogRecordExporter) -> None:
    circle: dict[str, object] = {}
    circle["self"] = circle
    logging.getLogger("shop").error("x", extra={"circle": circle})
    assert only(exporter).log_record.body == "x"


@pytest.mark.usefixtures("listening")
def test_an_extra_that_holds_itself_many_times_ends(exporter: InMemoryLogRecordExporter) -> None:
    knot: list[object] = []
    knot.extend([knot] * 10)
    logging.getLogger("shop").error("x", extra={"knot": knot, "odd keys": {Unprintable(): 1, 2: "two"}})
    told = attributes(only(exporter))
    assert told["odd keys"] == {"<str() of Unprintable failed with RuntimeError>": 1, "2": "two"}


def test_a_processor_that_raises_does_not_reach_the_application(capsys: pytest.CaptureFixture[str]) -> None:
    class Raising(LogRecordProcessor):
        def on_emit(self, log_record: ReadWriteLogRecord) -> None:
            raise RuntimeError("broken")

        def shutdown(self) -> None: ...

        def force_flush(self, timeout_millis: int = 30000) -> bool:
            return True

    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(Raising())
    logger = logging.Logger("alone")
    logger.addHandler(LogCapyHandler(logger_provider=provider))
    logger.error("x")


@pytest.mark.usefixtures("listening")
def test_records_born_while_exporting_are_passed_over(exporter: InMemoryLogRecordExporter) -> None:
    token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
    logging.getLogger("urllib3").error("from the exporter")
    detach(token)
    assert exporter.get_finished_logs() == ()


@pytest.mark.usefixtures("listening")
def test_dict_config_and_propagate_off_and_removed_handlers_cost_no_record(
    exporter: InMemoryLogRecordExporter,
) -> None:
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"null": {"class": "logging.NullHandler"}},
            "loggers": {"server.access": {"handlers": ["null"], "level": "INFO", "propagate": False}},
        }
    )
    logging.getLogger().handlers[:] = []
    logging.getLogger("server.access").info("GET /")
    assert only(exporter).log_record.body == "GET /"


@pytest.mark.usefixtures("listening")
def test_basic_config_and_the_last_resort_work_as_without_it(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger().handlers[:] = []
    logging.getLogger("shop").warning("seen by the last resort")
    assert "seen by the last resort" in capsys.readouterr().err
    console = io.StringIO()
    logging.basicConfig(stream=console, format="%(message)s")
    logging.getLogger("shop").warning("seen on the console")
    assert console.getvalue() == "seen on the console\n"


@pytest.mark.usefixtures("listening")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_another_handler_for_the_same_provider_gives_no_second_record(
    exporter: InMemoryLogRecordExporter, provider: LoggerProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    from opentelemetry.instrumentation.logging.handler import LoggingHandler
    from opentelemetry.sdk._logs import LoggingHandler as SdkLoggingHandler

    logging.getLogger().addHandler(LoggingHandler(logger_provider=provider))
    logging.getLogger().addHandler(SdkLoggingHandler(logger_provider=provider))
    logging.getLogger().addHandler(LogCapyHandler(logger_provider=provider))
    logging.getLogger("shop").warning("once")
    logging.getLogger("shop").warning("twice")
    assert [record.log_record.body for record in exporter.get_finished_logs()] == ["once", "twice"]


@pytest.mark.usefixtures("listening")
def test_another_handler_for_another_provider_stays(exporter: InMemoryLogRecordExporter) -> None:
    from opentelemetry.instrumentation.logging.handler import LoggingHandler

    theirs = InMemoryLogRecordExporter()
    other = LoggerProvider(shutdown_on_exit=False)
    other.add_log_record_processor(SimpleLogRecordProcessor(theirs))
    logging.getLogger().addHandler(LoggingHandler(logger_provider=other))
    logging.getLogger("shop").warning("both")
    assert only(exporter).log_record.body == "both"
    assert only(theirs).log_record.body == "both"


def test_after_it_is_taken_away_nothing_is_captured(
    exporter: InMemoryLogRecordExporter, provider: LoggerProvider
) -> None:
    before = logging.Logger.callHandlers
    uninstall = install(LogCapyHandler(logger_provider=provider))
    uninstall()
    logging.getLogger("shop").error("x")
    assert logging.Logger.callHandlers is before
    assert exporter.get_finished_logs() == ()


@pytest.mark.parametrize(
    ("level", "severity"),
    [(0, 0), (5, 1), (10, 5), (11, 6), (19, 8), (20, 9), (25, 12), (30, 13), (40, 17), (50, 21), (53, 24), (99, 24)],
)
def test_levels_have_the_severity_of_the_data_model(level: int, severity: int) -> None:
    assert severity_number(level).value == severity
