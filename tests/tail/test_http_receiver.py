"""OTLP over HTTP, from real senders over real sockets."""

from __future__ import annotations

import gzip
import http.client
import json
import select
import socket
import time
from collections.abc import Iterator

import pytest
from google.protobuf.json_format import Parse
from google.rpc.status_pb2 import Status
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from logcapy.tail.decode import JSON, PROTOBUF
from logcapy.tail.http_receiver import HttpReceiver
from logcapy.tail.intake import Intake
from logcapy.tail.refusal import Refusal
from tail.sending import Shown, send_one

LIMIT = 100_000
DOCUMENT = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "paid"}}]}]}]}).encode()


def protobuf(body: str = "paid") -> bytes:
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add().body.string_value = body
    return request.SerializeToString()


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.fixture
def intake(shown: Shown) -> Intake:
    return Intake(shown)


@pytest.fixture
def receiver(intake: Intake) -> Iterator[HttpReceiver]:
    receiver = HttpReceiver(intake, "127.0.0.1", 0, max_request_bytes=LIMIT)
    receiver.start()
    yield receiver
    receiver.stop()


@pytest.fixture
def connection(receiver: HttpReceiver) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=10)
    yield connection
    connection.close()


def post(
    connection: http.client.HTTPConnection, body: object, *, path: str = "/v1/logs", method: str = "POST", **fields: str
) -> tuple[int, str, bytes]:
    names = {name.replace("_", "-"): value for name, value in fields.items()}
    connection.request(method, path, body, names, encode_chunked="Transfer-Encoding" in names)  # type: ignore[arg-type]
    response = connection.getresponse()
    return response.status, response.headers["Content-Type"], response.read()


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip, Compression.Deflate])
def test_the_stock_exporter_is_content_with_each_compression(
    receiver: HttpReceiver, shown: Shown, compression: Compression
) -> None:
    exporter = OTLPLogExporter(endpoint=f"http://127.0.0.1:{receiver.port}/v1/logs", compression=compression)
    send_one(exporter)
    (record,) = shown.records
    assert (record.body, record.scope_name, record.attributes) == ("payment failed", "shop.payments", {"order_id": 7})
    assert record.resource["service.name"] == "shop"


def test_spans_are_counted_and_not_shown(receiver: HttpReceiver, intake: Intake, shown: Shown) -> None:
    provider = TracerProvider()
    endpoint = f"http://127.0.0.1:{receiver.port}/v1/traces"
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    with provider.get_tracer("shop").start_as_current_span("order"):
        pass
    provider.shutdown()
    assert shown.records == []
    assert intake.summary() == "0 records, 1 span received"


def test_requests_of_both_encodings_are_answered_on_one_connection(
    connection: http.client.HTTPConnection, shown: Shown, intake: Intake
) -> None:
    assert post(connection, protobuf("first"), Content_Type=PROTOBUF) == (200, PROTOBUF, b"")
    ours = connection.sock
    assert post(connection, DOCUMENT, Content_Type=f"{JSON}; charset=utf-8") == (200, JSON, b"{}")
    assert post(connection, b"", path="/v1/metrics", Content_Type=PROTOBUF) == (200, PROTOBUF, b"")
    assert connection.sock is ours
    assert [record.body for record in shown.records] == ["first", "paid"]
    assert intake.summary() == "2 records, 0 spans received"


def test_the_answer_is_an_export_response(connection: http.client.HTTPConnection) -> None:
    body = post(connection, protobuf(), Content_Type=PROTOBUF)[2]
    assert not ExportLogsServiceResponse.FromString(body).HasField("partial_success")


def test_a_chunked_body_is_taken(connection: http.client.HTTPConnection, shown: Shown) -> None:
    body = gzip.compress(protobuf("x" * 50_000))
    pieces = (body[start : start + 7] for start in range(0, len(body), 7))
    answer = post(connection, pieces, Content_Type=PROTOBUF, Content_Encoding="gzip", Transfer_Encoding="chunked")
    assert answer[0] == 200
    assert shown.records[0].body == "x" * 50_000


def test_a_sender_that_waits_for_100_continue_gets_it(receiver: HttpReceiver, shown: Shown) -> None:
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as sender:
        head = f"POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\nContent-Length: {len(DOCUMENT)}\r\n"
        sender.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert sender.recv(1000).startswith(b"HTTP/1.1 100 ")
        sender.sendall(DOCUMENT)
        assert sender.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert len(shown.records) == 1


