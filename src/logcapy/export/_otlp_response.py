"""What OTLP servers answer, read with care: it comes from elsewhere."""

from __future__ import annotations

from ._protobuf import read_fields


def partial_success(message: bytes) -> tuple[int, str]:
    """How many records an ExportLogsServiceResponse says were rejected, and why; (0, "") if it cannot be read.

    Source: https://opentelemetry.io/docs/specs/otlp/#partial-success-1
    """
    try:
        for number, content in read_fields(message):
            if number == 1 and isinstance(content, bytes):
                fields = dict(read_fields(content))
                rejected, reason = fields.get(1, 0), fields.get(2, b"")
                if isinstance(rejected, int) and isinstance(reason, bytes) and 0 < rejected < 1 << 63:
                    return rejected, reason.decode(errors="replace")
    except ValueError:
        pass
    return 0, ""


def status_message(message: bytes) -> str:
    """The message of a google.rpc.Status, the body of a failure; "" if it is none."""
    try:
        content = dict(read_fields(message)).get(2, b"")
        return content.decode() if isinstance(content, bytes) else ""
    except ValueError:
        return ""


def retry_delay_seconds(status: bytes) -> float | None:
    """The delay in the RetryInfo among a google.rpc.Status's details; None if there is no RetryInfo.

    Source: https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
    """
    try:
        for number, detail in read_fields(status):
            if number != 3 or not isinstance(detail, bytes):
                continue
            fields = dict(read_fields(detail))
            if fields.get(1) == b"type.googleapis.com/google.rpc.RetryInfo":
                return _duration_seconds(_message(_message(fields.get(2, b"")).get(1, b"")))
    except ValueError:
        pass
    return None


def _message(content: int | bytes) -> dict[int, int | bytes]:
    return dict(read_fields(content)) if isinstance(content, bytes) else {}


def _duration_seconds(duration: dict[int, int | bytes]) -> float:
    seconds, nanos = duration.get(1, 0), duration.get(2, 0)
    if not isinstance(seconds, int) or not isinstance(nanos, int) or seconds >= 1 << 63 or nanos >= 1 << 31:
        return 0.0
    return seconds + nanos / 1e9
