"""Google's credentials: a service account's token goes with each request, in Google's own form and in OTLP."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import grpc
import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fakes.gcp import PROJECT, gcp_intake
from fakes.intake import serving
from fakes.otlp import OtlpIntake
from logcapy.export.gcp import GcpLogRecordExporter
from logcapy.testing.hostile import make_record
from logcapy.types import Broken
from servers.http import Answer, ScriptedServer, scripted_server

from .test_entry_points import run

TOKEN = "ya29.token-of-a-test"


def tls_of(authority: trustme.CA) -> grpc.ServerCredentials:
    server = authority.issue_cert("localhost")
    chain = b"".join(blob.bytes() for blob in server.cert_chain_pems)
    return grpc.ssl_server_credentials([(server.private_key_pem.bytes(), chain)])


@pytest.fixture
def token_server() -> Iterator[ScriptedServer]:
    with scripted_server() as server:
        told = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
        server.answers = [Answer(200, {"Content-Type": "application/json"}, json.dumps(told).encode())]
        yield server


@pytest.fixture
def key_file(tmp_path: Path, token_server: ScriptedServer) -> Path:
    """A service account's key, whose tokens are given out by the server of this test."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = tmp_path / "key.json"
    path.write_text(
        json.dumps(
            {
                "type": "service_account",
                "project_id": PROJECT,
                "private_key_id": "1",
                "private_key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
                "client_email": f"logs@{PROJECT}.iam.gserviceaccount.com",
                "client_id": "1",
                "token_uri": f"{token_server.url}/token",
            }
        )
    )
    return path


@pytest.mark.slow
@pytest.mark.parametrize("expected", [TOKEN, "another"])
def test_a_service_account_writes_with_its_token_and_one_that_may_not_is_told(
    expected: str, tmp_path: Path, key_file: Path, token_server: ScriptedServer
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with gcp_intake(tls_of(authority), expected) as intake:
        said = run(
            intake.url,
            "logcapy_gcp",
            {"GOOGLE_CLOUD_PROJECT": PROJECT, "LOGCAPY_GCP_ENDPOINT": "{url}"},
            tmp_path,
            GOOGLE_APPLICATION_CREDENTIALS=str(key_file),
            GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=str(tmp_path / "ca.pem"),
        )
        assert len(intake.logs) == (2 if expected == TOKEN else 0), said
    assert ("UNAUTHENTICATED" in said) == (expected != TOKEN), said
    assert TOKEN not in said
    (asked, *_) = token_server.requests
    claims = parse_qs(asked.body.decode())["assertion"][0].split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["scope"].endswith("/auth/logging.write")


def test_a_certificate_that_nobody_vouches_for_is_a_set_up_to_mend(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file))
    with gcp_intake(tls_of(trustme.CA())) as intake:
        exporter = GcpLogRecordExporter(project=PROJECT, endpoint=intake.url)
        (payload,) = exporter.encode([make_record("good-0000", "shop")])
        outcome = exporter.send(payload, time.monotonic() + 20)
        exporter.shutdown()
    assert isinstance(outcome, Broken), outcome


@pytest.mark.slow
def test_opentelemetrys_exporter_with_googles_credentials_stays_behind_logcapy(tmp_path: Path, key_file: Path) -> None:
    with serving(OtlpIntake) as intake:
        intake.header = ("authorization", f"Bearer {TOKEN}")
        said = run(
            intake.url,
            "otlp",
            {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "{url}/v1/logs"},
            tmp_path,
            OTEL_EXPORTER_OTLP_LOGS_PROTOCOL="http/protobuf",
            OTEL_PYTHON_EXPORTER_OTLP_HTTP_LOGS_CREDENTIAL_PROVIDER="gcp_http_credentials",
            OTEL_RESOURCE_ATTRIBUTES=f"gcp.project_id={PROJECT}",
            GOOGLE_APPLICATION_CREDENTIALS=str(key_file),
        )
        bodies = [record["body"] for record in intake.records]
        resources = [record["resource"] for record in intake.records]
    assert len(bodies) == 2, said
    assert not any(secret in str(bodies) for secret in ("example.org", "hunter2"))
    assert all(isinstance(one, dict) and one["gcp.project_id"] == PROJECT for one in resources)
