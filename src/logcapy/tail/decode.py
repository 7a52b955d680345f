"""Bytes of an OTLP request to plain values, from protobuf or JSON.

Source: https://github.com/open-telemetry/opentelemetry-proto/blob/main/docs/specification.md#json-protobuf-encoding
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from typing import TypeVar

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from logcapy.render.received import Received, Value

from .refusal import Refusal

PROTOBUF = "application/x-protobuf"
JSON = "application/json"

_Request = TypeVar("_Request", ExportLogsServiceRequest, ExportTraceServiceRequest)
_HEX_FIELDS = ("traceId", "spanId", "parentSpanId")


def decode_logs(body: bytes, media_type: str) -> list[Received]:
    """The records of an ``ExportLogsServiceRequest``.

    Args:
        body: The request, not compressed.
        media_type: ``PROTOBUF`` or ``JSON``.

    Raises:
        Refusal: It is no such request (400).
    """
    return list(_records(_parse(ExportLogsServiceRequest(), body, media_type)))


def count_spans(body: bytes, media_type: str) -> int:
    """How many spans an ``ExportTraceServiceRequest`` holds.

    Raises:
        Refusal: It is no such request (400).
    """
    request = _parse(ExportTraceServiceRequest(), body, media_type)
    return sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)


def _parse(request: _Request, body: bytes, media_type: str) -> _Request:
    name = type(request).__name__
    try:
        if media_type == JSON:
            message = json.loads(body, object_hook=_to_protobuf_json)
            if not isinstance(message, dict):  # ParseDict takes an empty list for an empty message
                raise ValueError("it is no JSON object")
            return ParseDict(message, request, ignore_unknown_fields=True)
        request.ParseFromString(body)
    except (DecodeError, ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Refusal(400, f"the body is no {name} in {media_type}: {error}"[:300]) from None
    return request


def _to_protobuf_json(members: dict[str, object]) -> dict[str, object]:
    """An object of OTLP/JSON as protobuf's own JSON mapping has it.

    Identifiers are hexadecimal in the former and base64 in the latter. Half a surrogate pair, which JSON can spell
    and UTF-8 cannot, becomes U+FFFD: it should not cost the records beside it.
    """
    for key, value in members.items():
        if not isinstance(value, str):
            continue
        if key in _HEX_FIELDS:
            members[key] = base64.b64encode(bytes.fromhex(value)).decode()
        elif not value.isascii():
            members[key] = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return members


def _records(request: ExportLogsServiceRequest) -> Iterator[Received]:
    for of_resource in request.resource_logs:
        resource = _attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_logs:
            for record in of_scope.log_records:
                yield _received(record, of_scope.scope, resource)


def _received(record: LogRecord, scope: InstrumentationScope, resource: dict[str, Value]) -> Received:
    return Received(
        time_unix_nano=record.time_unix_nano,
        observed_time_unix_nano=record.observed_time_unix_nano,
        severity_number=record.severity_number,
        severity_text=record.severity_text,
        body=_value(record.body),
        attributes=_attributes(record.attributes),
        resource=resource,
        scope_name=scope.name,
        scope_version=scope.version,
        trace_id=_identifier(record.trace_id, 16),
        span_id=_identifier(record.span_id, 8),
        flags=record.flags,
        event_name=record.event_name,
    )


def _identifier(raw: bytes, length: int) -> str:
    return raw.hex() if len(raw) == length and any(raw) else ""


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Value]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Value:
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case "bytes_value":
            return value.bytes_value
        case "array_value":
            return [_value(member) for member in value.array_value.values]
        case "kvlist_value":
            return _attributes(value.kvlist_value.values)
        case _:
            return None