@pytest.mark.parametrize(
    ("body", "fields", "status"),
    [
        (b"\xff\xff", {"Content_Type": PROTOBUF}, 400),
        (b"{", {"Content_Type": JSON}, 400),
        (b"not gzip", {"Content_Type": PROTOBUF, "Content_Encoding": "gzip"}, 400),
        (b"", {"Content_Type": PROTOBUF, "path": "/v1/profiles"}, 404),
        (b"", {"Content_Type": PROTOBUF, "path": "/"}, 404),
        (None, {"Content_Type": PROTOBUF, "method": "GET"}, 405),
        (b"", {"Content_Type": JSON, "method": "PUT"}, 405),
        (bytes(LIMIT + 1), {"Content_Type": PROTOBUF}, 413),
        (gzip.compress(bytes(LIMIT + 1)), {"Content_Type": JSON, "Content_Encoding": "gzip"}, 413),
        (b"", {"Content_Type": "text/plain"}, 415),
        (b"", {}, 415),
        (b"", {"Content_Type": PROTOBUF, "Content_Encoding": "zstd"}, 415),
    ],
    ids=lambda value: "body" if isinstance(value, bytes) else None,
)
def test_what_is_not_taken_is_answered_with_a_status_message(
    connection: http.client.HTTPConnection, shown: Shown, body: bytes, fields: dict[str, str], status: int
) -> None:
    answered, media_type, answer = post(connection, body, **fields)
    assert (answered, media_type) == (status, PROTOBUF if fields.get("Content_Type") == PROTOBUF else JSON)
    message = Status.FromString(answer) if media_type == PROTOBUF else Parse(answer, Status())
    assert message.message
    assert shown.records == []
    assert post(connection, protobuf(), Content_Type=PROTOBUF)[0] == 200


def test_a_wrong_method_is_told_the_right_one(connection: http.client.HTTPConnection) -> None:
    connection.request("HEAD", "/v1/logs")
    response = connection.getresponse()
    assert (response.status, response.headers["Allow"], response.read()) == (405, "POST", b"")


def test_who_sends_too_much_can_finish_before_reading_the_answer(receiver: HttpReceiver) -> None:
    length = LIMIT + 50_000
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as sender:
        sender.sendall(b"POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length)
        select.select([sender], [], [], 10)
        time.sleep(0.1)  # the answer is there, and a receiver that has closed by now would reset the connection
        for _ in range(length // 1000):
            sender.sendall(bytes(1000))
        assert sender.recv(1000).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("sent", "answer"),
    [(b"\x16\x03\x01 TLS\r\n\r\n", b"message"), (b"PRI * HTTP/2.0\r\n\r\n", b"Invalid HTTP version")],
)
def test_what_is_not_http_is_answered_and_the_next_sender_served(
    receiver: HttpReceiver, connection: http.client.HTTPConnection, sent: bytes, answer: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as sender:
        sender.sendall(sent)
        assert answer in sender.recv(1000)
    assert post(connection, protobuf(), Content_Type=PROTOBUF)[0] == 200


@pytest.mark.parametrize(("trouble", "status"), [(Refusal(503, "ending"), 503), (RuntimeError("a defect"), 500)])
def test_records_that_cannot_be_shown_are_not_acknowledged(
    connection: http.client.HTTPConnection, shown: Shown, intake: Intake, trouble: Exception, status: int
) -> None:
    shown.trouble = trouble
    assert post(connection, protobuf(), Content_Type=PROTOBUF)[0] == status
    assert intake.record_count == 0


def test_a_port_that_is_taken_is_an_error(receiver: HttpReceiver, intake: Intake) -> None:
    with pytest.raises(OSError, match="in use"):
        HttpReceiver(intake, "127.0.0.1", receiver.port)


def test_records_of_one_request_are_shown_in_the_order_of_their_times(receiver: HttpReceiver, shown: Shown) -> None:
    provider = LoggerProvider(shutdown_on_exit=False)
    exporter = OTLPLogExporter(f"http://127.0.0.1:{receiver.port}/v1/logs")
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    for time_unix_nano, logger in ((1, "a"), (2, "b"), (3, "a")):
        provider.get_logger(logger).emit(LogRecord(timestamp=time_unix_nano))
    provider.shutdown()
    assert [record.time_unix_nano for record in shown.records] == [1, 2, 3]
