"""Datadog's intake of logs, version 2.

Sources: datadog-api-client-python v2/api/logs_api.py and its operation's documentation (5 MB decompressed, 1,000 logs,
1 MB a log, 202 with ``{}``, the statuses), https://docs.datadoghq.com/logs/log_configuration/pipelines/ (reserved
attributes).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from logcapy.testing.conformance import Arrived
from servers.http import Answer, Request, ScriptedServer

from .intake import Intake

KEY = "0123456789abcdef-datadog"


class DatadogIntake(Intake):
    """Takes arrays of logs at ``/api/v2/logs`` with the right key; refuses the rest."""

    def __init__(self, server: ScriptedServer) -> None:
        super().__init__(server)
        self.logs: list[dict[str, Any]] = []

    def respond(self, request: Request) -> Answer:
        if request.path != "/api/v2/logs":
            return _error(404, "Not Found")
        if request.headers.get("dd-api-key") != KEY:
            return _error(403, "Forbidden")
        if request.headers.get("content-type") != "application/json":
            return _error(400, "Content-Type")
        if len(request.body) > 5_000_000:
            return _error(413, "Payload Too Large")
        try:
            logs = json.loads(request.body, parse_constant=_refuse)
        except ValueError:
            return _error(400, "Bad Request")
        if not isinstance(logs, list) or len(logs) > 1000 or not all(isinstance(log, dict) for log in logs):
            return _error(400, "Bad Request")
        self.logs += map(_as_kept, logs)
        return Answer(202, {"Content-Type": "application/json"}, b"{}")


def _as_kept(log: dict[str, Any]) -> dict[str, Any]:
    """A log over 1 MB is cut and still answered with 202."""
    return log if len(json.dumps(log, ensure_ascii=False).encode()) <= 1_050_000 else {"message": "truncated"}


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _error(status: int, title: str) -> Answer:
    errors = [{"status": str(status), "title": title, "detail": f"key {KEY}"}]
    return Answer(status, {"Content-Type": "application/json"}, json.dumps({"errors": errors}).encode())


def arrived_at_datadog(logs: list[dict[str, Any]], service: str) -> list[Arrived]:
    """Logs as the conformance kit has them."""
    return [
        Arrived(
            body=log["message"],
            attributes=log,
            severity_number=int(log.get("otel.severity_number", 0)),
            timestamp=_nanoseconds(log),
            trace_id=log.get("otel.trace_id"),
            span_id=log.get("otel.span_id"),
        )
        for log in logs
        if log.get("service") == service
    ]


def _nanoseconds(log: dict[str, Any]) -> int | None:
    if "@timestamp" not in log:
        return None
    return round(datetime.fromisoformat(log["@timestamp"].replace("Z", "+00:00")).timestamp() * 1000) * 10**6
