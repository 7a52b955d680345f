"""OTLP over gRPC against a real gRPC server: each code's outcome, and what arrives."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import DebugInfo, RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry._logs import LogRecord
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.resources import Resource

from logcapy.config import OtlpConfig
from logcapy.errors import ConfigError
from logcapy.export.otlp_grpc import OTLPGrpcLogRecordExporter
from logcapy.types import Broken, Delivered, Outcome, Payload, Rejected, Retry, TooLarge
from servers.grpc import METHOD, GrpcServer, Reply, grpc_server

SECRET = "s3cr3t-t0ken"
CODES = [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK]
RETRIED = {"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}
BROKEN = {"UNAUTHENTICATED", "PERMISSION_DENIED", "UNIMPLEMENTED"}


def records(count: int = 3, body: str = "record") -> list[ReadableLogRecord]:
    return [ReadableLogRecord(LogRecord(timestamp=1, body=f"{body} {n}"), Resource({})) for n in range(count)]


def payload(count: int = 3, size: int = 0) -> Payload:
    return Payload(b"\x0a\x00" + b"x" * size, records(count))


def soon(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


@pytest.fixture
def server() -> Iterator[GrpcServer]:
    with grpc_server() as running:
        yield running


@pytest.fixture
def exporter(server: GrpcServer) -> Iterator[OTLPGrpcLogRecordExporter]:
    exporter = OTLPGrpcLogRecordExporter(f"http://127.0.0.1:{server.port}", headers={"X-Api-Key": SECRET})
    yield exporter
    exporter.shutdown()


def replied(exporter: OTLPGrpcLogRecordExporter, server: GrpcServer, reply: Reply) -> Outcome:
    server.reply = reply
    before = len(server.calls)
    outcome = exporter.send(payload(), soon())
    assert len(server.calls) == before + 1
    return outcome


def test_exported_records_arrive_with_metadata(exporter: OTLPGrpcLogRecordExporter, server: GrpcServer) -> None:
    assert exporter.export(records()) is LogRecordExportResult.SUCCESS
    (call,) = server.calls
    assert call.method == METHOD
    assert call.metadata["x-api-key"] == SECRET
    assert call.metadata["user-agent"].startswith("LogCapy/")
    message = ExportLogsServiceRequest.FromString(call.body)
    found = message.resource_logs[0].scope_logs[0].log_records
    assert [record.body.string_value for record in found] == ["record 0", "record 1", "record 2"]


def test_the_environment_says_where_without_arguments(server: GrpcServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"Authorization=Bearer%20{SECRET}")
    exporter = OTLPGrpcLogRecordExporter()
    assert exporter.send(payload(), soon()) == Delivered()
    assert server.calls[0].metadata["authorization"] == f"Bearer {SECRET}"
    exporter.shutdown()


def test_gzip_arrives_as_the_same_bytes(server: GrpcServer) -> None:
    config = OtlpConfig(endpoint=f"http://127.0.0.1:{server.port}", protocol="grpc", compression="gzip")
    exporter = OTLPGrpcLogRecordExporter(config=config)
    large = payload(size=5_000_000)  # a gRPC server's limit counts what was decompressed
    assert isinstance(exporter.send(large, soon()), TooLarge)
    assert exporter.send(payload(size=1000), soon()) == Delivered()
    assert server.calls[0].body == payload(size=1000).body
    exporter.shutdown()


def test_without_a_scheme_insecure_decides_about_tls(server: GrpcServer) -> None:
    target = f"127.0.0.1:{server.port}"
    plain = OTLPGrpcLogRecordExporter(config=OtlpConfig(endpoint=target, protocol="grpc", insecure=True))
    assert plain.send(payload(), soon()) == Delivered()
    plain.shutdown()
    with_tls = OTLPGrpcLogRecordExporter(target)
    assert not isinstance(with_tls.send(payload(), soon(2)), Delivered)
    with_tls.shutdown()


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_each_code_has_the_outcome_of_the_otlp_specification(
    exporter: OTLPGrpcLogRecordExporter, server: GrpcServer, code: grpc.StatusCode
) -> None:
    outcome = replied(exporter, server, Reply(code=code, details=f"it says {SECRET}\n\x1b[31m"))
    if code.name in RETRIED:
        assert isinstance(outcome, Retry)
        assert outcome.after_seconds is None
    elif code.name in BROKEN:
        assert isinstance(outcome, Broken)
    else:
        assert isinstance(outcome, Rejected)
        assert outcome.count == 3
    assert outcome.reason == f"http://127.0.0.1:{server.port}: {code.name}: it says [REDACTED] [31m"


def _status(*details: Any) -> tuple[tuple[str, bytes], ...]:
    packed = [AnyMessage() for _ in details]
    for any_message, detail in zip(packed, details, strict=True):
        any_message.Pack(detail)
    return (("grpc-status-details-bin", Status(code=8, message="busy", details=packed).SerializeToString()),)


def _retry_info(seconds: int, nanos: int = 0) -> RetryInfo:
    return RetryInfo(retry_delay=Duration(seconds=seconds, nanos=nanos))


@pytest.mark.parametrize("code", [grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE])
def test_retry_info_says_when_to_try_again(
    exporter: OTLPGrpcLogRecordExporter, server: GrpcServer, code: grpc.StatusCode
) -> None:
    trailing = _status(DebugInfo(detail="detail"), _retry_info(7, 500_000_000))
    outcome = replied(exporter, server, Reply(code=code, details="busy", trailing=trailing))
    assert isinstance(outcome, Retry)
    assert outcome.after_seconds == 7.5
    assert not outcome.unreachable


@pytest.mark.parametrize(
    "trailing",
    [
        _status(),
        _status(DebugInfo(detail="detail")),
        (("grpc-status-details-bin", b"\xff\xff\xff"),),
        (("grpc-status-details-bin", b"\x1a\x05\x0a\x28typ"),),
    ],
)
def test_exhausted_without_retry_info_is_final(
    exporter: OTLPGrpcLogRecordExporter, server: GrpcServer, trailing: Any
) -> None:
    reply = Reply(code=grpc.StatusCode.RESOURCE_EXHAUSTED, details="quota", trailing=trailing)
    assert isinstance(replied(exporter, server, reply), Rejected)


def test_a_delay_that_is_negative_is_no_delay(exporter: OTLPGrpcLogRecordExporter, server: GrpcServer) -> None:
    reply = Reply(code=grpc.StatusCode.UNAVAILABLE, trailing=_status(_retry_info(-5)))
    outcome = replied(exporter, server, reply)
    assert isinstance(outcome, Retry)
    assert outcome.after_seconds == 0


def test_a_message_over_the_servers_limit_is_too_large(exporter: OTLPGrpcLogRecordExporter, server: GrpcServer) -> None:
    assert isinstance(exporter.send(payload(size=4 * 1024 * 1024 + 1), soon()), TooLarge)
    assert server.calls == []


@pytest.mark.parametrize(
    "details",
    ["grpc: received message larger than max (5 vs. 4)", "gRPC message exceeds maximum size 4194304: 5000000"],
)
def test_too_large_is_understood_in_the_words_of_other_servers(
    exporter: OTLPGrpcLogRecordExporter, server: GrpcServer, details: str
) -> None:
    reply = Reply(code=grpc.StatusCode.RESOURCE_EXHAUSTED, details=details)
    assert isinstance(replied(exporter, server, reply), TooLarge)


def test_payloads_are_under_the_servers_default_limit(exporter: OTLPGrpcLogRecordExporter, server: GrpcServer) -> None:
    batch = records(12, "x" * 1_000_000) + records(1, "y" * 9_000_000)
    assert exporter.export(batch) is LogRecordExportResult.SUCCESS
    taken = [ExportLogsServiceRequest.FromString(call.body) for call in server.calls]
    assert sum(len(request.resource_logs[0].scope_logs[0].log_records) for request in taken) == 13


def test_an_answer_that_is_too_large_does_not_part_the_batch(
    exporter: OTLPGrpcLogRecordExporter, server: GrpcServer
) -> None:
    outcome = replied(exporter, server, Reply(body=b"x" * (4 * 1024 * 1024 + 1)))
    assert isinstance(outcome, Rejected)


def test_partial_success_is_a_rejection_of_as_many_and_is_not_resent(
    exporter: OTLPGrpcLogRecordExporter, server: GrpcServer
) -> None:
    partial = ExportLogsPartialSuccess(rejected_log_records=2, error_message="too old")
    reply = Reply(ExportLogsServiceResponse(partial_success=partial).SerializeToString())
    outcome = replied(exporter, server, reply)
    assert isinstance(outcome, Rejected)
    assert outcome.count == 2
    assert "too old" in outcome.reason
    assert exporter.export(records()) is LogRecordExportResult.FAILURE
    assert len(server.calls) == 2


def test_an_answer_that_cannot_be_read_is_a_success(exporter: OTLPGrpcLogRecordExporter, server: GrpcServer) -> None:
    assert replied(exporter, server, Reply(b"\xff" * 20)) == Delivered()


def test_a_server_that_does_not_reply_is_left_at_the_deadline(
    exporter: OTLPGrpcLogRecordExporter, server: GrpcServer
) -> None:
    server.reply = Reply(hang_seconds=30)
    started = time.monotonic()
    outcome = exporter.send(payload(), soon(0.5))
    assert isinstance(outcome, Retry)
    assert outcome.unreachable
    assert 0.3 < time.monotonic() - started < 5


def test_after_the_deadline_nothing_is_sent(exporter: OTLPGrpcLogRecordExporter, server: GrpcServer) -> None:
    assert isinstance(exporter.send(payload(), time.monotonic() - 1), Retry)
    assert server.calls == []


def test_nobody_listening_is_unreachable_at_once() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        exporter = OTLPGrpcLogRecordExporter(f"http://127.0.0.1:{closed.getsockname()[1]}")
        started = time.monotonic()
        outcome = exporter.send(payload(), soon(30))
    assert time.monotonic() - started < 5
    assert isinstance(outcome, Retry)
    assert outcome.unreachable
    exporter.shutdown()


def test_a_server_that_comes_back_is_found_again_within_seconds() -> None:
    with grpc_server() as first:
        port = first.port
        exporter = OTLPGrpcLogRecordExporter(f"http://127.0.0.1:{port}")
        assert exporter.send(payload(), soon()) == Delivered()
    for _ in range(5):
        assert isinstance(exporter.send(payload(), soon()), Retry)
        time.sleep(0.2)
    with grpc_server(port=port):
        give_up = soon(15)
        while isinstance(exporter.send(payload(), soon()), Retry) and time.monotonic() < give_up:
            time.sleep(0.2)
        assert exporter.send(payload(), soon()) == Delivered()
    exporter.shutdown()


def test_user_info_becomes_metadata_and_is_never_shown(server: GrpcServer) -> None:
    exporter = OTLPGrpcLogRecordExporter(f"http://us%40er:{SECRET}@127.0.0.1:{server.port}")
    outcome = replied(exporter, server, Reply(code=grpc.StatusCode.UNAUTHENTICATED, details=f"no {SECRET}"))
    assert server.calls[0].metadata["authorization"] == "Basic dXNAZXI6czNjcjN0LXQwa2Vu"
    assert isinstance(outcome, Broken)
    assert SECRET not in outcome.reason
    assert repr(exporter) == f"OTLPGrpcLogRecordExporter('http://127.0.0.1:{server.port}')"
    exporter.shutdown()


@pytest.mark.parametrize("headers", [{"x key": SECRET}, {"x-key": f"{SECRET}\n"}, {"x-key": f"{SECRET}é"}])
def test_metadata_that_cannot_be_sent_is_refused_at_once_and_not_shown(headers: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="headers") as refused:
        OTLPGrpcLogRecordExporter("http://127.0.0.1:1", headers=headers)
    assert SECRET not in str(refused.value)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_credentials(
    authority: trustme.CA, name: str = "127.0.0.1", *, ask_client: bool = False
) -> grpc.ServerCredentials:
    certificate = authority.issue_cert(name)
    pair = (certificate.private_key_pem.bytes(), b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    trusted = authority.cert_pem.bytes() if ask_client else None
    return grpc.ssl_server_credentials([pair], trusted, require_client_auth=ask_client)


def tls_exporter(server: GrpcServer, **files: str | None) -> OTLPGrpcLogRecordExporter:
    endpoint = f"https://127.0.0.1:{server.port}"
    return OTLPGrpcLogRecordExporter(config=OtlpConfig(endpoint=endpoint, protocol="grpc", **files))


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def test_a_server_of_an_unknown_authority_is_refused(authority: trustme.CA) -> None:
    with grpc_server(server_credentials(authority)) as server:
        exporter = tls_exporter(server)
        assert isinstance(exporter.send(payload(), soon()), Broken)
        assert server.calls == []
        exporter.shutdown()


def test_a_server_of_the_given_authority_is_accepted(authority: trustme.CA, ca_file: str) -> None:
    with grpc_server(server_credentials(authority)) as server:
        exporter = tls_exporter(server, certificate=ca_file)
        assert exporter.send(payload(), soon()) == Delivered()
        exporter.shutdown()


def test_a_server_with_the_name_of_another_host_is_refused(authority: trustme.CA, ca_file: str) -> None:
    with grpc_server(server_credentials(authority, "other.example")) as server:
        exporter = tls_exporter(server, certificate=ca_file)
        assert isinstance(exporter.send(payload(), soon()), Broken)
        assert server.calls == []
        exporter.shutdown()


@pytest.mark.parametrize("in_one_file", [False, True])
def test_a_client_certificate_is_shown_to_the_server(
    authority: trustme.CA, ca_file: str, tmp_path: Path, in_one_file: bool
) -> None:
    client = authority.issue_cert("client@example.org")
    chain, key, both = (tmp_path / name for name in ("chain.pem", "key.pem", "both.pem"))
    client.cert_chain_pems[0].write_to_path(chain)
    client.private_key_pem.write_to_path(key)
    client.private_key_and_cert_chain_pem.write_to_path(both)
    files = (
        {"client_certificate": str(both)} if in_one_file else {"client_certificate": str(chain), "client_key": str(key)}
    )
    with grpc_server(server_credentials(authority, ask_client=True)) as server:
        with_certificate = tls_exporter(server, certificate=ca_file, **files)
        assert with_certificate.send(payload(), soon()) == Delivered()
        with_certificate.shutdown()
        without = tls_exporter(server, certificate=ca_file)
        assert not isinstance(without.send(payload(), soon()), Delivered)
        without.shutdown()


def test_a_file_that_is_no_certificate_is_refused_at_once(tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("no PEM")
    config = OtlpConfig(endpoint="https://localhost:4317", protocol="grpc", certificate=str(junk))
    with pytest.raises(ConfigError, match="certificate"):
        OTLPGrpcLogRecordExporter(config=config)


def test_grpc_is_imported_by_the_first_use_alone() -> None:
    code = "import sys, logcapy.export.otlp_grpc; sys.exit('grpc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


FORKING = """
    import os, sys, time
    from logcapy.export.otlp_grpc import OTLPGrpcLogRecordExporter
    from logcapy.types import Delivered, Payload

    exporter = OTLPGrpcLogRecordExporter(sys.argv[1])
    payload = Payload(b"\\x0a\\x00", [])

    def send():
        return exporter.send(payload, time.monotonic() + 10) == Delivered()

    assert sys.argv[2] == "before" or send()
    for _ in range(4):
        child = os.fork()
        if not child:
            os._exit(0 if send() else 3)
        _, status = os.waitpid(child, 0)
        assert status == 0, status
        assert send()
    exporter.shutdown()
"""


@pytest.mark.parametrize("used", ["before", "after"])
def test_a_forked_child_opens_a_channel_of_its_own(server: GrpcServer, used: str) -> None:
    endpoint = f"http://127.0.0.1:{server.port}"
    command = [sys.executable, "-c", textwrap.dedent(FORKING), endpoint, used]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0
    assert len(server.calls) == (8 if used == "before" else 9)
