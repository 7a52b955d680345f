"""Azure Monitor's intake of telemetry ("Breeze"), version 2.1.

Sources: azure-monitor-opentelemetry-exporter 1.0.0b58, as its requests were seen (the path, JSON without compression,
what is in an envelope, posts of statistics beside the logs), its export/_base.py (the answers and their statuses),
export/logs/_exporter.py (32,768 characters of a message) and _utils.py (150 of a name, 8,192 of a value);
https://learn.microsoft.com/azure/azure-monitor/service-limits#application-insights (65,536 bytes of an item).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from logcapy.testing.conformance import Arrived, Fault
from servers.http import Answer, Request, ScriptedServer

from .intake import FAULT_ANSWERS, Intake

KEY = "5f1d2c3b-4a5e-4f60-8b71-9c82ad93be04"

_PATH = "/v2.1/track"
_SEVERITY_NUMBERS = (5, 9, 13, 17, 21)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z")


class AzureIntake(Intake):
    """Takes arrays of envelopes with the right key; the bad ones among them are told by their index.

    Attributes:
        envelopes: What was taken.
        statistics: Envelopes of metrics, which are not the application's.
        refuses: Statuses with which it refuses envelopes, by a part of their message.
        redirect_to: Where it sends clients to, with 307.
        bearer: The access token without which it answers 401; None for none.
    """

    fault_answers: ClassVar = {**FAULT_ANSWERS, Fault.BAD_REQUEST: Answer(400, body=b'{"errors":[]}')}

    def __init__(self, server: ScriptedServer) -> None:
        super().__init__(server)
        self.envelopes: list[dict[str, Any]] = []
        self.statistics: list[dict[str, Any]] = []
        self.refuses: dict[str, int] = {}
        self.redirect_to: str | None = None
        self.bearer: str | None = None

    @property
    def connection_string(self) -> str:
        return f"InstrumentationKey={KEY};IngestionEndpoint={self.url}"

    def respond(self, request: Request) -> Answer:
        if self.redirect_to is not None:
            return Answer(307, {"Location": f"{self.redirect_to}{_PATH}"})
        if request.path != _PATH:
            return Answer(404)
        if self.bearer is not None and request.headers.get("authorization") != f"Bearer {self.bearer}":
            return Answer(401)
        if request.headers.get("content-type") != "application/json" or "content-encoding" in request.headers:
            return Answer(415)
        try:
            envelopes = json.loads(request.body, parse_constant=_refuse)
        except ValueError:
            return Answer(400, body=b'{"itemsReceived":0,"itemsAccepted":0,"errors":[]}')
        if not isinstance(envelopes, list) or not envelopes:
            return Answer(400, body=b'{"itemsReceived":0,"itemsAccepted":0,"errors":[]}')
        errors = []
        for index, envelope in enumerate(envelopes):
            status, message = self._refusal(envelope)
            if status:
                errors.append({"index": index, "statusCode": status, "message": message})
            elif envelope["data"]["baseType"] == "MetricData":
                self.statistics.append(envelope)
            else:
                self.envelopes.append(envelope)
        told = {"itemsReceived": len(envelopes), "itemsAccepted": len(envelopes) - len(errors), "errors": errors}
        if errors and len(errors) == len(envelopes) and all(error["statusCode"] == 400 for error in errors):
            status = 400
        else:
            status = 206 if errors else 200
        return Answer(status, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(told).encode())

    def _refusal(self, envelope: Any) -> tuple[int, str]:
        """Status and words with which an envelope is refused; 0 for one that is taken."""
        try:
            if envelope["iKey"] != KEY:
                return 400, "Invalid instrumentation key"
            if len(json.dumps(envelope, ensure_ascii=False).encode()) > 65_536:
                return 400, "Telemetry item is larger than 65536 bytes"
            if not _TIME.fullmatch(envelope["time"]) or not isinstance(envelope["tags"], dict):
                return 400, "103: Field 'time' or 'tags' is invalid"
            return self._refusal_of_data(envelope["data"])
        except (KeyError, TypeError):
            return 400, "100: a field is missing"

    def _refusal_of_data(self, data: dict[str, Any]) -> tuple[int, str]:
        base = data["baseData"]
        if base["ver"] != 2:
            return 400, "106: Field 'ver' is invalid"
        if data["baseType"] == "MetricData":
            return 0, ""
        for name, value in base.get("properties", {}).items():
            if not name or len(name) > 150 or not isinstance(value, str) or len(value) > 8192:
                return 400, f"109: Field 'properties' is invalid: {name[:20]}"
        if data["baseType"] not in ("MessageData", "ExceptionData", "EventData"):
            return 400, "105: Unknown type"
        message = _message(data)
        if not message or len(message) > 32_768:
            return 400, "109: Field 'message' is invalid"
        if base.get("severityLevel", 0) not in range(5):
            return 400, "108: Field 'severityLevel' is invalid"
        return next(((status, "for the test") for part, status in self.refuses.items() if part in message), (0, ""))


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _message(data: dict[str, Any]) -> str:
    base = data["baseData"]
    if data["baseType"] == "ExceptionData":
        return str(base["exceptions"][0]["message"])
    return str(base["name" if data["baseType"] == "EventData" else "message"])


def messages_at_azure(intake: AzureIntake) -> list[str]:
    """What the envelopes say."""
    return [_message(envelope["data"]) for envelope in intake.envelopes]


def arrived_at_azure(envelopes: Sequence[dict[str, Any]], service: str) -> list[Arrived]:
    """Envelopes as the conformance kit has them."""
    found = []
    for envelope in list(envelopes):
        data, tags = envelope["data"], envelope["tags"]
        if tags.get("ai.cloud.role") != service:
            continue
        moment = datetime.fromisoformat(envelope["time"].replace("Z", "+00:00"))
        found.append(
            Arrived(
                body=_message(data),
                attributes=data["baseData"]["properties"],
                severity_number=_SEVERITY_NUMBERS[data["baseData"].get("severityLevel", 0)],
                timestamp=round(moment.timestamp() * 10**6) * 1000,
                trace_id=tags["ai.operation.id"],
                span_id=tags["ai.operation.parentId"],
            )
        )
    return found
