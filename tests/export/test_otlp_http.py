"""OTLP over HTTP against a scripted server: each answer's outcome, and what leaves."""

from __future__ import annotations

import gzip
import multiprocessing
import os
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest
import trustme
from opentelemetry._logs import LogRecord
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.resources import Resource

from logcapy._version import __version__
from logcapy.config import OtlpConfig
from logcapy.errors import ConfigError
from logcapy.export._http import HttpTransport
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.types import Broken, Delivered, Outcome, Payload, Rejected, Retry, TooLarge
from servers.http import Answer, ScriptedServer, scripted_server

SECRET = "s3cr3t-t0ken"


def records(count: int = 3) -> list[ReadableLogRecord]:
    return [ReadableLogRecord(LogRecord(timestamp=1, body=f"record {n}"), Resource({})) for n in range(count)]


def payload(count: int = 3) -> Payload:
    return Payload(b"the body " * 100, records(count))


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def exporter(server: ScriptedServer) -> Iterator[OTLPHttpLogRecordExporter]:
    exporter = OTLPHttpLogRecordExporter(f"{server.url}/v1/logs", headers={"X-Api-Key": SECRET})
    yield exporter
    exporter.shutdown()


def answered(exporter: OTLPHttpLogRecordExporter, server: ScriptedServer, answer: Answer) -> Outcome:
    server.answers = [answer]
    before = len(server.requests)
    outcome = exporter.send(payload(), soon())
    assert len(server.requests) == before + 1
    return outcome


def test_exported_records_arrive_as_a_request_in_protobuf(
    exporter: OTLPHttpLogRecordExporter, server: ScriptedServer
) -> None:
    assert exporter.export(records()) is LogRecordExportResult.SUCCESS
    (request,) = server.requests
    assert request.path == "/v1/logs"
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["user-agent"] == f"LogCapy/{__version__} (Python; otlp_http exporter)"
    assert request.headers["x-api-key"] == SECRET
    assert "content-encoding" not in request.headers
    message = ExportLogsServiceRequest.FromString(request.body)
    found = message.resource_logs[0].scope_logs[0].log_records
    assert [record.body.string_value for record in found] == ["record 0", "record 1", "record 2"]


def test_gzip_compresses_the_same_bytes_to_the_same_bytes(server: ScriptedServer) -> None:
    exporter = OTLPHttpLogRecordExporter(config=OtlpConfig(endpoint=server.url, compression="gzip"))
    assert exporter.send(payload(), soon()) == exporter.send(payload(), soon()) == Delivered()
    first, second = server.requests
    assert first.headers["content-encoding"] == "gzip"
    assert first.body == payload().body
    assert first.raw_body == second.raw_body
    assert first.raw_body[4:8] == bytes(4)  # no time of day in it
    assert len(first.raw_body) < len(first.body)
    exporter.shutdown()


def test_the_environment_says_where_without_arguments(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"authorization=Bearer%20{SECRET}")
    exporter = OTLPHttpLogRecordExporter()
    assert exporter.send(payload(), soon()) == Delivered()
    assert server.requests[0].path == "/v1/logs"
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    exporter.shutdown()


def test_a_connection_is_used_again(exporter: OTLPHttpLogRecordExporter, server: ScriptedServer) -> None:
    server.answers = [Answer(), Answer(503, body=b"busy"), Answer(204), Answer()]
    for _ in range(4):
        exporter.send(payload(), soon())
    assert len({request.connection for request in server.requests}) == 1


@pytest.mark.parametrize("status", range(200, 600))
def test_each_status_has_the_outcome_of_the_otlp_specification(
    exporter: OTLPHttpLogRecordExporter, server: ScriptedServer, status: int
) -> None:
    outcome = answered(exporter, server, Answer(status, body=b"" if status in (204, 205, 304) else b"words"))
    if status < 300:
        assert outcome == Delivered()
    elif status in (429, 502, 503, 504):
        assert isinstance(outcome, Retry)
        assert not outcome.unreachable
    elif status == 413:
        assert isinstance(outcome, TooLarge)
    elif status < 400 or status in (401, 403, 404, 405):
        assert isinstance(outcome, Broken)
    else:
        assert isinstance(outcome, Rejected)
        assert outcome.count == 3
    if not isinstance(outcome, Delivered):
        assert outcome.reason.startswith(f"{server.url}/v1/logs: HTTP {status}")


def test_which_statuses_are_retried_can_be_told(server: ScriptedServer) -> None:
    transport = HttpTransport(server.url, headers={}, retry_statuses={500})
    server.answers = [Answer(500), Answer(503)]
    assert isinstance(transport.send(payload(), soon()), Retry)
    assert isinstance(transport.send(payload(), soon()), Rejected)
    transport.close()


