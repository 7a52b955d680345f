"""Google Cloud Logging's LoggingServiceV2, of which WriteLogEntries.

Sources: https://cloud.google.com/logging/quotas (10 MB a request, 256 KB an entry, 64 labels of 512 bytes and 64 KB);
https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry (a day in the future, de-duplication by insertId and
timestamp within a log); the protos of google-cloud-logging (logging.proto: log_name, partial_success,
WriteLogEntriesPartialErrors; log_entry.proto: trace, span_id); https://github.com/googleapis/google-cloud-go/issues/9479
(what is said of a request that is too large).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
from google.cloud.logging_v2.types import (
    WriteLogEntriesPartialErrors,
    WriteLogEntriesRequest,
    WriteLogEntriesResponse,
)
from google.logging.type.log_severity_pb2 import LogSeverity
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from logcapy.testing.conformance import Arrived, Fault

PROJECT = "shop-project"

_DAY_SECONDS = 86_400
_LABELS = {
    "k8s_container": {"location", "cluster_name", "namespace_name", "pod_name", "container_name"},
    "generic_task": {"location", "namespace", "job", "task_id"},
    "generic_node": {"location", "namespace", "node_id"},
}
_SEVERITY_NUMBERS = {"DEFAULT": 0, "DEBUG": 5, "INFO": 9, "NOTICE": 11, "WARNING": 13, "ERROR": 17, "CRITICAL": 21}
_CODES = {
    Fault.BAD_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
    Fault.UNAUTHORIZED: grpc.StatusCode.UNAUTHENTICATED,
    Fault.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
}
_METHOD = "/google.logging.v2.LoggingServiceV2/WriteLogEntries"


class GcpIntake:
    """Takes entries of one project; refuses what the real one refuses, and writes each insert id once.

    Attributes:
        logs: What was written.
        requests: What came, decoded.
        fault: What it does instead.
        refuses: Codes with which it refuses entries, by a part of their message.
        loses_answers: How many requests it is to write and then answer by UNAVAILABLE.

    Args:
        credentials: With these it speaks TLS.
        token: The access token without which it answers UNAUTHENTICATED; None for none.
    """

    def __init__(self, credentials: grpc.ServerCredentials | None = None, token: str | None = None) -> None:
        self.logs: list[Any] = []
        self.requests: list[Any] = []
        self.fault = Fault.NONE
        self.refuses: dict[str, int] = {}
        self.loses_answers = 0
        self._ids: set[tuple[str, str, int]] = set()
        # A whole request of more than 10 MB reaches the service, which says so in its own words.
        options = (("grpc.max_receive_message_length", 64 * 1024 * 1024), ("grpc.so_reuseport", 0))
        self.server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[_Handler(self)], options=options)
        self._token = token
        if credentials is None:
            self.url = f"http://127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        else:
            self.url = f"https://localhost:{self.server.add_secure_port('127.0.0.1:0', credentials)}"
        self.server.start()

    def write(self, body: bytes, context: grpc.ServicerContext) -> bytes:
        if self.fault is not Fault.NONE:
            _fail(self.fault, context)
        given = dict(context.invocation_metadata()).get("authorization")
        if self._token is not None and given != f"Bearer {self._token}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "Request had invalid authentication credentials.")
        if len(body) > 10 * 1024 * 1024:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Request payload size exceeds the limit: 10485760 bytes.")
        request = WriteLogEntriesRequest.pb(WriteLogEntriesRequest.deserialize(body))
        self.requests.append(request)
        matched = re.fullmatch(r"projects/([^/]+)/logs/([A-Za-z0-9_.%-]+)", request.log_name)
        if not matched or not request.entries:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The log name or the entries are missing")
        errors = {index: error for index, entry in enumerate(request.entries) if (error := self._error(request, entry))}
        if not errors or request.partial_success:
            self._keep(request, errors)
        if self.loses_answers > 0:
            self.loses_answers -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "Connection reset by peer")
        if errors:
            first = next(iter(errors.values()))
            partial = WriteLogEntriesPartialErrors.pb(WriteLogEntriesPartialErrors())
            for index, error in errors.items():
                partial.log_entry_errors[index].CopyFrom(error)
            _abort(context, first.code, first.message, partial if request.partial_success else None)
        return WriteLogEntriesResponse.serialize(WriteLogEntriesResponse())

    def _error(self, request: Any, entry: Any) -> Status | None:
        if request.log_name.split("/")[1] != PROJECT:  # told of each entry
            return Status(code=7, message="Permission 'logging.logEntries.create' denied")
        message = MessageToDict(entry.json_payload).get("message", "")
        code = next((code for part, code in self.refuses.items() if part in message), None)
        if code is not None:
            return Status(code=code, message="refused for the test")
        refusal = _refusal({**request.labels, **entry.labels}, entry)
        return Status(code=3, message=refusal) if refusal else None

    def _keep(self, request: Any, errors: dict[int, Status]) -> None:
        for index, entry in enumerate(request.entries):
            key = (request.log_name, entry.insert_id, entry.timestamp.ToNanoseconds())
            if index not in errors and not (entry.insert_id and key in self._ids):
                self._ids.add(key)
                self.logs.append(entry)


def _refusal(labels: dict[str, str], entry: Any) -> str:
    """Why an entry is refused; nothing if it is not."""
    if entry.ByteSize() > 256 * 1024:
        return f"Log entry with size {entry.ByteSize() / 1024:.1f}K exceeds maximum size of 256.0K"
    if len(labels) > 64 or any(len(k.encode()) > 512 or len(v.encode()) > 65536 for k, v in labels.items()):
        return "Too many or too long labels"
    if entry.timestamp.ToNanoseconds() > time.time_ns() + _DAY_SECONDS * 10**9:
        return "Log entry timestamp is more than a day in the future"
    if entry.trace and not re.fullmatch(rf"projects/{PROJECT}/traces/[0-9a-f]{{32}}", entry.trace):
        return "Invalid trace"
    if entry.span_id and not re.fullmatch(r"[0-9a-f]{16}", entry.span_id):
        return "Invalid span id"
    if set(entry.resource.labels) != _LABELS.get(entry.resource.type):
        return "Unknown monitored resource type or label"
    return "" if entry.WhichOneof("payload") else "Log entry payload is empty"


def _fail(fault: Fault, context: grpc.ServicerContext) -> None:
    if fault in (Fault.HANG, Fault.CUT):
        over = futures.Future()
        context.add_callback(lambda: over.set_result(None))
        futures.wait([over], 0 if fault is Fault.CUT else 60)
        context.abort(grpc.StatusCode.UNAVAILABLE, "Connection reset by peer")
    if fault is Fault.TOO_MANY:
        _abort(context, 8, "Quota exceeded for quota metric", RetryInfo(retry_delay=Duration(seconds=7)))
    if fault is Fault.TOO_LARGE:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Request payload size exceeds the limit: 10485760 bytes.")
    context.abort(_CODES[fault], "as the test wants it")


def _abort(context: grpc.ServicerContext, code: int, message: str, detail: Any) -> None:
    status = Status(code=code, message=message)
    if detail is not None:
        status.details.add().Pack(detail)
    context.abort_with_status(rpc_status.to_status(status))


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, intake: GcpIntake) -> None:
        self._intake = intake

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        return (
            grpc.unary_unary_rpc_method_handler(self._intake.write) if handler_call_details.method == _METHOD else None
        )


@contextmanager
def gcp_intake(credentials: grpc.ServerCredentials | None = None, token: str | None = None) -> Iterator[GcpIntake]:
    """A fake that listens on 127.0.0.1."""
    intake = GcpIntake(credentials, token)
    try:
        yield intake
    finally:
        intake.server.stop(0).wait()


def arrived_at_gcp(logs: Sequence[Any], service: str) -> list[Arrived]:
    """Entries as the conformance kit has them."""
    found = []
    for entry in list(logs):
        payload = MessageToDict(entry.json_payload)
        if payload.get("resource", {}).get("service.name") != service:
            continue
        found.append(
            Arrived(
                body=payload.get("message", ""),
                attributes=payload["attributes"],
                severity_number=_SEVERITY_NUMBERS.get(LogSeverity.Name(entry.severity)),
                timestamp=entry.timestamp.ToNanoseconds(),
                trace_id=entry.trace.rpartition("/")[2] or None,
                span_id=entry.span_id or None,
            )
        )
    return found
