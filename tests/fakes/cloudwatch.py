"""CloudWatch Logs, as strict as botocore's model of it and the reference of PutLogEvents say it is.

Sources: botocore, data/logs/2014-03-28/service-2.json (shapes, limits, errors, ``RejectedLogEventsInfo``: the end of
what is too old is exclusive, the start of what is too new inclusive); the model names no statuses of HTTP.
moto takes batches of more than 10,000 events, 1 MiB and 24 hours, and has other indexes; so it is not enough alone.
"""

from __future__ import annotations

import json
import re
import time
from datetime import datetime
from typing import Any, ClassVar

from logcapy.testing.conformance import Arrived, Fault
from servers.http import Answer, Request, ScriptedServer

from .intake import FAULT_ANSWERS, Intake

KEY_ID, SECRET_KEY, TOKEN = "AKIDEXAMPLE-of-tests", "wJalrXUtnFEMI-of-tests", "session-token-of-tests"
GROUP = "/shop/logs"
#: What leads boto3 to a server at ``{url}``.
VARIABLES = {
    "AWS_ACCESS_KEY_ID": KEY_ID,
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "AWS_SESSION_TOKEN": TOKEN,
    "AWS_REGION": "eu-central-1",
    "AWS_ENDPOINT_URL": "{url}",
    "LOGCAPY_CLOUDWATCH_GROUP": GROUP,
}
_DAY = 24 * 60 * 60 * 1000


class _Refused(Exception):
    pass


def error_answer(status: int, code: str, message: str = "") -> Answer:
    body = json.dumps({"__type": code, "message": message}).encode()
    return Answer(status, {"Content-Type": "application/x-amz-json-1.1"}, body)


class CloudWatchIntake(Intake):
    """Keeps events by group and stream; ``calls`` are the names of the operations that were called."""

    fault_answers: ClassVar[dict[Fault, Answer]] = {
        **FAULT_ANSWERS,
        Fault.UNAUTHORIZED: error_answer(400, "UnrecognizedClientException", "The security token is invalid."),
        Fault.TOO_LARGE: error_answer(400, "InvalidParameterException", "Upload too large: 9 bytes exceeds limit of 1"),
        Fault.BAD_REQUEST: error_answer(400, "InvalidParameterException", "1 validation error detected"),
    }

    def __init__(self, server: ScriptedServer) -> None:
        super().__init__(server)
        self.groups: dict[str, dict[str, list[dict[str, Any]]]] = {}
        self.calls: list[str] = []

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for streams in self.groups.values() for events in streams.values() for event in events]

    def respond(self, request: Request) -> Answer:
        operation = request.headers.get("x-amz-target", "").removeprefix("Logs_20140328.")
        self.calls.append(operation)
        if not re.match(
            rf"AWS4-HMAC-SHA256 Credential={KEY_ID}/\d{{8}}/[a-z0-9-]+/logs/aws4_request, SignedHeaders=",
            request.headers.get("authorization", ""),
        ):
            return error_answer(400, "UnrecognizedClientException")
        if request.headers.get("content-type") != "application/x-amz-json-1.1":
            return error_answer(400, "SerializationException")
        arguments = json.loads(request.body)
        group, stream = arguments["logGroupName"], arguments.get("logStreamName")
        if not re.fullmatch(r"[.\-_/#A-Za-z0-9]{1,512}", group) or not re.fullmatch(r"[^:*]{1,512}", stream or "-"):
            return error_answer(400, "InvalidParameterException", "a name")
        if operation == "CreateLogGroup":
            if group in self.groups:
                return error_answer(400, "ResourceAlreadyExistsException")
            self.groups[group] = {}
            return Answer(200, {"Content-Type": "application/x-amz-json-1.1"}, b"{}")
        if group not in self.groups:
            return error_answer(400, "ResourceNotFoundException", "The specified log group does not exist.")
        if operation == "CreateLogStream":
            if stream in self.groups[group]:
                return error_answer(400, "ResourceAlreadyExistsException")
            self.groups[group][stream] = []
            return Answer(200, {"Content-Type": "application/x-amz-json-1.1"}, b"{}")
        if operation != "PutLogEvents":
            return error_answer(400, "UnknownOperationException")
        if stream not in self.groups[group]:
            return error_answer(400, "ResourceNotFoundException", "The specified log stream does not exist.")
        try:
            taken, rejected = _taken(arguments["logEvents"])
        except _Refused as refused:
            return error_answer(400, "InvalidParameterException", str(refused))
        self.groups[group][stream] += taken
        answer = {"nextSequenceToken": "0"} | ({"rejectedLogEventsInfo": rejected} if rejected else {})
        return Answer(200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer).encode())


def _taken(events: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The events of one call that are stored, and what is said of the others."""
    if not 1 <= len(events) <= 10_000 or not all(event["message"] for event in events):
        raise _Refused("between 1 and 10000 events with a message")
    size = sum(len(event["message"].encode()) + 26 for event in events)
    if size > 1_048_576:
        raise _Refused(f"Upload too large: {size} bytes exceeds limit of 1048576")
    times = [event["timestamp"] for event in events]
    if times != sorted(times):
        raise _Refused("Log events in a single PutLogEvents request must be in chronological order.")
    now = time.time() * 1000
    old = sum(at < now - 14 * _DAY for at in times)
    new = sum(at > now + _DAY / 12 for at in times)
    valid = events[old : len(events) - new]
    if valid and valid[-1]["timestamp"] - valid[0]["timestamp"] > _DAY:
        raise _Refused("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
    rejected = {"tooOldLogEventEndIndex": old} if old else {}
    return valid, rejected | ({"tooNewLogEventStartIndex": len(events) - new} if new else {})


def arrived_at_cloudwatch(events: list[dict[str, Any]], service: str) -> list[Arrived]:
    """Events as the conformance kit has them."""
    documents = [json.loads(event["message"]) for event in events]
    return [
        Arrived(
            body=one["body"]["text"],
            attributes=one["attributes"],
            severity_number=one["severity_number"],
            timestamp=_nanoseconds(one["@timestamp"]),
            trace_id=one["trace_id"],
            span_id=one["span_id"],
        )
        for one in documents
        if one["resource"]["attributes"].get("service.name") == service
    ]


def _nanoseconds(text: str) -> int:
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    return int(datetime.fromisoformat(f"{seconds}+00:00").timestamp()) * 10**9 + int(fraction)
