"""Presets of OTLP: where each vendor's request goes, and the conformance kit for each against a strict fake."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

from fakes.arrivals import arrivals
from fakes.intake import serving
from fakes.otlp import OtlpIntake
from logcapy import environment
from logcapy.assemble import instead_of
from logcapy.config.destinations.preset import PRESETS, PresetConfig
from logcapy.errors import ConfigError
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.exporter import PayloadExporter
from logcapy.testing.conformance import Arrived, Fault, FaultConformance
from logcapy.testing.hostile import make_record
from servers.processes import clean_environment

KEY = "k3y-of-the-vendor"
PROJECT_DSN = f"https://{KEY}@o1.ingest.sentry.example/42"

#: What the vendors' pages say: path, header (lower case) and its value; ``tests/fakes/otlp.py`` holds to it.
WANTED = {
    "better_stack": ("/v1/logs", "authorization", f"Bearer {KEY}"),
    "dash0": ("/v1/logs", "authorization", f"Bearer {KEY}"),
    "datadog": ("/v1/logs", "dd-api-key", KEY),
    "dynatrace": ("/api/v2/otlp/v1/logs", "authorization", f"Api-Token {KEY}"),
    "elastic": ("/v1/logs", "authorization", f"ApiKey {KEY}"),
    "grafana_cloud": ("/otlp/v1/logs", "authorization", "Basic azN5LW9mLXRoZS12ZW5kb3I="),
    "honeycomb": ("/v1/logs", "x-honeycomb-team", KEY),
    "newrelic": ("/v1/logs", "api-key", KEY),
    "sentry": ("/api/42/integration/otlp/v1/logs", "x-sentry-auth", f"sentry sentry_key={KEY}"),
}


def key_of(name: str) -> str:
    return PROJECT_DSN if name == "sentry" else KEY


class PresetKit(FaultConformance):
    secrets = (KEY, "azN5LW9mLXRoZS12ZW5kb3I=")
    preset = "honeycomb"

    @pytest.fixture(autouse=True)
    def _intake(self) -> Iterator[None]:
        with serving(OtlpIntake) as self.intake:
            self.intake.path, header, value = WANTED[self.preset]
            self.intake.header = (header, value)
            self.intake.max_bytes = self.max_payload_bytes = PRESETS[self.preset].max_bytes or 4 * 1024 * 1024
            yield

    def make_exporter(self) -> PayloadExporter:
        config = PresetConfig(preset=self.preset, key=key_of(self.preset), host=self.intake.url)
        return OTLPHttpLogRecordExporter(config=config.otlp())

    def arrived(self, service: str) -> Sequence[Arrived]:
        return arrivals(self.intake.records, service)

    def fail(self, fault: Fault) -> None:
        self.intake.fault = fault


class TestHoneycomb(PresetKit):
    pass


class TestGrafanaCloud(PresetKit):
    preset = "grafana_cloud"


class TestDash0(PresetKit):
    preset = "dash0"


class TestBetterStack(PresetKit):
    preset = "better_stack"


class TestSentry(PresetKit):
    preset = "sentry"


class TestElastic(PresetKit):
    preset = "elastic"


class TestDynatrace(PresetKit):
    preset = "dynatrace"


class TestNewRelic(PresetKit):
    preset = "newrelic"


class TestDatadog(PresetKit):
    preset = "datadog"


def test_each_preset_is_run_through_the_kit() -> None:
    assert {kind.preset for kind in (PresetKit, *PresetKit.__subclasses__())} == set(PRESETS) == set(WANTED)


def test_a_partial_success_counts_what_was_refused_and_is_compressed() -> None:
    with serving(OtlpIntake) as intake:
        intake.rejects = 2
        exporter = OTLPHttpLogRecordExporter(config=PresetConfig(preset="dash0", key=KEY, host=intake.url).otlp())
        (payload,) = exporter.encode([make_record(f"good-000{number}", "shop") for number in range(5)])
        outcome = exporter.send(payload, float("inf"))
        exporter.shutdown()
        assert outcome.count == 2
        assert intake.server.requests[0].headers["content-encoding"] == "gzip"


def test_the_vendors_own_variable_is_read_and_only_that_vendors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGCAPY_PRESET", "honeycomb")
    monkeypatch.setenv("DD_API_KEY", "of-another-vendor")
    with pytest.raises(ConfigError, match="LOGCAPY_PRESET_KEY"):
        environment.otlp_config(environment.raise_error)
    monkeypatch.setenv("HONEYCOMB_API_KEY", KEY)
    config = environment.otlp_config(environment.raise_error, protocol="grpc")
    assert (config.endpoint, config.protocol) == ("https://api.honeycomb.io/v1/logs", "http/protobuf")
    assert config.headers == {"x-honeycomb-team": KEY}
    assert config.max_bytes == 1_000_000
    monkeypatch.setenv("LOGCAPY_PRESET_KEY", "of-logcapy")
    assert environment.otlp_config(environment.raise_error).headers == {"x-honeycomb-team": "of-logcapy"}


def test_an_endpoint_in_code_or_in_a_file_does_not_get_the_presets_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGCAPY_PRESET", "honeycomb")
    monkeypatch.setenv("LOGCAPY_PRESET_KEY", KEY)
    with serving(OtlpIntake) as intake:
        exporter = OTLPHttpLogRecordExporter(f"{intake.url}/v1/logs", headers={"x-own": "own"}, compression="gzip")
        (payload,) = exporter.encode([make_record("good-0001", "shop")])
        exporter.send(payload, float("inf"))
        exporter.shutdown()
        (request,) = intake.server.requests
        assert request.headers["x-own"] == "own"
        assert request.headers["content-encoding"] == "gzip"
        assert KEY not in str(dict(request.headers))


def test_variables_of_logs_win_over_a_preset_and_those_of_all_signals_have_no_part_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOGCAPY_PRESET", "newrelic")
    monkeypatch.setenv("LOGCAPY_PRESET_KEY", KEY)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.example:4318")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=for-the-collector")
    config = environment.otlp_config(environment.raise_error)
    assert config.endpoint == "https://otlp.nr-data.net/v1/logs"
    assert config.headers == {"api-key": KEY}
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x-more=1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "https://proxy.example/v1/logs")
    config = environment.otlp_config(environment.raise_error)
    assert config.endpoint == "https://proxy.example/v1/logs"
    assert config.headers == {"api-key": KEY, "x-more": "1"}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"preset": "honeycmb", "key": KEY}, "did you mean 'honeycomb'"),
        ({"preset": "dash0", "key": KEY}, "host"),
        ({"preset": "sentry", "key": f"https://{KEY}@o1.ingest.sentry.example/"}, "DSN"),
    ],
)
def test_a_preset_that_cannot_be_used_says_why_and_shows_no_key(fields: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as error:
        PresetConfig(**fields)
    assert KEY not in str(error.value)


def test_a_stock_exporter_is_replaced_by_one_to_the_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGCAPY_PRESET", "sentry")
    monkeypatch.setenv("SENTRY_DSN", PROJECT_DSN)
    stock = OTLPLogExporter()
    ours = instead_of(stock, environment.raise_error)
    stock.shutdown()
    assert isinstance(ours, OTLPHttpLogRecordExporter)
    assert ours.destination == "https://o1.ingest.sentry.example/api/42/integration/otlp/v1/logs"
    ours.shutdown()


@pytest.mark.slow
def test_a_preset_and_a_key_are_enough_for_an_application_without_code(tmp_path: Path) -> None:
    with serving(OtlpIntake) as intake:
        intake.header = ("x-honeycomb-team", KEY)
        env = clean_environment(
            LOGCAPY_PRESET="honeycomb",
            HONEYCOMB_API_KEY=KEY,
            LOGCAPY_PRESET_HOST=intake.url,
            OTEL_TRACES_EXPORTER="none",
            OTEL_METRICS_EXPORTER="none",
        )
        program = Path(sys.executable).with_name("opentelemetry-instrument")
        code = "import logging; logging.getLogger('shop').warning('out of milk')"
        done = subprocess.run(
            [program, sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        assert "out of milk" in [record["body"] for record in intake.records], done.stderr
        assert KEY not in done.stderr
