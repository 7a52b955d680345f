"""The OTLP request in JSON, from the same request in protobuf: one encoder knows what a record is.

Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: ids are hexadecimal, enumerations numbers,
numbers of 64 bits texts, names in lowerCamelCase.
"""

from __future__ import annotations

import base64
import json
from typing import Any

_IDS = ("traceId", "spanId")
#: Of messages within messages, each value in a list being three: more than the encoder writes.
_DEEPEST = 500


def json_line(request: bytes) -> bytes:
    """An ``ExportLogsServiceRequest`` as one line of JSON, with its line break."""
    from google.protobuf.json_format import MessageToDict
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    members = MessageToDict(ExportLogsServiceRequest.FromString(request), use_integers_for_enums=True)
    for resource_logs in members.get("resourceLogs", ()):
        for scope_logs in resource_logs.get("scopeLogs", ()):
            for record in scope_logs.get("logRecords", ()):
                for name in _IDS:
                    if name in record:
                        record[name] = base64.b64decode(record[name]).hex()
    return json.dumps(members, separators=(",", ":")).encode() + b"\n"


def request_of(line: bytes | str) -> bytes:
    """The request in protobuf that a line of JSON stands for.

    Raises:
        ValueError: It is no such line.
    """
    from google.protobuf.json_format import ParseDict, ParseError
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    try:
        members: Any = json.loads(line)
        records = [
            record
            for resource_logs in members.get("resourceLogs", ())
            for scope_logs in resource_logs.get("scopeLogs", ())
            for record in scope_logs.get("logRecords", ())
        ]
        for record in records:
            for name in _IDS:
                if name in record:
                    record[name] = base64.b64encode(bytes.fromhex(record[name])).decode()
        request = ParseDict(
            members, ExportLogsServiceRequest(), ignore_unknown_fields=True, max_recursion_depth=_DEEPEST
        )
    except (ValueError, AttributeError, TypeError, ParseError) as error:
        raise ValueError(f"no OTLP logs in JSON ({type(error).__name__})") from None
    return request.SerializeToString()