def _http_date(seconds: float) -> str:
    return format_datetime(datetime.now(timezone.utc) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "after_seconds"),
    [
        ({}, None),
        ({"Retry-After": "15"}, 15.0),
        ({"retry-after": " 7 "}, 7.0),
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "1e9"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "\u0661"}, None),
        ({"Retry-After": "9" * 5000}, 600.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
        ({"Retry-After": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, 600.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:30 GMT", "Date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 30.0),
    ],
)
def test_retry_after_is_kept_where_it_makes_sense(
    exporter: OTLPHttpLogRecordExporter,
    server: ScriptedServer,
    headers: dict[str, str],
    after_seconds: float | None,
) -> None:
    headers = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    outcome = answered(exporter, server, Answer(503, headers))
    assert isinstance(outcome, Retry)
    assert outcome.after_seconds == after_seconds


def test_a_retry_after_date_counts_from_now_where_the_answer_has_none(
    exporter: OTLPHttpLogRecordExporter, server: ScriptedServer
) -> None:
    outcome = answered(exporter, server, Answer(429, {"Retry-After": _http_date(100)}))
    assert isinstance(outcome, Retry)
    assert outcome.after_seconds is not None
    assert 80 < outcome.after_seconds <= 101


def _partial(rejected: int, message: str = "") -> bytes:
    partial = ExportLogsPartialSuccess(rejected_log_records=rejected, error_message=message)
    return ExportLogsServiceResponse(partial_success=partial).SerializeToString()


def test_partial_success_is_a_rejection_of_as_many_and_is_not_resent(
    exporter: OTLPHttpLogRecordExporter, server: ScriptedServer
) -> None:
    outcome = answered(exporter, server, Answer(200, body=_partial(2, "too old")))
    assert isinstance(outcome, Rejected)
    assert outcome.count == 2
    assert "too old" in outcome.reason
    assert exporter.export(records()) is LogRecordExportResult.FAILURE
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "body",
    [b"", _partial(0, "a warning"), _partial(-1), b"{}", b"\xff" * 30, b"\x0a\xff\xff\xff\xff\x0f", _partial(2)[:-1]],
)
def test_a_success_is_a_success_whatever_else_the_body_says(
    exporter: OTLPHttpLogRecordExporter, server: ScriptedServer, body: bytes
) -> None:
    assert answered(exporter, server, Answer(200, body=body)) == Delivered()


def test_a_body_in_an_encoding_that_was_not_asked_for_is_left_alone(
    exporter: OTLPHttpLogRecordExporter, server: ScriptedServer
) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    outcome = answered(exporter, server, Answer(400, {"Content-Encoding": "gzip"}, bomb))
    assert isinstance(outcome, Rejected)
    assert outcome.reason.endswith("HTTP 400")


@pytest.mark.parametrize("status", [200, 400])
def test_of_an_endless_body_little_is_read(
    exporter: OTLPHttpLogRecordExporter, server: ScriptedServer, status: int
) -> None:
    outcome = answered(exporter, server, Answer(status, body=b"A" * 10_000, endless=True))
    assert isinstance(outcome, Delivered if status == 200 else Rejected)
    exporter.shutdown()
    time.sleep(0.1)
    assert server.bytes_sent < 50_000_000  # what socket buffers take; the server would go on for ever


@pytest.mark.parametrize("answer", [Answer(hang_seconds=30), Answer(drip_seconds=0.05, drip_headers=True)])
def test_a_server_that_does_not_come_to_an_answer_is_left_at_the_deadline(
    exporter: OTLPHttpLogRecordExporter, server: ScriptedServer, answer: Answer
) -> None:
    server.answers = [answer]
    started = time.monotonic()
    outcome = exporter.send(payload(), soon(0.5))
    assert isinstance(outcome, Retry)
    assert outcome.unreachable
    assert 0.3 < time.monotonic() - started < 3


def test_a_body_that_drips_is_left_at_the_deadline_and_the_status_counts(
    exporter: OTLPHttpLogRecordExporter, server: ScriptedServer
) -> None:
    server.answers = [Answer(200, drip_seconds=0.05)]
    started = time.monotonic()
    assert exporter.send(payload(), soon(0.5)) == Delivered()
    assert time.monotonic() - started < 3


def test_one_request_takes_at_most_the_configured_timeout(server: ScriptedServer) -> None:
    exporter = OTLPHttpLogRecordExporter(config=OtlpConfig(endpoint=server.url, timeout=300))
    server.answers = [Answer(hang_seconds=30)]
    started = time.monotonic()
    assert isinstance(exporter.send(payload(), soon(20)), Retry)
    assert time.monotonic() - started < 3
    exporter.shutdown()


