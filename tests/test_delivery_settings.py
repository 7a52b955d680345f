"""Settings of delivery: in code, by variables, and how they reach each queue."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter

import logcapy
from logcapy import environment
from logcapy.config import DeliveryConfig, LogCapyConfig
from logcapy.deliver.batch import BatchLogRecordProcessor
from logcapy.errors import ConfigError
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from servers.http import scripted_server


@pytest.fixture(autouse=True)
def end_what_was_set_up() -> Iterator[None]:
    yield
    from logcapy.assemble import current_handle

    handle = current_handle()
    if handle is not None:
        handle.shutdown()


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("LOGCAPY_OVERFLOW", "Block", "overflow", "block"),
        ("LOGCAPY_BLOCK_TIMEOUT", "250", "block_timeout", 250),
        ("LOGCAPY_MAX_QUEUE_BYTES", "1000", "max_queue_bytes", 1000),
        ("LOGCAPY_SPOOL_DIR", "/var/spool/shop", "spool_dir", "/var/spool/shop"),
        ("LOGCAPY_SPOOL_MAX_BYTES", "5000", "spool_max_bytes", 5000),
        ("LOGCAPY_SPOOL_MAX_AGE", "604800000", "spool_max_age", 604_800_000),
        ("LOGCAPY_SPOOL_FSYNC", "batch", "spool_fsync", "batch"),
    ],
)
def test_a_variable_sets_its_field(
    variable: str, text: str, field: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)
    assert getattr(environment.logcapy_config(environment.raise_error), field) == value


@pytest.mark.parametrize(
    ("fields", "mode"),
    [
        ({}, "off"),
        ({"spool_dir": "/s"}, "overflow"),
        ({"spool_dir": "/s", "spool": "always"}, "always"),
        ({"spool_dir": "/s", "spool": "off"}, "off"),
    ],
)
def test_a_folder_alone_switches_the_spool_on(fields: dict[str, str], mode: str) -> None:
    assert DeliveryConfig(**fields).spool_mode == mode  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [
        {"overflow": "drop"},
        {"block_timeout": 0},
        {"max_queue_bytes": 0},
        {"spool": "sometimes", "spool_dir": "/s"},
        {"spool": "always"},
        {"spool_max_bytes": -1},
        {"spool_max_bytes": 4095},
        {"spool_max_age": 0},
        {"spool_fsync": "maybe"},
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_its_name(fields: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as refused:
        LogCapyConfig(**fields)  # type: ignore[arg-type]
    assert refused.value.setting in fields


@pytest.mark.parametrize(
    ("variable", "text", "told"),
    [
        ("LOGCAPY_SPOOL", "always", "need LOGCAPY_SPOOL_DIR, the folder to write to"),
        ("LOGCAPY_SPOOL_MAX_BYTES", "10", "4096 or more"),
        ("LOGCAPY_SPOOL_MAX_BYTES", "much", "4096 or more"),
    ],
)
def test_a_wrong_variable_is_told_by_one_error_that_says_what_would_be_right(
    variable: str, text: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(ConfigError, match=f"{variable}='{text}'.*{told}") as refused:
        logcapy.configure()
    shown = "".join(traceback.format_exception(refused.value))
    assert shown.count("Traceback") == 1


def test_a_spool_without_a_folder_is_told_and_left_out_where_nothing_may_raise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOGCAPY_SPOOL", "always")
    reported: list[ConfigError] = []
    assert environment.logcapy_config(reported.append).spool_mode == "off"
    assert [error.setting for error in reported] == ["LOGCAPY_SPOOL"]


def test_settings_of_configure_reach_the_queue_of_an_exporter(tmp_path: Path) -> None:
    with scripted_server() as server:
        exporter = OTLPHttpLogRecordExporter(f"{server.url}/v1/logs")
        handle = logcapy.configure(
            exporter,
            logger_provider=LoggerProvider(shutdown_on_exit=False),
            spool_dir=str(tmp_path / "s"),
            spool="always",
        )
        logging.getLogger("spooled").warning("kept")
        assert handle.force_flush(5000)
        assert any(path.name == "LOCK" for path in (tmp_path / "s").rglob("*"))
        assert handle.stats().exported == 1
        handle.shutdown()


def test_settings_of_configure_reach_a_queue_that_was_there_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_server() as server:
        queue = BatchLogRecordProcessor(OTLPHttpLogRecordExporter(f"{server.url}/v1/logs"))
        provider = LoggerProvider(shutdown_on_exit=False)
        provider.add_log_record_processor(queue)
        handle = logcapy.configure(logger_provider=provider, spool_dir=str(tmp_path / "s"))
        assert list(tmp_path.iterdir()) == [tmp_path / "s"]
        logging.getLogger("spooled").warning("kept")
        assert handle.force_flush(5000)
        assert queue.stats().exported == 1
        handle.shutdown()


def test_a_queue_that_was_given_its_own_settings_keeps_them(tmp_path: Path) -> None:
    queue = BatchLogRecordProcessor(InMemoryLogRecordExporter(), settings=DeliveryConfig(overflow="sample"))
    queue.adopt(LogCapyConfig(overflow="drop_newest"))
    assert queue._queue._overflow == "sample"
    queue.shutdown()


def test_a_folder_that_must_not_hold_a_spool_is_refused_by_configure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with scripted_server() as server, pytest.raises(ConfigError, match="spool_dir"):
        logcapy.configure(
            OTLPHttpLogRecordExporter(f"{server.url}/v1/logs"),
            logger_provider=LoggerProvider(shutdown_on_exit=False),
            spool_dir=str(tmp_path / "file"),
        )
