"""What LogCapy says of its own troubles holds no secret of the corpus, wherever it is cut."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from logcapy import _guard
from logcapy.config import LogCapyConfig, OtlpConfig
from logcapy.config.redaction import ALL_PRESETS, RedactionConfig
from logcapy.errors import ConfigError
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.process.redact import Redactor
from logcapy.types import Payload
from servers.http import Answer, scripted_server
from tests.data.redaction.corpus import SECRETS
from tests.data.redaction.needles import Needles
from tests.data.redaction.secret import Secret

NEEDLES = Needles(SECRETS)
#: Of each kind one.
SAMPLE = tuple({secret.kind: secret for secret in SECRETS}.values())


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What is said, by a reporter that holds nothing back, with all presets on."""
    lines: list[str] = []
    before = _guard._reporter.redact
    _guard.redact_messages(Redactor(RedactionConfig(redact=ALL_PRESETS)).text)
    yield lines
    _guard.redact_messages(before)


def say(lines: list[str], message: str) -> None:
    reporter = _guard.Reporter(lines.append)
    reporter.redact = _guard._reporter.redact
    reporter.say("trouble", message)


def found(lines: list[str]) -> set[Secret]:
    return NEEDLES.found_in("\n".join(lines).encode())


def test_an_error_that_quotes_a_secret_is_told_without_it_wherever_it_is_cut(said: list[str]) -> None:
    for secret in SECRETS:
        for padding in (0, 140, 200, 240, 260, 270, 280):
            say(said, f"failing: {_guard.describe_error(ValueError('x ' * (padding // 2) + secret.text))}")
    assert len(said) == 7 * len(SECRETS)
    assert found(said) == set()


def test_a_server_that_sends_a_secret_back_is_quoted_without_it(said: list[str]) -> None:
    with scripted_server() as server:
        exporter = OTLPHttpLogRecordExporter(config=OtlpConfig(endpoint=f"{server.url}/v1/logs"))
        for secret in SAMPLE:
            for padding in ("", "x " * 75):
                server.answers = [Answer(400, {"Content-Type": "text/plain"}, f"{padding}{secret.text}".encode())]
                outcome = exporter.send(Payload(b"x", ()), time.monotonic() + 10)
                say(said, f"failing: {outcome.reason}")  # type: ignore[union-attr]  # it is rejected
        exporter.shutdown()
    assert len(said) == 2 * len(SAMPLE)
    assert "400" in said[0]
    assert found(said) == set()


def test_a_configuration_shows_no_credential_and_an_error_about_one_neither() -> None:
    password = "Tiger" + ".Maple12345"
    shown = [repr(LogCapyConfig()), repr(OtlpConfig(headers={"x-api-key": password}))]
    shown.append(repr(OtlpConfig(endpoint=f"https://robot:{password}@logs.example/v1/logs")))
    with pytest.raises(ConfigError) as raised:
        OtlpConfig(endpoint=f"ftp://robot:{password}@logs.example/v1/logs")
    shown.append(repr(raised.value))
    assert all("logs.example" in one for one in shown[2:])
    assert password not in "".join(shown)
