"""OTLP over gRPC, from the stock exporters and a bare channel."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from logcapy.tail.grpc_receiver import GrpcReceiver
from logcapy.tail.intake import Intake
from logcapy.tail.refusal import Refusal
from tail.sending import Shown, send_one

EXPORT = "/opentelemetry.proto.collector.{0}.v1.{1}Service/Export"


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.fixture
def intake(shown: Shown) -> Intake:
    return Intake(shown)


@pytest.fixture
def receiver(intake: Intake) -> Iterator[GrpcReceiver]:
    receiver = GrpcReceiver(intake, "127.0.0.1", 0)
    yield receiver
    receiver.stop()


@pytest.fixture
def channel(receiver: GrpcReceiver) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{receiver.port}") as channel:
        yield channel


@pytest.mark.parametrize("compression", [None, grpc.Compression.Gzip])
def test_the_stock_exporter_is_content(
    receiver: GrpcReceiver, shown: Shown, compression: grpc.Compression | None
) -> None:
    body = "payment failed " * 1000
    send_one(OTLPLogExporter(f"127.0.0.1:{receiver.port}", insecure=True, compression=compression), body)
    assert [record.body for record in shown.records] == [body]


def test_spans_are_counted_and_not_shown(receiver: GrpcReceiver, intake: Intake, shown: Shown) -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"127.0.0.1:{receiver.port}", insecure=True)))
    with provider.get_tracer("shop").start_as_current_span("order"):
        pass
    provider.shutdown()
    assert shown.records == []
    assert intake.span_count == 1


@pytest.mark.parametrize(("signal", "name"), [("logs", "Logs"), ("trace", "Trace"), ("metrics", "Metrics")])
def test_an_empty_request_of_each_signal_is_taken(channel: grpc.Channel, signal: str, name: str) -> None:
    assert channel.unary_unary(EXPORT.format(signal, name))(b"", timeout=10) == b""


@pytest.mark.parametrize(
    ("request_", "trouble", "code"),
    [
        (b"\xff\xff", None, grpc.StatusCode.INVALID_ARGUMENT),
        (b"", Refusal(503, "ending"), grpc.StatusCode.UNAVAILABLE),
        (b"", RuntimeError("a defect"), grpc.StatusCode.INTERNAL),
    ],
)
def test_what_is_not_taken_is_answered_with_a_status(
    channel: grpc.Channel, shown: Shown, request_: bytes, trouble: Exception | None, code: grpc.StatusCode
) -> None:
    shown.trouble = trouble
    with pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(EXPORT.format("logs", "Logs"))(request_, timeout=10)
    assert refused.value.code() == code
    assert refused.value.details()


def test_a_port_that_is_taken_is_an_error_without_lines_of_grpc_s_own(
    receiver: GrpcReceiver, intake: Intake, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OSError, match="in use"):
        GrpcReceiver(intake, "127.0.0.1", receiver.port)
    assert capfd.readouterr() == ("", "")
