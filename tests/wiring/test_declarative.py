"""The SDK set up by a file, or by somebody else: LogCapy's chain and delivery are in force all the same."""

from __future__ import annotations

import sys
import textwrap
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from logcapy.distro import LogCapyConfigurator
from logcapy.errors import ConfigError
from logcapy.render.received import Received
from logcapy.tail.http_receiver import HttpReceiver
from logcapy.tail.intake import Intake
from servers.processes import free_port

from .conftest import Program, Run

slow = pytest.mark.slow
LOG = "import logging, sys; logging.getLogger('shop').warning('password=hunter2', extra={'order_note': 'ring twice'})\n"


def otel_yaml(folder: Path, exporters: str, options: str = "{}") -> str:
    path = folder / "otel.yaml"
    processors = "".join(f"    - batch: {{exporter: {{{one}}}}}\n" for one in exporters.splitlines())
    path.write_text(
        'file_format: "1.0"\nresource: {attributes: [{name: service.name, value: shop}]}\n'
        f"logger_provider:\n  processors:\n{processors}"
        f"instrumentation/development: {{python: {{logcapy: {options}}}}}\n"
    )
    return str(path)


def shop_records(records: list[Received]) -> list[Received]:
    return [one for one in records if one.scope_name == "shop"]


IN_CODE = """
import os
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
import logcapy
provider = LoggerProvider()
provider.add_log_record_processor(BatchLogRecordProcessor(OTLPHttpLogRecordExporter()))
set_logger_provider(provider)
logcapy.configure()
"""
BY_FILE_IN_CODE = """
import os
from opentelemetry.configuration import configure_sdk, load_config_file
configure_sdk(load_config_file(os.environ["FILE"]))
"""


@slow
@pytest.mark.parametrize(
    "setup", ["file", "file, another configurator", "another configurator", "code", "file in code"]
)
def test_what_could_not_be_sent_is_on_disk_and_sent_by_the_next_process_whoever_set_the_sdk_up(
    program: Program, tmp_path: Path, setup: str
) -> None:
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    file = otel_yaml(
        tmp_path, f'logcapy_otlp_http: {{endpoint: "{endpoint}/v1/logs"}}', f"{{spool_dir: {tmp_path / 'spool'}}}"
    )
    by_variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "LOGCAPY_SPOOL_DIR": str(tmp_path / "spool")}
    before, env = {
        "file": ("", {"OTEL_CONFIG_FILE": file, "OTEL_PYTHON_CONFIGURATOR": "logcapy_configurator"}),
        "file, another configurator": ("", {"OTEL_CONFIG_FILE": file, "OTEL_PYTHON_CONFIGURATOR": "configurator"}),
        "another configurator": (
            "",
            {**by_variables, "OTEL_LOGS_EXPORTER": "logcapy_otlp_http", "OTEL_PYTHON_CONFIGURATOR": "configurator"},
        ),
        "code": (IN_CODE, by_variables),
        "file in code": (BY_FILE_IN_CODE, {"FILE": file}),
    }[setup]

    def run() -> Run:
        return program.run(before + LOG, instrument=not before, **env)

    first = run()
    assert any("on disk" in line for line in first.said), first.stderr
    records: list[Received] = []
    receiver = HttpReceiver(Intake(records.extend), "127.0.0.1", port)
    receiver.start()
    try:
        second = run()
    finally:
        receiver.stop()
    assert [one.body for one in shop_records(records)] == ["password=[REDACTED]"] * 2, second.stderr


@slow
def test_a_file_says_what_is_redacted_and_the_resource_and_everything_arrives_once(
    program: Program, tmp_path: Path
) -> None:
    exporters = f'logcapy_otlp_http: {{endpoint: "{program.endpoint}/v1/logs"}}\nlogcapy_console: {{format: json}}'
    run = program.run(
        LOG
        + textwrap.dedent(
            """
            from opentelemetry import trace
            try:
                raise ValueError("card 4111 1111 1111 1111")
            except ValueError:
                logging.getLogger("shop").exception("failed")
            """
        ),
        OTEL_CONFIG_FILE=otel_yaml(tmp_path, exporters, "{redact_keys: [order_note]}"),
        OTEL_PYTHON_CONFIGURATOR="logcapy_configurator",
        LOGCAPY_REDACT_KEYS="another_key",
    )
    first, second = shop_records(program.records)
    assert first.attributes["order_note"] == "[REDACTED]", "the file wins over the variable"
    assert second.attributes["exception.message"] == "card [REDACTED]"
    assert first.resource["service.name"] == "shop"
    assert not [name for name in first.resource if name.startswith("telemetry.distro")]
    assert run.stdout.count("password=[REDACTED]") == 1
    for text in ("ignoring configurator kwargs", "Attempting to instrument while already"):
        assert text not in run.stderr + str(program.records), "LogCapy gives the SDK no cause to warn"


