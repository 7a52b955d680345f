"""An intake of OTLP over HTTP.

Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)

from servers.http import Answer, Request, ScriptedServer
from servers.otlp import as_otlp_json
from servers.otlp_json import logs_of

from .intake import Intake


class OtlpIntake(Intake):
    """Takes what has the right path, content type, encoding and header; refuses the rest.

    Attributes:
        path: Where logs are taken.
        header: A header's lower-case name and its value, without which it answers 401; None for none.
        max_bytes: Of a request, decompressed.
        rejects: How many records of each request it refuses, by a partial success.
    """

    def __init__(self, server: ScriptedServer) -> None:
        super().__init__(server)
        self.records: list[dict[str, object]] = []
        self.path = "/v1/logs"
        self.header: tuple[str, str] | None = None
        self.max_bytes = 4 * 1024 * 1024
        self.rejects = 0

    def respond(self, request: Request) -> Answer:
        refusal = self._refusal(request)
        if refusal:
            return Answer(refusal)
        try:
            message = ExportLogsServiceRequest.FromString(request.body)
        except DecodeError:
            return Answer(400, body=b"no ExportLogsServiceRequest")
        records = list(logs_of(as_otlp_json(message)))
        self.records += records[self.rejects :]
        partial = ExportLogsPartialSuccess(rejected_log_records=self.rejects, error_message="refused")
        response = ExportLogsServiceResponse(partial_success=partial if self.rejects else None)
        return Answer(200, {"Content-Type": "application/x-protobuf"}, response.SerializeToString())

    def _refusal(self, request: Request) -> int | None:
        if request.path != self.path:
            return 404
        if self.header is not None and request.headers.get(self.header[0]) != self.header[1]:
            return 401
        if request.headers.get("content-type") != "application/x-protobuf":
            return 415
        if request.headers.get("content-encoding", "identity") not in ("identity", "gzip"):
            return 415
        return 413 if len(request.body) > self.max_bytes else None