def test_after_the_deadline_nothing_is_sent(exporter: OTLPHttpLogRecordExporter, server: ScriptedServer) -> None:
    assert isinstance(exporter.send(payload(), time.monotonic() - 1), Retry)
    assert server.requests == []


def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        exporter = OTLPHttpLogRecordExporter(f"http://127.0.0.1:{closed.getsockname()[1]}/v1/logs")
        outcome = exporter.send(payload(), soon())
    assert isinstance(outcome, Retry)
    assert outcome.unreachable


def test_a_connection_that_is_closed_without_an_answer_may_be_tried_again(
    exporter: OTLPHttpLogRecordExporter, server: ScriptedServer
) -> None:
    assert isinstance(answered(exporter, server, Answer(hang_up=True)), Retry)
    assert answered(exporter, server, Answer()) == Delivered()


def test_an_answer_that_is_cut_after_its_status_counts(
    exporter: OTLPHttpLogRecordExporter, server: ScriptedServer
) -> None:
    assert answered(exporter, server, Answer(200, body=b"", declared_length=50)) == Delivered()
    assert isinstance(answered(exporter, server, Answer(400, body=b"half", declared_length=50)), Rejected)
    assert answered(exporter, server, Answer()) == Delivered()


def test_a_redirect_is_a_failure_and_is_not_followed(
    exporter: OTLPHttpLogRecordExporter, server: ScriptedServer
) -> None:
    with scripted_server() as elsewhere:
        for status in (301, 302, 303, 307, 308):
            outcome = answered(exporter, server, Answer(status, {"Location": f"{elsewhere.url}/v1/logs"}))
            assert isinstance(outcome, Broken)
        assert elsewhere.requests == []


