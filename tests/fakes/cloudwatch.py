"""CloudWatch Logs, as much of it as an exporter of log records needs.

Sources: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html (limits, order,
span, what ``rejectedLogEventsInfo`` tells) and API_CreateLogGroup, API_CreateLogStream; the protocol is AWS JSON 1.1.
moto knows neither the span of 24 hours nor the limits, and counts what is refused in another way.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import Any

from logcapy.testing.conformance import Arrived, Fault
from servers.http import Answer, Request, ScriptedServer

from .intake import Intake

KEY_ID, SECRET, TOKEN = "AKIDEXAMPLE0FAKE0000", "not-a-secret-of-anybody", "not-a-session-token"
_DAY = 24 * 3_600_000
_TARGET = "Logs_20140328."
_SIGNED = re.compile(
    rf"AWS4-HMAC-SHA256 Credential={KEY_ID}/[0-9]{{8}}/[a-z0-9-]+/logs/aws4_request, .*Signature=[0-9a-f]{{64}}"
)


class CloudwatchIntake(Intake):
    """Takes signed calls of PutLogEvents, CreateLogGroup and CreateLogStream."""

    def __init__(self, server: ScriptedServer) -> None:
        self.groups: dict[str, dict[str, list[dict[str, Any]]]] = {}
        self.fault_answers = {
            Fault.BAD_REQUEST: _error(400, "InvalidParameterException", "Log events must be in order"),
            Fault.UNAUTHORIZED: _error(400, "UnrecognizedClientException", f"{TOKEN} of {SECRET} is invalid"),
            Fault.TOO_MANY: _error(400, "ThrottlingException", "Rate exceeded"),
            Fault.UNAVAILABLE: _error(503, "ServiceUnavailableException", "not now"),
            Fault.HANG: Answer(hang_seconds=60),
            Fault.CUT: Answer(hang_up=True),
        }
        super().__init__(server)

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events, stream by stream, in the order in which they came."""
        return [event for streams in self.groups.values() for events in streams.values() for event in events]

    def respond(self, request: Request) -> Answer:
        if not _SIGNED.match(request.headers.get("authorization", "")):
            return _error(400, "IncompleteSignatureException", "no signature")
        target = request.headers.get("x-amz-target", "")
        called = {"CreateLogGroup": self._group, "CreateLogStream": self._stream, "PutLogEvents": self._put}
        call = called.get(target.removeprefix(_TARGET))
        if call is None or request.headers.get("content-type") != "application/x-amz-json-1.1":
            return _error(400, "UnknownOperationException", target)
        return call(json.loads(request.body))

    def _group(self, call: Mapping[str, Any]) -> Answer:
        if call["logGroupName"] in self.groups:
            return _error(400, "ResourceAlreadyExistsException", "The specified log group already exists")
        self.groups[call["logGroupName"]] = {}
        return _answer({})

    def _stream(self, call: Mapping[str, Any]) -> Answer:
        streams = self.groups.get(call["logGroupName"])
        if streams is None:
            return _error(400, "ResourceNotFoundException", "The specified log group does not exist.")
        if call["logStreamName"] in streams:
            return _error(400, "ResourceAlreadyExistsException", "The specified log stream already exists")
        streams[call["logStreamName"]] = []
        return _answer({})

    def _put(self, call: Mapping[str, Any]) -> Answer:
        stream = self.groups.get(call["logGroupName"], {}).get(call["logStreamName"])
        if stream is None:
            return _error(400, "ResourceNotFoundException", "The specified log stream does not exist.")
        events = call["logEvents"]
        times = [event["timestamp"] for event in events]
        wrong = {
            "no events": not events,
            "more than 10,000 events": len(events) > 10_000,
            "more than 1,048,576 bytes": sum(len(event["message"].encode()) + 26 for event in events) > 1_048_576,
            "an event without a message": not all(event["message"] for event in events),
            "not in chronological order": times != sorted(times),
            "a span of more than 24 hours": bool(times) and times[-1] - times[0] > _DAY,
        }
        if any(wrong.values()):
            return _error(400, "InvalidParameterException", ", ".join(name for name, holds in wrong.items() if holds))
        now = time.time() * 1000
        old = sum(one < now - 14 * _DAY for one in times)
        new = sum(one > now + 2 * 3_600_000 for one in times)
        stream += events[old : len(events) - new]
        refused = {"tooOldLogEventEndIndex": old} if old else {}
        if new:
            refused["tooNewLogEventStartIndex"] = len(events) - new
        return _answer({"rejectedLogEventsInfo": refused} if refused else {})


def _answer(content: Mapping[str, Any]) -> Answer:
    return Answer(200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(content).encode())


def _error(status: int, code: str, message: str) -> Answer:
    body = json.dumps({"__type": code, "message": message}).encode()
    return Answer(status, {"Content-Type": "application/x-amz-json-1.1"}, body)


def arrived_at_cloudwatch(events: list[dict[str, Any]], service: str) -> list[Arrived]:
    """Events as the conformance kit has them."""
    told = [(event["timestamp"], json.loads(event["message"])) for event in events]
    return [
        Arrived(
            body=message["body"]["text"],
            attributes=message["attributes"],
            severity_number=message["severity_number"],
            timestamp=timestamp * 1_000_000,
            trace_id=message["trace_id"],
            span_id=message["span_id"],
        )
        for timestamp, message in told
        if message["resource"]["attributes"].get("service.name") == service
    ]
