"""Exporters named in ``OTEL_LOGS_EXPORTER``: an application without code sends by them, through an outage too."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from fakes.azure import KEY as AZURE_KEY
from fakes.azure import AzureIntake, messages_at_azure
from fakes.cloudwatch import SECRET_KEY, CloudWatchIntake
from fakes.cloudwatch import VARIABLES as AWS_VARIABLES
from fakes.datadog import KEY, DatadogIntake
from fakes.gcp import PROJECT, gcp_intake
from fakes.intake import serving
from fakes.splunk import TOKEN, SplunkIntake
from logcapy.testing.conformance import Fault
from servers.processes import clean_environment

#: A fake, the variables that lead to it, and what it was told.
Destination = tuple[Callable[[], AbstractContextManager[Any]], dict[str, str], Callable[[Any], list[str]]]
DESTINATIONS: dict[str, Destination] = {
    "logcapy_datadog": (
        partial(serving, DatadogIntake),
        {"DD_API_KEY": KEY, "LOGCAPY_DATADOG_ENDPOINT": "{url}/api/v2/logs"},
        lambda intake: [log["message"] for log in intake.logs],
    ),
    "logcapy_splunk": (
        partial(serving, SplunkIntake),
        {"LOGCAPY_SPLUNK_TOKEN": TOKEN, "LOGCAPY_SPLUNK_ENDPOINT": "{url}"},
        lambda intake: [event["event"] for event in intake.events],
    ),
    "logcapy_gcp": (
        gcp_intake,
        {"GOOGLE_CLOUD_PROJECT": PROJECT, "LOGCAPY_GCP_ENDPOINT": "{url}"},
        lambda intake: [MessageToDict(entry.json_payload)["message"] for entry in intake.logs],
    ),
    "logcapy_azure": (
        partial(serving, AzureIntake),
        {
            "APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey={AZURE_KEY};IngestionEndpoint={{url}}",
            "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
        },
        messages_at_azure,
    ),
    "logcapy_cloudwatch": (
        partial(serving, CloudWatchIntake),
        AWS_VARIABLES,
        lambda intake: [json.loads(event["message"])["body"]["text"] for event in intake.events],
    ),
}
PROGRAM = """
import logging
log = logging.getLogger("shop")
log.info("order %s from %s", 7, "ann@example.org", extra={"paid": True})
log.error("password=hunter2")
"""


def run(url: str, exporter: str, variables: dict[str, str], folder: Path, **more: str) -> str:
    env = clean_environment(
        OTEL_LOGS_EXPORTER=exporter,
        OTEL_TRACES_EXPORTER="none",
        OTEL_METRICS_EXPORTER="none",
        OTEL_SERVICE_NAME="shop",
        **{name: value.format(url=url) for name, value in variables.items()},
        **more,
    )
    program = Path(sys.executable).with_name("opentelemetry-instrument")
    done = subprocess.run(
        [program, sys.executable, "-c", PROGRAM],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("exporter", DESTINATIONS)
def test_an_application_without_code_sends_its_records_redacted(exporter: str, tmp_path: Path) -> None:
    serving_fake, variables, messages = DESTINATIONS[exporter]
    with serving_fake() as intake:
        said = run(intake.url, exporter, variables, tmp_path)
        found = messages(intake)
        assert len(found) == 2, said
        assert found[0].startswith("order 7 from ")
        assert "example.org" not in found[0]
        assert "hunter2" not in found[1]
        assert "there is no variable" not in said
        assert not any(secret in said for secret in (KEY, TOKEN, AZURE_KEY, SECRET_KEY))


@pytest.mark.slow
@pytest.mark.parametrize("exporter", DESTINATIONS)
def test_what_an_outage_left_in_the_spool_is_sent_by_the_next_process(exporter: str, tmp_path: Path) -> None:
    serving_fake, variables, messages = DESTINATIONS[exporter]
    spool = str(tmp_path / "spool")
    with serving_fake() as intake:
        intake.fault = Fault.UNAVAILABLE
        run(intake.url, exporter, variables, tmp_path, LOGCAPY_SPOOL_DIR=spool, LOGCAPY_SHUTDOWN_TIMEOUT="500")
        assert messages(intake) == []
        on_disk = b"".join(path.read_bytes() for path in Path(spool).rglob("*") if path.is_file())
        assert not any(secret.encode() in on_disk for secret in (KEY, TOKEN, AZURE_KEY, SECRET_KEY))
        intake.fault = Fault.NONE
        said = run(intake.url, exporter, variables, tmp_path, LOGCAPY_SPOOL_DIR=spool)
        assert len(messages(intake)) == 4, said
