"""Splunk's HTTP Event Collector.

Sources: https://help.splunk.com, "Format events for HTTP Event Collector", "Troubleshoot HTTP Event Collector" (codes
and statuses), "About HTTP Event Collector Indexer Acknowledgment"; Vector src/sources/splunk_hec/mod.rs.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from logcapy.testing.conformance import Arrived
from servers.http import Answer, Request, ScriptedServer

from .intake import Intake

TOKEN = "b0221cd8-c4b4-465a-9a3c-273e3a75aa29"


class _Refused(Exception):
    """Status, code and text of an answer."""


class SplunkIntake(Intake):
    """Takes events with the right token; with ``acknowledges`` it wants a channel and tells what is indexed.

    Attributes:
        acknowledges: Whether the token has acknowledgement.
        polls_until_indexed: How often it says "not yet" for each request.
        index: The index that the token may write to.
    """

    def __init__(self, server: ScriptedServer) -> None:
        super().__init__(server)
        self.events: list[dict[str, Any]] = []
        self.acknowledges = False
        self.polls_until_indexed = 1
        self.index = "main"
        self.polls: dict[int, int] = {}

    def respond(self, request: Request) -> Answer:
        try:
            if request.headers.get("authorization") is None:
                raise _Refused(401, 2, "Token is required")
            if request.headers["authorization"] != f"Splunk {TOKEN}":
                raise _Refused(403, 4, "Invalid token")
            if self.acknowledges:
                _check_channel(request)
            if request.path == "/services/collector/ack":
                return self._acks(request)
            if request.path != "/services/collector/event":
                return Answer(404, body=b"<html>The requested URL was not found on this server.</html>")
            return self._take(request)
        except _Refused as refused:
            status, code, text = refused.args
            return Answer(status, body=json.dumps({"text": text, "code": code}).encode())

    def _take(self, request: Request) -> Answer:
        if len(request.body) > 1_000_000:
            return Answer(413, body=b"<html>Content-Length too large</html>")
        events = list(_objects(request.body.decode()))
        if not events:
            raise _Refused(400, 5, "No data")
        for event in events:
            self._check(event)
        self.events += events
        answer: dict[str, Any] = {"text": "Success", "code": 0}
        if self.acknowledges:
            answer["ackId"] = len(self.polls)
            self.polls[len(self.polls)] = 0
        return Answer(200, body=json.dumps(answer).encode())

    def _check(self, event: dict[str, Any]) -> None:
        if "event" not in event:
            raise _Refused(400, 12, "Event field is required")
        if isinstance(event["event"], str) and not event["event"].strip():
            raise _Refused(400, 13, "Event field cannot be blank")
        if event.get("index", self.index) != self.index:
            raise _Refused(400, 7, "Incorrect index")
        if set(event) - {"time", "host", "source", "sourcetype", "index", "event", "fields"}:
            raise _Refused(400, 6, "Invalid data format")
        for value in event.get("fields", {}).values():
            texts = isinstance(value, list) and all(isinstance(each, str) for each in value)
            if not texts and (isinstance(value, bool) or not isinstance(value, (str, int, float))):
                raise _Refused(400, 15, "Error in handling indexed fields")

    def _acks(self, request: Request) -> Answer:
        if not self.acknowledges:
            raise _Refused(400, 14, "ACK is disabled")
        told = {}
        for number in json.loads(request.body)["acks"]:
            self.polls[number] += 1
            told[str(number)] = self.polls[number] > self.polls_until_indexed
        return Answer(200, body=json.dumps({"acks": told}).encode())


def _check_channel(request: Request) -> None:
    channel = request.headers.get("x-splunk-request-channel")
    if channel is None:
        raise _Refused(400, 10, "Data channel is missing")
    try:
        uuid.UUID(channel)
    except ValueError:
        raise _Refused(400, 11, "Invalid data channel") from None


def _objects(text: str) -> Any:
    """JSON objects one after another. A time in scientific notation is refused."""
    decoder = json.JSONDecoder(parse_float=_plain_decimal, parse_constant=_refuse)
    while text := text.lstrip():
        try:
            found, end = decoder.raw_decode(text)
        except ValueError:
            raise _Refused(400, 6, "Invalid data format") from None
        yield found
        text = text[end:]


def _plain_decimal(text: str) -> float:
    if "e" in text.lower():
        raise _Refused(400, 15, "Error in handling indexed fields")
    return float(text)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def arrived_at_splunk(events: list[dict[str, Any]], service: str) -> list[Arrived]:
    """Events as the conformance kit has them."""
    return [
        Arrived(
            body=event["event"],
            attributes=event["fields"],
            severity_number=event["fields"].get("otel.log.severity.number"),
            timestamp=round(event["time"] * 1000) * 10**6 if "time" in event else None,
            trace_id=event["fields"].get("trace_id"),
            span_id=event["fields"].get("span_id"),
        )
        for event in events
        if event["fields"].get("service.name") == service
    ]
