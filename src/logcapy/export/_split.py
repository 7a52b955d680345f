"""Cuts an ExportLogsServiceRequest in two without decoding its records.

Source: https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/collector/logs/v1/logs_service.proto,
.../logs/v1/logs.proto: a request is ResourceLogs (1), these are ScopeLogs (2), and these are LogRecords (2).
"""

from __future__ import annotations

from collections.abc import Iterator

from ._protobuf import field, read_raw_fields

_RESOURCE_LOGS, _SCOPE_LOGS, _LOG_RECORDS = 1, 2, 2


def split_logs(body: bytes) -> tuple[tuple[bytes, int], tuple[bytes, int]] | None:
    """Two requests with the records of one, in order; what surrounds a record is in each that needs it.

    Args:
        body: A request as it was sent, from anywhere: from a disk, say.

    Returns:
        Each half and its number of records; None if there are fewer than two, or it is no such request.
    """
    try:
        count = _count(body)
        if count < 2:
            return None
        middle = count // 2
        first = b"".join(_request(body, 0, middle))
        second = b"".join(_request(body, middle, count))
    except ValueError:
        return None
    return (first, middle), (second, count - middle)


def _count(body: bytes) -> int:
    return sum(number == _LOG_RECORDS for scope_logs in _within(body) for number, _, _ in read_raw_fields(scope_logs))


def _within(body: bytes) -> Iterator[bytes]:
    """All ScopeLogs of a request."""
    for number, _, resource_logs in read_raw_fields(body):
        if number == _RESOURCE_LOGS:
            for inner, _, scope_logs in read_raw_fields(resource_logs):
                if inner == _SCOPE_LOGS:
                    yield scope_logs


def _request(body: bytes, start: int, stop: int) -> Iterator[bytes]:
    """The fields of a request with the records from ``start`` to before ``stop``."""
    position = 0
    for number, raw, resource_logs in read_raw_fields(body):
        if number != _RESOURCE_LOGS:
            yield raw
            continue
        kept, position, count = _resource_logs(resource_logs, position, start, stop)
        if count:
            yield field(b"\x0a", kept)


def _resource_logs(message: bytes, position: int, start: int, stop: int) -> tuple[bytes, int, int]:
    parts, records = [], 0
    for number, raw, scope_logs in read_raw_fields(message):
        if number != _SCOPE_LOGS:
            parts.append(raw)
            continue
        kept, position, count = _scope_logs(scope_logs, position, start, stop)
        records += count
        if count:
            parts.append(field(b"\x12", kept))
    return b"".join(parts), position, records


def _scope_logs(message: bytes, position: int, start: int, stop: int) -> tuple[bytes, int, int]:
    parts, records = [], 0
    for number, raw, _ in read_raw_fields(message):
        if number == _LOG_RECORDS:
            position += 1
            if not start < position <= stop:
                continue
            records += 1
        parts.append(raw)
    return b"".join(parts), position, records
