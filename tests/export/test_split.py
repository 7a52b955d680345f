"""A request that was on disk is cut without decoding its records."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as PbLogRecord
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.sdk._logs import ReadWriteLogRecord

from logcapy.export._split import split_logs
from logcapy.export.otlp import encode_logs

attributes = st.lists(
    st.builds(KeyValue, key=st.text(max_size=5), value=st.builds(AnyValue, string_value=st.text(max_size=20))),
    max_size=2,
)
log_records = st.builds(
    PbLogRecord,
    time_unix_nano=st.integers(0, 2**64 - 1),
    severity_text=st.text(max_size=5),
    body=st.builds(AnyValue, string_value=st.text(max_size=200)),
    attributes=attributes,
    trace_id=st.binary(max_size=16),
)
scope_logs = st.builds(
    ScopeLogs,
    scope=st.builds(InstrumentationScope, name=st.text(max_size=5)),
    log_records=st.lists(log_records, max_size=4),
    schema_url=st.text(max_size=5),
)
resource_logs = st.builds(
    ResourceLogs,
    resource=st.builds(Resource, attributes=attributes),
    scope_logs=st.lists(scope_logs, max_size=3),
    schema_url=st.text(max_size=5),
)
requests = st.builds(ExportLogsServiceRequest, resource_logs=st.lists(resource_logs, max_size=3))


def records_of(request: ExportLogsServiceRequest) -> list[bytes]:
    """Each record with all that surrounds it."""
    return [
        b"|".join(
            part.SerializeToString(deterministic=True)
            for part in (
                resource.resource,
                scope.scope,
                record,
                AnyValue(string_value=resource.schema_url),
                AnyValue(string_value=scope.schema_url),
            )
        )
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]


@settings(max_examples=300, deadline=None)
@given(requests)
def test_the_records_of_the_halves_are_those_of_the_whole_in_order(request: ExportLogsServiceRequest) -> None:
    whole = records_of(request)
    halves = split_logs(request.SerializeToString())
    if len(whole) < 2:
        assert halves is None
        return
    assert halves is not None
    parts = [records_of(ExportLogsServiceRequest.FromString(body)) for body, _ in halves]
    assert [len(part) for part in parts] == [count for _, count in halves]
    assert parts[0] + parts[1] == whole
    assert abs(len(parts[0]) - len(parts[1])) <= 1


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200) | requests.map(lambda request: request.SerializeToString()[:-1]))
def test_what_is_no_request_is_not_cut_and_does_not_raise(body: bytes) -> None:
    halves = split_logs(body)
    if halves is not None:
        assert sum(count for _, count in halves) >= 2


def test_what_the_encoder_makes_can_be_cut_down_to_single_records() -> None:
    records = [ReadWriteLogRecord(LogRecord(body=str(number))) for number in range(7)]
    (payload,) = encode_logs(records)
    pieces = [(payload.body, 7)]
    while any(count > 1 for _, count in pieces):
        pieces = [half for body, count in pieces for half in (split_logs(body) or ((body, count),))]
    assert [count for _, count in pieces] == [1] * 7
    assert b"".join(records_of(ExportLogsServiceRequest.FromString(body))[0] for body, _ in pieces) == b"".join(
        records_of(ExportLogsServiceRequest.FromString(payload.body))
    )
