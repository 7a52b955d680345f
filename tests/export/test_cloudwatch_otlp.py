"""The documentation's credential provider: OpenTelemetry's exporter sends OTLP that is signed for CloudWatch."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from fakes.cloudwatch import KEY_ID, SECRET_KEY
from fakes.intake import serving
from fakes.otlp import OtlpIntake
from servers.http import Answer, Request
from tests.docs.test_pages import code_blocks
from tests.export.test_entry_points import run

REGION = "eu-central-1"


class SignedIntake(OtlpIntake):
    """Asks for the headers of CloudWatch's OTLP endpoint, and for a signature that it computes again.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html
    """

    def respond(self, request: Request) -> Answer:
        if not (request.headers.get("x-aws-log-group") and request.headers.get("x-aws-log-stream")):
            return Answer(400, body=b"no log group or stream")
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=.*, SignedHeaders=(.*), Signature=(.*)", request.headers["authorization"]
        )
        assert found is not None
        headers = {name: request.headers[name] for name in found[1].split(";")}
        again = AWSRequest("POST", f"{self.url}{request.path}", headers=headers, data=request.raw_body)
        again.context["timestamp"] = request.headers["x-amz-date"]
        auth = SigV4Auth(Credentials(KEY_ID, SECRET_KEY), "logs", REGION)
        signature = auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)
        return super().respond(request) if signature == found[2] else Answer(403, body=b"the signature does not match")


@pytest.mark.slow
@pytest.mark.parametrize("secret", [SECRET_KEY, "another"])
def test_the_pages_session_signs_what_opentelemetrys_exporter_sends(secret: str, tmp_path: Path) -> None:
    (module,) = code_blocks("docs/destinations/cloudwatch.md", "python")
    (tmp_path / "shop_sigv4.py").write_text(module)
    (entry_point,) = code_blocks("docs/destinations/cloudwatch.md", "toml")
    package = tmp_path / "shop_sigv4-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: shop-sigv4\nVersion: 1\n")
    ini = entry_point.replace("project.entry-points.", "").replace('"', "")
    (package / "entry_points.txt").write_text(ini)
    with serving(SignedIntake) as intake:
        said = run(
            intake.url,
            "otlp",
            {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "{url}/v1/logs"},
            tmp_path,
            PYTHONPATH=str(tmp_path),
            OTEL_EXPORTER_OTLP_LOGS_PROTOCOL="http/protobuf",
            OTEL_EXPORTER_OTLP_LOGS_HEADERS="x-aws-log-group=/shop/logs,x-aws-log-stream=one",
            OTEL_PYTHON_EXPORTER_OTLP_HTTP_LOGS_CREDENTIAL_PROVIDER="shop_sigv4",
            AWS_ACCESS_KEY_ID=KEY_ID,
            AWS_SECRET_ACCESS_KEY=secret,
            AWS_REGION=REGION,
        )
        bodies = [record["body"] for record in intake.records]
    assert len(bodies) == (2 if secret == SECRET_KEY else 0), said
    assert not any(one in str(bodies) for one in ("example.org", "hunter2"))
    assert secret == "another" or secret not in said