def test_proxy_variables_have_no_part_in_it(
    exporter: OTLPHttpLogRecordExporter, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert exporter.send(payload(), soon()) == Delivered()


def test_user_info_becomes_a_header_and_is_never_shown(server: ScriptedServer) -> None:
    exporter = OTLPHttpLogRecordExporter(f"http://us%40er:{SECRET}@127.0.0.1:{server.port}/v1/logs?key=query")
    outcome = answered(exporter, server, Answer(401, body=f"no {SECRET} for us@er:{SECRET}".encode()))
    (request,) = server.requests
    assert request.headers["authorization"] == "Basic dXNAZXI6czNjcjN0LXQwa2Vu"
    assert request.path == "/v1/logs?key=query"
    assert isinstance(outcome, Broken)
    assert outcome.reason == f"{server.url}/v1/logs: HTTP 401: no [REDACTED] for [REDACTED]"
    assert repr(exporter) == f"OTLPHttpLogRecordExporter('{server.url}/v1/logs')"
    exporter.shutdown()


def test_a_message_is_one_short_line_without_the_values_of_headers(
    exporter: OTLPHttpLogRecordExporter, server: ScriptedServer
) -> None:
    body = f"\x1b[31mbad\r\nkey\u202e {SECRET} \x00".encode() + b"\xff" + b"x" * 1000
    outcome = answered(exporter, server, Answer(400, body=body))
    assert isinstance(outcome, Rejected)
    message = outcome.reason.partition("HTTP 400: ")[2]
    assert SECRET not in outcome.reason
    assert message.startswith("[31mbad key [REDACTED]")
    assert len(message) == 200
    assert message.isprintable()


def test_the_message_of_a_protobuf_status_is_shown(exporter: OTLPHttpLogRecordExporter, server: ScriptedServer) -> None:
    outcome = answered(exporter, server, Answer(400, body=b"\x08\x03\x12\x0bnot my kind"))
    assert isinstance(outcome, Rejected)
    assert outcome.reason.endswith("HTTP 400: not my kind")


@pytest.mark.parametrize(
    "headers", [{"x-key": f"{SECRET}\r\nX-Injected: 1"}, {"x-key": f"{SECRET}€"}, {"x\nkey": SECRET}, {"x-key": 5}]
)
def test_a_header_that_cannot_be_sent_is_refused_at_once_and_not_shown(headers: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="headers") as refused:
        OTLPHttpLogRecordExporter("http://127.0.0.1:1", headers=headers)
    assert SECRET not in str(refused.value)


def test_any_number_of_bad_answers_leaves_connections_for_the_next_request(server: ScriptedServer) -> None:
    exporter = OTLPHttpLogRecordExporter(config=OtlpConfig(endpoint=server.url, timeout=1000))
    bad = [
        Answer(hang_up=True),
        Answer(200, drip_seconds=0.01),
        Answer(503, body=b"A" * 10_000, endless=True),
        Answer(400, declared_length=5),
        Answer(hang_seconds=30),
        Answer(403, body=b"x" * 100_000),
    ]
    for answer in bad * 2:
        server.answers = [answer]
        exporter.send(payload(), soon(0.2))
    server.answers = [Answer()]
    assert exporter.send(payload(), soon()) == Delivered()
    exporter.shutdown()


@pytest.mark.parametrize("endpoint", ["ftp://host", "http://", "http://[::1", "unix:///run/otel.sock"])
def test_an_endpoint_that_is_no_http_url_is_refused(endpoint: str) -> None:
    with pytest.raises(ConfigError, match="endpoint"):
        OTLPHttpLogRecordExporter(endpoint)


def test_a_batch_that_is_too_large_is_parted_until_it_fits(
    exporter: OTLPHttpLogRecordExporter, server: ScriptedServer
) -> None:
    server.answers = [Answer(413), Answer(413), Answer()]
    assert exporter.export(records(4)) is LogRecordExportResult.SUCCESS
    taken = [ExportLogsServiceRequest.FromString(request.body) for request in server.requests[2:]]
    assert [len(request.resource_logs[0].scope_logs[0].log_records) for request in taken] == [1, 1, 2]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def tls_exporter(server: ScriptedServer, **files: str | None) -> OTLPHttpLogRecordExporter:
    return OTLPHttpLogRecordExporter(config=OtlpConfig(endpoint=f"{server.url}/v1/logs", **files))


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def test_a_server_of_an_unknown_authority_is_refused(authority: trustme.CA) -> None:
    with scripted_server(server_context(authority)) as server:
        outcome = tls_exporter(server).send(payload(), soon())
        assert isinstance(outcome, Broken)
        assert "certificate" in outcome.reason
        assert server.requests == []


def test_a_server_of_the_given_authority_is_accepted(authority: trustme.CA, ca_file: str) -> None:
    with scripted_server(server_context(authority)) as server:
        exporter = tls_exporter(server, certificate=ca_file)
        assert exporter.send(payload(), soon()) == Delivered()
        exporter.shutdown()


def test_a_server_with_the_name_of_another_host_is_refused(authority: trustme.CA, ca_file: str) -> None:
    with scripted_server(server_context(authority, "other.example")) as server:
        outcome = tls_exporter(server, certificate=ca_file).send(payload(), soon())
        assert isinstance(outcome, Broken)
        assert server.requests == []


@pytest.mark.parametrize("in_one_file", [False, True])
def test_a_client_certificate_is_shown_to_the_server(
    authority: trustme.CA, ca_file: str, tmp_path: Path, in_one_file: bool
) -> None:
    context = server_context(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    client = authority.issue_cert("client@example.org")
    chain, key, both = (tmp_path / name for name in ("chain.pem", "key.pem", "both.pem"))
    client.cert_chain_pems[0].write_to_path(chain)
    client.private_key_pem.write_to_path(key)
    client.private_key_and_cert_chain_pem.write_to_path(both)
    files = (
        {"client_certificate": str(both)} if in_one_file else {"client_certificate": str(chain), "client_key": str(key)}
    )
    with scripted_server(context) as server:
        with_certificate = tls_exporter(server, certificate=ca_file, **files)
        assert with_certificate.send(payload(), soon()) == Delivered()
        with_certificate.shutdown()
        assert not isinstance(tls_exporter(server, certificate=ca_file).send(payload(), soon()), Delivered)


def test_a_file_that_is_no_certificate_is_refused_at_once(tmp_path: Path, ca_file: str) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("no PEM")
    https = "https://localhost:4318"
    with pytest.raises(ConfigError, match="certificate"):
        OTLPHttpLogRecordExporter(config=OtlpConfig(endpoint=https, certificate=str(junk)))
    with pytest.raises(ConfigError, match="client_certificate"):
        OTLPHttpLogRecordExporter(config=OtlpConfig(endpoint=https, client_certificate=ca_file))


def test_plain_http_behind_https_is_a_broken_set_up(server: ScriptedServer) -> None:
    exporter = OTLPHttpLogRecordExporter(server.url.replace("http:", "https:"))
    assert isinstance(exporter.send(payload(), soon()), Broken)


def _send_in_child(exporter: OTLPHttpLogRecordExporter, report: object) -> None:
    report.put((os.getpid(), exporter.send(payload(), soon())))  # type: ignore[attr-defined]


def test_a_forked_child_opens_a_connection_of_its_own(
    exporter: OTLPHttpLogRecordExporter, server: ScriptedServer
) -> None:
    assert exporter.send(payload(), soon()) == Delivered()
    fork = multiprocessing.get_context("fork")
    report = fork.Queue()
    child = fork.Process(target=_send_in_child, args=(exporter, report))
    child.start()
    assert report.get(timeout=20) == (child.pid, Delivered())
    child.join(20)
    assert exporter.send(payload(), soon()) == Delivered()
    parent, forked, parent_again = (request.connection for request in server.requests)
    assert parent == parent_again != forked
