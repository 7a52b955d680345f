"""Both encodings of OTLP become the same plain values."""

from __future__ import annotations

import base64
import contextlib
import json

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from logcapy.render.received import Received
from logcapy.tail.decode import JSON, PROTOBUF, count_spans, decode_logs
from logcapy.tail.refusal import Refusal

TRACE_ID, SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

DOCUMENT = {
    "resourceLogs": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
            "scopeLogs": [
                {
                    "scope": {"name": "shop.payments", "version": "1"},
                    "logRecords": [
                        {
                            "timeUnixNano": "1767614467000000089",
                            "observedTimeUnixNano": "1767614467000000090",
                            "severityNumber": 17,
                            "severityText": "ERROR",
                            "body": {"stringValue": "payment failed"},
                            "attributes": [
                                {"key": "order_id", "value": {"intValue": "7"}},
                                {"key": "ok", "value": {"boolValue": False}},
                                {"key": "ratio", "value": {"doubleValue": 0.5}},
                                {"key": "raw", "value": {"bytesValue": "AAE="}},
                                {"key": "list", "value": {"arrayValue": {"values": [{"intValue": 1}, {}]}}},
                                {
                                    "key": "map",
                                    "value": {"kvlistValue": {"values": [{"key": "a", "value": {"stringValue": "b"}}]}},
                                },
                            ],
                            "traceId": TRACE_ID.upper(),
                            "spanId": SPAN_ID,
                            "flags": 1,
                            "eventName": "order.failed",
                            "aFieldOfTheFuture": {"x": 1},
                        }
                    ],
                }
            ],
        }
    ]
}

EXPECTED = Received(
    time_unix_nano=1767614467000000089,
    observed_time_unix_nano=1767614467000000090,
    severity_number=17,
    severity_text="ERROR",
    body="payment failed",
    attributes={"order_id": 7, "ok": False, "ratio": 0.5, "raw": b"\x00\x01", "list": [1, None], "map": {"a": "b"}},
    resource={"service.name": "shop"},
    scope_name="shop.payments",
    scope_version="1",
    trace_id=TRACE_ID,
    span_id=SPAN_ID,
    flags=1,
    event_name="order.failed",
)

values = st.recursive(
    st.builds(AnyValue)
    | st.builds(AnyValue, string_value=st.text())
    | st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1))
    | st.builds(AnyValue, double_value=st.floats(allow_nan=False))
    | st.builds(AnyValue, bytes_value=st.binary()),
    lambda inner: (
        st.builds(lambda members: AnyValue(array_value=ArrayValue(values=members)), st.lists(inner, max_size=3))
        | st.builds(
            lambda pairs: AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key=k, value=v) for k, v in pairs])),
            st.lists(st.tuples(st.text(), inner), max_size=3),
        )
    ),
    max_leaves=6,
)


def test_json_is_read_with_hexadecimal_ids_numbers_in_strings_and_unknown_fields() -> None:
    assert decode_logs(json.dumps(DOCUMENT).encode(), JSON) == [EXPECTED]


def request(body: AnyValue, trace_id: bytes, span_id: bytes) -> ExportLogsServiceRequest:
    message = ExportLogsServiceRequest()
    record = message.resource_logs.add().scope_logs.add().log_records.add()
    record.body.CopyFrom(body)
    record.trace_id, record.span_id = trace_id, span_id
    record.time_unix_nano = 5
    return message


@given(values, st.binary(max_size=20), st.binary(max_size=20))
def test_json_and_protobuf_of_one_message_give_the_same_record(body: AnyValue, trace_id: bytes, span_id: bytes) -> None:
    message = request(body, trace_id, span_id)
    document = MessageToDict(message)
    for record in document["resourceLogs"][0]["scopeLogs"][0]["logRecords"]:
        for key in record.keys() & {"traceId", "spanId"}:
            record[key] = base64.b64decode(record[key]).hex()
    assert decode_logs(json.dumps(document).encode(), JSON) == decode_logs(message.SerializeToString(), PROTOBUF)


@pytest.mark.parametrize(
    ("trace_id", "span_id", "ids"),
    [
        (bytes.fromhex(TRACE_ID), bytes.fromhex(SPAN_ID), (TRACE_ID, SPAN_ID)),
        (bytes(16), bytes(8), ("", "")),
        (b"short", b"", ("", "")),
    ],
)
def test_only_a_valid_id_is_one(trace_id: bytes, span_id: bytes, ids: tuple[str, str]) -> None:
    (record,) = decode_logs(request(AnyValue(), trace_id, span_id).SerializeToString(), PROTOBUF)
    assert (record.trace_id, record.span_id) == ids


def test_half_a_surrogate_pair_does_not_cost_the_record() -> None:
    text = json.dumps(DOCUMENT).replace("payment failed", "payment \\ud83d failed \\ud83d\\ude00")
    assert decode_logs(text.encode(), JSON)[0].body == "payment \ufffd failed 😀"


def nested(depth: int) -> bytes:
    value = '{"arrayValue":{"values":[' * depth + '{"intValue":1}' + "]}}" * depth
    return b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":%s}]}]}]}' % value.encode()


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"\xff\xff\xff", PROTOBUF),
        (b"hello", PROTOBUF),
        (b"", JSON),
        (b"[]", JSON),
        (b"3", JSON),
        (b"null", JSON),
        (b'"resourceLogs"', JSON),
        (b'{"resourceLogs":', JSON),
        (b'{"resourceLogs":7}', JSON),
        (b'{"resourceLogs":[7]}', JSON),
        (b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"xyz"}]}]}]}', JSON),
        (b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"-1"}]}]}]}', JSON),
        (b"\xff\xfe\xfd", JSON),
        (nested(500), JSON),
        (b"[" * 200_000, JSON),
    ],
)
def test_what_is_no_request_is_refused(body: bytes, media_type: str) -> None:
    with pytest.raises(Refusal) as refused:
        decode_logs(body, media_type)
    assert refused.value.status == 400


@given(st.binary(), st.sampled_from([PROTOBUF, JSON]))
def test_any_bytes_are_decoded_or_refused(body: bytes, media_type: str) -> None:
    with contextlib.suppress(Refusal):
        assert all(isinstance(record, Received) for record in decode_logs(body, media_type))


def test_spans_are_counted_in_both_encodings() -> None:
    message = ExportTraceServiceRequest()
    for _ in range(2):
        scope = message.resource_spans.add().scope_spans.add()
        scope.spans.add().name, scope.spans.add().name = "a", "b"
    span = {"traceId": TRACE_ID, "spanId": SPAN_ID, "parentSpanId": SPAN_ID, "links": [{"traceId": TRACE_ID}]}
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [span, span, span]}]}]}
    assert count_spans(message.SerializeToString(), PROTOBUF) == 4
    assert count_spans(json.dumps(document).encode(), JSON) == 3
