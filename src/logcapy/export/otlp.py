"""The OTLP logs encoder: records in, ExportLogsServiceRequest messages out, in plain Python.

Decoded, a message equals the stock encoder's for everything that one accepts; for the rest see
:mod:`logcapy.export._any_value`.
Source: https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/collector/logs/v1/logs_service.proto
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from logcapy.draft import Draft
from logcapy.types import Payload, Record

from ._kept_fields import record_head, record_heads
from ._log_record import encode_log_record
from ._origin import Origin, resource_origin, scope_origin
from ._protobuf import varint

#: gRPC servers take 4 MiB unless told otherwise (GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH); the slack is for them to count
#: in their own way.
DEFAULT_MAX_BYTES: Final = 4 * 1024 * 1024 - 64 * 1024
SMALLEST_MAX_BYTES: Final = 2048

#: Tags and lengths of the ResourceLogs and ScopeLogs around a record, and of the record, at most.
_GROUP_FRAME: Final = 12
_RECORD_FRAME: Final = 6


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
    request = _Request(max_bytes)
    for resource, scope, group in _grouped(records, max_bytes // 4):
        limit, parts = request.open_group(resource, scope)
        room, first = request.room, 0
        for position, record in enumerate(group):
            content = encode_log_record(record, limit)
            length = len(content)
            room -= length + _RECORD_FRAME
            if room < 0 and (request.records or position > first):
                request.records += group[first:position]
                yield request.payload()
                request, first = _Request(max_bytes), position
                _, parts = request.open_group(resource, scope)
                room = request.room - length - _RECORD_FRAME
            parts.append(record_heads.get(length) or record_head(length))
            parts.append(content)
        request.records += group[first:]
        request.room = room
    if request.records:
        yield request.payload()


class _Request:
    """A request under construction.

    Args:
        max_bytes: The most that it may take.
    """

    __slots__ = ("_groups", "_max_bytes", "records", "room")

    def __init__(self, max_bytes: int) -> None:
        self.records: list[Record] = []
        self._max_bytes = max_bytes
        self._groups: list[_Group] = []
        #: For how many bytes more there is room, at least; below 0 where the first record alone takes more.
        self.room = max_bytes

    def open_group(self, resource: Origin, scope: Origin) -> tuple[int, list[bytes]]:
        """Begin a group; returns how many bytes one of its records may have, and where their fields go."""
        frame = len(resource.message) + len(scope.message) + _GROUP_FRAME
        group = _Group(resource, scope)
        self._groups.append(group)
        self.room -= frame
        return self._max_bytes - frame - _RECORD_FRAME, group.parts

    def payload(self) -> Payload:
        """The request in bytes, which are copied once."""
        request: list[bytes] = []
        for resource, found in groupby(filter(attrgetter("parts"), self._groups), key=attrgetter("resource")):
            resource_logs: list[bytes] = [resource.message]
            size = len(resource.message)
            for group in found:
                group_size = len(group.scope.message) + sum(map(len, group.parts))
                length = varint(group_size)
                size += 1 + len(length) + group_size
                resource_logs += (b"\x12", length, group.scope.message)
                resource_logs += group.parts
            request += (b"\x0a", varint(size))
            request += resource_logs
        return Payload(b"".join(request), self.records)


class _Group:
    """The records of one origin."""

    __slots__ = ("parts", "resource", "scope")

    def __init__(self, resource: Origin, scope: Origin) -> None:
        self.resource = resource
        self.scope = scope
        self.parts: list[bytes] = []


def _grouped(records: Sequence[Record], limit: int) -> Iterable[tuple[Origin, Origin, list[Record]]]:
    """Records that are equal in resource and scope together. Objects are compared once, not once a record."""
    by_identity: dict[tuple[int, int], list[Record]] = {}
    by_resource: dict[Origin, dict[Origin, list[Record]]] = {}
    group: list[Record] | None = None
    last_logger: object = None
    last_resource = last_scope = None
    for record in records:
        logger: object = record.logger if isinstance(record, Draft) else None
        if group is None or logger is None or logger is not last_logger:  # the records of one logger have one origin
            resource, scope = record.resource, record.instrumentation_scope
            if group is None or resource is not last_resource or scope is not last_scope:
                group = by_identity.get((id(resource), id(scope)))
                if group is None:
                    by_scope = by_resource.setdefault(resource_origin(resource, limit), {})
                    group = by_scope.setdefault(scope_origin(scope, limit), [])
                    by_identity[id(resource), id(scope)] = group
            last_logger, last_resource, last_scope = logger, resource, scope
        group.append(record)
    for resource_of_group, by_scope in by_resource.items():
        for scope_of_group, group in by_scope.items():
            yield resource_of_group, scope_of_group, group
