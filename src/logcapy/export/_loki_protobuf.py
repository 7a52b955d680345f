"""Loki's push request in protobuf, in a block of snappy.

Source: https://github.com/grafana/loki/blob/main/pkg/push/push.proto;
https://github.com/google/snappy/blob/main/format_description.txt
"""

from __future__ import annotations

import json
from typing import Any

from ._protobuf import field, varint

_MOST_LITERAL = 65536


def push_request(request: Any) -> bytes:
    """A request as Loki's JSON has it, as a ``logproto.PushRequest``."""
    return b"".join(field(b"\x0a", _stream(stream)) for stream in request["streams"])


def _stream(stream: Any) -> bytes:
    # JSON's escapes in quotation marks are Go's, in which labels are written.
    labels = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in stream["stream"].items())
    entries = b"".join(field(b"\x12", _entry(*value)) for value in stream["values"])
    return field(b"\x0a", f"{{{labels}}}".encode()) + entries


def _entry(timestamp: str, line: str, metadata: Any) -> bytes:
    seconds, nanoseconds = divmod(int(timestamp), 1_000_000_000)
    moment = b"\x08" + varint(seconds) + b"\x10" + varint(nanoseconds)
    pairs = b"".join(
        field(b"\x1a", field(b"\x0a", name.encode()) + field(b"\x12", value.encode()))
        for name, value in metadata.items()
    )
    return field(b"\x0a", moment) + field(b"\x12", line.encode()) + pairs


def snappy_block(content: bytes) -> bytes:
    """A block in snappy's format that has literals only: it is not smaller, and needs no library."""
    parts = [varint(len(content))]
    for start in range(0, len(content), _MOST_LITERAL):
        literal = content[start : start + _MOST_LITERAL]
        parts += (b"\xf4", (len(literal) - 1).to_bytes(2, "little"), literal)
    return b"".join(parts)
