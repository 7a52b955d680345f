"""LogCapy set up in code, and what is wrong with a setting."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider

import logcapy
from logcapy import environment
from logcapy.config import BatchConfig, LogCapyConfig, OtlpConfig
from logcapy.distro import LogCapyInstrumentor
from logcapy.errors import ConfigError
from logcapy.export.file import FileLogRecordExporter


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import os

    for name in list(os.environ):
        if name.startswith(("OTEL_", "LOGCAPY_")):
            monkeypatch.delenv(name)
    level = logging.getLogger().level
    yield
    from logcapy.assemble import current_handle

    handle = current_handle()
    if handle is not None:
        handle.shutdown()
    assert logging.getLogger().level == level, "the root logger's level is put back"


@pytest.fixture
def exporter() -> InMemoryLogRecordExporter:
    return InMemoryLogRecordExporter()


@pytest.fixture
def provider() -> LoggerProvider:
    return LoggerProvider(shutdown_on_exit=False)


class EndingFile(FileLogRecordExporter):
    """Tells whether it has been ended."""

    ended = False

    def shutdown(self) -> None:
        self.ended = True
        super().shutdown()


def bodies(exporter: InMemoryLogRecordExporter) -> list[object]:
    return [record.log_record.body for record in exporter.get_finished_logs()]


def test_configure_captures_redacts_and_counts(provider: LoggerProvider, exporter: InMemoryLogRecordExporter) -> None:
    handle = logcapy.configure(exporter, logger_provider=provider)
    logging.getLogger("configured").info("password=hunter2")
    assert handle.force_flush(5000)
    assert bodies(exporter) == ["password=[REDACTED]"]
    assert handle.stats().exported == 1


def test_configuring_again_gives_the_same_handle_and_no_second_record(
    provider: LoggerProvider, exporter: InMemoryLogRecordExporter
) -> None:
    first = logcapy.configure(exporter, logger_provider=provider)
    assert logcapy.configure_logging(logger_provider=provider) is first
    logging.getLogger("configured").warning("once")
    first.force_flush(5000)
    assert bodies(exporter) == ["once"]


def test_what_a_provider_has_is_wrapped_and_kept(provider: LoggerProvider, exporter: InMemoryLogRecordExporter) -> None:
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    handle = logcapy.configure(logger_provider=provider, redact=[], redact_keys=["note"])
    logging.getLogger("configured").warning("password=hunter2", extra={"note": "private"})
    handle.force_flush(5000)
    (record,) = exporter.get_finished_logs()
    assert record.log_record.body == "password=hunter2"
    assert dict(record.log_record.attributes or {})["note"] == "[REDACTED]"


def test_an_exporter_of_logcapys_behind_the_sdks_batch_is_taken_out_with_its_times_and_what_waits_there_is_sent(
    provider: LoggerProvider, tmp_path: Path
) -> None:
    path = tmp_path / "out.jsonl"
    never = 80_000_000
    exporter = EndingFile(path=str(path))
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter, schedule_delay_millis=never))
    provider.get_logger("early").emit(body="before")
    handle = logcapy.configure(logger_provider=provider)
    assert path.read_text().count("before") == 1
    logging.getLogger("configured").info("after")
    time.sleep(1.5)
    assert "after" not in path.read_text(), "LogCapy's queue waits as long as the SDK's was told to, not one second"
    assert handle.force_flush(5000)
    assert path.read_text().count("after") == 1
    assert not exporter.ended, "as the SDK's processor has"
    handle.shutdown()
    assert exporter.ended


def test_an_exporter_of_logcapys_behind_the_sdks_simple_processor_gets_a_queue_too(
    provider: LoggerProvider, tmp_path: Path
) -> None:
    path = tmp_path / "out.jsonl"
    exporter = EndingFile(path=str(path))
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    handle = logcapy.configure(logger_provider=provider)
    logging.getLogger("configured").info("later")
    assert not path.exists(), "the caller does not wait for the file"
    assert handle.force_flush(5000)
    assert handle.stats().exported == path.read_text().count("later") == 1
    assert not exporter.ended, "as the SDK's processor has"


def test_options_of_a_file_win_over_variables_until_logcapy_is_taken_off(
    monkeypatch: pytest.MonkeyPatch, provider: LoggerProvider
) -> None:
    monkeypatch.setenv("LOGCAPY_OVERFLOW", "wait")
    environment.use_options({"overflow": "block", "redact": ["pci"]})
    config = environment.logcapy_config(environment.raise_error)
    assert (config.overflow, config.redact) == ("block", ("pci",))
    handle = logcapy.configure(InMemoryLogRecordExporter(), logger_provider=provider, redact=["email"])
    assert handle.processor is not None
    assert (handle.processor.config.overflow, handle.processor.config.redact) == ("block", ("email",))
    LogCapyInstrumentor()._uninstrument()
    with pytest.raises(ConfigError, match="LOGCAPY_OVERFLOW='wait'"):
        environment.logcapy_config(environment.raise_error)


def test_after_shutdown_nothing_is_captured_and_configure_starts_anew(exporter: InMemoryLogRecordExporter) -> None:
    first = logcapy.configure(exporter, logger_provider=LoggerProvider(shutdown_on_exit=False))
    first.shutdown()
    logging.getLogger("configured").error("after")
    assert bodies(exporter) == []
    again = InMemoryLogRecordExporter()
    second = logcapy.configure(again, logger_provider=LoggerProvider(shutdown_on_exit=False))
    assert second is not first
    logging.getLogger("configured").error("anew")
    second.force_flush(5000)
    assert bodies(again) == ["anew"]


def test_the_tracer_provider_is_watched_once(provider: LoggerProvider, exporter: InMemoryLogRecordExporter) -> None:
    tracer_provider = TracerProvider(shutdown_on_exit=False)
    logcapy.configure(exporter, logger_provider=provider, tracer_provider=tracer_provider)
    logcapy.configure(logger_provider=provider, tracer_provider=tracer_provider)
    kinds = [type(one).__name__ for one in tracer_provider._active_span_processor._span_processors]
    assert kinds == ["LogCapySpanProcessor"]


def test_context_is_on_every_record_inside(provider: LoggerProvider, exporter: InMemoryLogRecordExporter) -> None:
    handle = logcapy.configure(exporter, logger_provider=provider)
    with logcapy.context(order_id=7):
        logging.getLogger("configured").warning("inside")
    logging.getLogger("configured").warning("outside")
    handle.force_flush(5000)
    inside, outside = (dict(record.log_record.attributes or {}) for record in exporter.get_finished_logs())
    assert inside["order_id"] == 7
    assert "order_id" not in outside


def test_switched_off_it_leaves_everything_alone(provider: LoggerProvider, exporter: InMemoryLogRecordExporter) -> None:
    handle = logcapy.configure(exporter, logger_provider=provider, enabled=False)
    logging.getLogger("configured").warning("x")
    assert handle.force_flush()
    assert handle.stats() == logcapy.Stats()
    assert bodies(exporter) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"redact": ["credentails"]}, "did you mean 'credentials'?"),
        ({"redact": "credentials"}, "a tuple of strings"),
        ({"redcat": []}, "did you mean 'redact'?"),
        ({"enabled": "yes"}, "True or False"),
        ({"shutdown_timeout": 0}, "milliseconds, more than 0"),
        ({"enrich": ["weather"]}, "any of context, request"),
    ],
)
def test_an_argument_that_cannot_be_used_raises_and_says_what_is_allowed(
    provider: LoggerProvider, fields: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        logcapy.configure(logger_provider=provider, **fields)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LOGCAPY_REDACT", "credentails"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "soon"),
        ("OTEL_PYTHON_LOG_LEVEL", "loud"),
    ],
)
def test_a_variable_that_cannot_be_used_raises_in_code_and_is_named(
    provider: LoggerProvider, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as caught:
        logcapy.configure(InMemoryLogRecordExporter(), logger_provider=provider)
    assert variable in str(caught.value)
    assert repr(value) in str(caught.value)


def test_a_variable_that_does_not_exist_is_told_and_does_not_raise(
    provider: LoggerProvider, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOGCAPY_SHUTDOWN_TIMEUOT", "5")
    logcapy.configure(InMemoryLogRecordExporter(), logger_provider=provider)
    logcapy.configure(logger_provider=provider)
    told = "logcapy: there is no variable LOGCAPY_SHUTDOWN_TIMEUOT; did you mean LOGCAPY_SHUTDOWN_TIMEOUT?\n"
    assert capsys.readouterr().err.count(told) == 1


def test_an_argument_wins_over_the_environment_and_the_environment_over_the_default(
    monkeypatch: pytest.MonkeyPatch, provider: LoggerProvider, exporter: InMemoryLogRecordExporter
) -> None:
    monkeypatch.setenv("LOGCAPY_REDACT", "pci")
    monkeypatch.setenv("LOGCAPY_REDACT_KEYS", "note, remark")
    assert environment.logcapy_config(environment.raise_error) == LogCapyConfig(
        redact=("pci",), redact_keys=("note", "remark")
    )
    handle = logcapy.configure(exporter, logger_provider=provider, redact=["email"])
    assert handle.processor is not None
    assert handle.processor.config == LogCapyConfig(redact=("email",), redact_keys=("note", "remark"))


def test_the_signals_own_variable_wins_and_http_gets_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "key=general")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "key=of%20logs")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2.5")
    config = environment.otlp_config(environment.raise_error)
    assert config.endpoint == "http://collector:4318/v1/logs"
    assert config.headers == {"key": "of logs"}
    assert config.timeout == 2500
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://logs:4318/custom")
    assert environment.otlp_config(environment.raise_error).endpoint == "http://logs:4318/custom"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT")
    assert environment.otlp_config(environment.raise_error).endpoint == "http://collector:4318/"


def test_credentials_are_in_no_message_and_no_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "s3cret" not in repr(OtlpConfig(headers={"api-key": "s3cret"}))
    with pytest.raises(ConfigError) as wrong_endpoint:
        OtlpConfig(endpoint="ftp://user:s3cret@host/")
    assert "s3cret" not in str(wrong_endpoint.value)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "s3cret")
    with pytest.raises(ConfigError) as wrong_headers:
        environment.otlp_config(environment.raise_error)
    assert "s3cret" not in str(wrong_headers.value)


def test_a_value_that_cannot_be_used_falls_back_to_the_default_where_it_is_only_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_BLRP_MAX_QUEUE_SIZE", "-5")
    monkeypatch.setenv("OTEL_BLRP_SCHEDULE_DELAY", "250")
    told: list[ConfigError] = []
    assert environment.batch_config(told.append) == BatchConfig(schedule_delay=250)
    (error,) = told
    assert error.setting == "OTEL_BLRP_MAX_QUEUE_SIZE"
    assert error.value == "-5"