@slow
@pytest.mark.parametrize(
    ("exporter", "told"),
    [
        ('logcapy_loki: {endpiont: "http://x"}', ["endpiont=", "did you mean 'endpoint'?"]),
        ("logcapy_loki: {timeout: soon}", ["timeout='soon'", "milliseconds"]),
        ("logcapy_loki: {labels: [trace_id]}", ["labels='trace_id'", "few values"]),
        ("logcapy_loki: {endpoint: }", ["endpoint=None", "a URL that begins with"]),
        ("logcapy_otlp_http: {compression: brotli}", ["compression='brotli'", "gzip"]),
        ("logcapy_otlp_http: {headers: x=12345}", ["headers='[REDACTED]'", "a mapping of names to values"]),
        ("logcapy_datadog: {api_key: 12345}", ["api_key='[REDACTED]'"]),
    ],
)
def test_a_wrong_field_of_an_exporter_is_told_with_the_file_and_the_application_runs(
    program: Program, tmp_path: Path, exporter: str, told: list[str]
) -> None:
    file = otel_yaml(tmp_path, exporter)
    run = program.run(LOG + "print('ran')", OTEL_CONFIG_FILE=file, OTEL_PYTHON_CONFIGURATOR="logcapy_configurator")
    assert run.stdout == "ran\n"
    (line,) = [line for line in run.said if "could not be set up" in line]
    assert all(text in line for text in [file, "ConfigError", *told]), line
    assert "12345" not in run.stderr


@slow
def test_a_wrong_field_of_logcapy_is_told_and_left_out(program: Program, tmp_path: Path) -> None:
    exporter = f'logcapy_otlp_http: {{endpoint: "{program.endpoint}/v1/logs"}}'
    options = "{redact_keys: [order_note], redcat: [pci], sample_ratio: half, redact_hash_key: 12345, overflow: wait}"
    run = program.run(LOG, OTEL_CONFIG_FILE=otel_yaml(tmp_path, exporter, options))
    (record,) = shop_records(program.records)
    assert (record.body, record.attributes["order_note"]) == ("password=[REDACTED]", "[REDACTED]")
    for text in ("did you mean 'redact'?", "sample_ratio='half'", "redact_hash_key='[REDACTED]'", "overflow='wait'"):
        assert len([line for line in run.said if text in line]) == 1, run.stderr
    assert "12345" not in run.stderr


@slow
def test_a_stock_exporter_of_a_file_stays_as_the_file_says_behind_the_chain_and_it_is_told_that_it_has_no_spool(
    program: Program, tmp_path: Path
) -> None:
    elsewhere = f"http://127.0.0.1:{free_port()}"
    run = program.run(
        LOG,
        OTEL_CONFIG_FILE=otel_yaml(tmp_path, f'otlp_http: {{endpoint: "{program.endpoint}/v1/logs"}}'),
        OTEL_EXPORTER_OTLP_HEADERS="",
        LOGCAPY_PRESET="honeycomb",
        LOGCAPY_PRESET_KEY="key",
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=elsewhere,
        LOGCAPY_SPOOL_DIR=str(tmp_path / "spool"),
    )
    assert [one.body for one in shop_records(program.records)] == ["password=[REDACTED]"]
    assert len([line for line in run.said if "OTLPLogExporter is not LogCapy's" in line]) == 1, run.stderr


def test_without_the_sdks_package_for_files_it_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.configuration", None)
    monkeypatch.setenv("OTEL_CONFIG_FILE", "otel.yaml")
    LogCapyConfigurator().configure()
    said = capsys.readouterr().err
    assert "could not be set up from otel.yaml" in said
    assert "pip install opentelemetry-configuration" in said


@pytest.mark.parametrize(
    "name", sorted(one for one in entry_points(group="opentelemetry_logs_exporter").names if one.startswith("logcapy_"))
)
def test_each_exporter_refuses_a_field_that_it_has_not(name: str) -> None:
    (entry_point,) = entry_points(group="opentelemetry_logs_exporter", name=name)
    with pytest.raises(ConfigError, match="no_such_field='\\[REDACTED\\]' cannot be used: use any of "):
        entry_point.load()(no_such_field=1)
