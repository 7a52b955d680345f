"""The OTLP logs encoder: records in, ExportLogsServiceRequest messages out, in plain Python.

Decoded, a message equals the stock encoder's for everything that one accepts; for the rest see
:mod:`logcapy.export._any_value`.
Source: https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/collector/logs/v1/logs_service.proto
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from logcapy.types import Payload, Record

from ._log_record import encode_log_record
from ._origin import Origin, resource_origin, scope_origin
from ._protobuf import field as protobuf_field
from ._protobuf import varint

#: gRPC servers take 4 MiB unless told otherwise (GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH); the slack is for them to count
#: in their own way.
DEFAULT_MAX_BYTES = 4 * 1024 * 1024 - 64 * 1024
SMALLEST_MAX_BYTES = 2048

#: Tags and lengths of the ResourceLogs and ScopeLogs around a record, and of the record, at most.
_GROUP_FRAME, _RECORD_FRAME = 12, 6


def encode_logs(records: Sequence[Record], max_bytes: int = DEFAULT_MAX_BYTES) -> Iterator[Payload]:
    """Records as ExportLogsServiceRequest messages: by resource, then by scope, in the order they first appear.

    Args:
        records: What to encode; anything may be in them.
        max_bytes: The most bytes of one payload, 2,048 or more. A record over it is cut (``logcapy.truncated``).

    Yields:
        Payloads in order, every record in exactly one; one payload is made at a time.

    Raises:
        ValueError: ``max_bytes`` is below 2,048.
    """
    if max_bytes < SMALLEST_MAX_BYTES:
        raise ValueError(f"max_bytes must be {SMALLEST_MAX_BYTES} or more")
    request = _Request()
    for resource, scope, group in _grouped(records, max_bytes // 4):
        frame = len(resource.message) + len(scope.message) + _GROUP_FRAME
        limit = max_bytes - frame - _RECORD_FRAME
        new_group = True
        for record in group:
            content = encode_log_record(record, limit)
            size = len(content) + _RECORD_FRAME + (frame if new_group else 0)
            if request.size + size > max_bytes and request.records:
                yield request.payload()
                request = _Request()
                size = len(content) + _RECORD_FRAME + frame
                new_group = True
            if new_group:
                request.open_group(resource, scope)
                new_group = False
            request.add(record, content, size)
    if request.records:
        yield request.payload()


@dataclass(slots=True)
class _Request:
    """A request under construction. ``size`` is at least what it will take."""

    size: int = 0
    records: list[Record] = field(default_factory=list)
    groups: list[tuple[Origin, Origin, list[bytes]]] = field(default_factory=list)

    def open_group(self, resource: Origin, scope: Origin) -> None:
        self.groups.append((resource, scope, []))

    def add(self, record: Record, content: bytes, size: int) -> None:
        self.size += size
        self.records.append(record)
        self.groups[-1][2].extend((b"\x12", varint(len(content)), content))

    def payload(self) -> Payload:
        body = b"".join(
            protobuf_field(b"\x0a", resource.message + b"".join(map(_scope_logs, groups)))
            for resource, groups in groupby(self.groups, key=lambda group: group[0])
        )
        return Payload(body, self.records)


def _scope_logs(group: tuple[Origin, Origin, list[bytes]]) -> bytes:
    _, scope, log_records = group
    return protobuf_field(b"\x12", scope.message + b"".join(log_records))


def _grouped(records: Sequence[Record], limit: int) -> Iterable[tuple[Origin, Origin, list[Record]]]:
    """Records that are equal in resource and scope together. Objects are compared once, not once a record."""
    by_identity: dict[tuple[int, int], list[Record]] = {}
    by_resource: dict[Origin, dict[Origin, list[Record]]] = {}
    for record in records:
        resource, scope = record.resource, record.instrumentation_scope
        group = by_identity.get((id(resource), id(scope)))
        if group is None:
            by_scope = by_resource.setdefault(resource_origin(resource, limit), {})
            group = by_scope.setdefault(scope_origin(scope, limit), [])
            by_identity[id(resource), id(scope)] = group
        group.append(record)
    for resource_of_group, by_scope in by_resource.items():
        for scope_of_group, group in by_scope.items():
            yield resource_of_group, scope_of_group, group
