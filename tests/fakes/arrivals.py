"""Flat dictionaries of OTLP as the conformance kit has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from logcapy.testing.conformance import Arrived


def arrivals(records: Iterable[Mapping[str, Any]], service: str) -> list[Arrived]:
    """The records of one service; see ``servers.otlp_json`` for their keys."""
    return [
        Arrived(
            body=str(record["body"]),
            attributes=record["attributes"],
            severity_number=record["severity_number"],
            timestamp=record["time_unix_nano"],
            trace_id=record["trace_id"],
            span_id=record["span_id"],
        )
        for record in records
        if record["resource"].get("service.name") == service
    ]
