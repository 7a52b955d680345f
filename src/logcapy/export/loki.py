"""Loki's own push API.

Source: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from urllib3.util import make_headers

from logcapy import environment
from logcapy.config.destinations.loki import LokiConfig
from logcapy.types import Outcome, Payload, Record, Rejected

from ._fields import Fields, fields_of
from ._http import Answer, plain_message
from ._http_exporter import HttpPayloadExporter
from ._loki_entries import Entry, entry_of, own_tenant, stream_labels
from ._loki_otlp import LokiOtlp
from ._loki_protobuf import push_request, snappy_block
from ._moments import Moments
from ._otlp_response import status_message
from ._split import split_logs

#: A tenant may send 4 MB a second, in bursts of 6, unless Loki is told otherwise. A request has less than the first;
#: only one record whose text is control characters, each of which is six bytes of JSON, comes near the second.
_USUAL_MAX_BYTES = 1024 * 1024
MAX_BYTES = 4 * 1024 * 1024
_PUSH_PATH, _OTLP_PATH = "/loki/api/v1/push", "/otlp/v1/logs"
_RETRY_STATUSES = frozenset((429, *range(500, 600)))
#: Loki's own status for a tenant that is not allowed to send: a success to everybody else.
_BLOCKED = 260
#: How Loki counts entries that it refused beside those that it stored.
_ERRORS_LIKE = re.compile(r"(\d+) errors like: ")
_IGNORED = re.compile(r"total ignored: (\d+) out of \d+")
_OF_ONE = re.compile(r"entry (?:for stream|with timestamp)|stream '|max entry size")


class LokiLogRecordExporter(HttpPayloadExporter):
    """Sends log records to Loki. A record's text is the line, a few attributes are labels, all else is metadata.

    Args:
        config: Where to, and how. Default: what ``LOGCAPY_LOKI_*`` say.
        **fields: Fields of :class:`LokiConfig`, which win over the variables.

    Raises:
        ConfigError: A setting cannot be used.
    """

    name = "loki"

    def __init__(self, config: LokiConfig | None = None, **fields: Any) -> None:
        config = config or environment.destination_config(LokiConfig, fields)
        is_otlp = config.format == "otlp"
        headers = {"Content-Type": "application/json" if config.format == "json" else "application/x-protobuf"}
        if config.username:
            headers |= make_headers(basic_auth=f"{config.username}:{config.password or ''}")
        super().__init__(
            f"{config.endpoint.rstrip('/')}{_OTLP_PATH if is_otlp else _PUSH_PATH}",
            config,
            headers,
            use_gzip=config.format != "protobuf",
            retry_statuses=_RETRY_STATUSES,
            read_answer=self._read_answer,
            read_message=self._message,
        )
        self._config = config
        self._otlp = LokiOtlp() if is_otlp else None
        #: Loki takes an entry for the same as another of its stream with the same timestamp, line and metadata.
        self._moments = Moments()

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        """Payloads of about 1 MiB, each of one tenant; order is kept within a stream.

        A body is the tenant, a line break and the request, which is an OTLP one or else in JSON.
        """
        if self._otlp is not None:
            yield from self._otlp_payloads(self._otlp, records)
            return
        open_requests: dict[str, _Request] = {}
        for record in records:
            entry = entry_of(fields_of(record), self._config)
            text = self._entry_text(entry)
            request = open_requests.get(entry.tenant)
            if request is not None and not request.has_room(entry, text):
                yield open_requests.pop(entry.tenant).payload()
                request = None
            if request is None:
                request = open_requests[entry.tenant] = _Request(entry.tenant)
            request.add(record, entry, text)
        for request in open_requests.values():
            yield request.payload()

    def _otlp_payloads(self, otlp: LokiOtlp, records: Sequence[Record]) -> Iterator[Payload]:
        by_tenant: dict[str, list[tuple[Record, Fields, int]]] = {}
        for record in records:
            fields = fields_of(record)
            tenant = own_tenant(fields, self._config) or self._config.tenant or ""
            timestamp = self._moments.free((tenant, stream_labels(fields, self._config.labels)), fields.timestamp)
            by_tenant.setdefault(tenant, []).append((record, fields, timestamp))
        for tenant, of_tenant in by_tenant.items():
            for payload in otlp.payloads(of_tenant, _USUAL_MAX_BYTES - len(tenant) - 1):
                yield Payload(f"{tenant}\n".encode() + payload.body, payload.records)

    def _entry_text(self, entry: Entry) -> str:
        timestamp = self._moments.free((entry.tenant, entry.labels), entry.timestamp)
        return f'["{timestamp}",{_dumps(entry.line)},{_dumps(entry.metadata)}]'

    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:
        """Two requests with the entries of one."""
        if self._otlp is not None:
            tenant_line, _, content = body.partition(b"\n")
            halves = split_logs(content)
            return halves and [(tenant_line + b"\n" + half, count) for half, count in halves]
        try:
            tenant, request = _opened(body)
            streams = [(one["stream"], value) for one in request["streams"] for value in one["values"]]
        except (ValueError, LookupError, TypeError):
            return None
        middle = len(streams) // 2
        if not middle:
            return None
        return [(_closed(tenant, half), len(half)) for half in (streams[:middle], streams[middle:])]

    def send(self, payload: Payload, deadline: float) -> Outcome:
        """Send once, in the name of the payload's tenant."""
        tenant, _, body = payload.body.partition(b"\n")
        if self._config.format == "protobuf":
            try:
                body = snappy_block(push_request(json.loads(body)))
            except (ValueError, LookupError, TypeError):
                reason = self._transport.reasons.reason("what was on disk is no request of Loki's")
                return Rejected(len(payload.records), reason)
        headers = {"X-Scope-OrgID": tenant.decode("ascii", "replace")} if tenant else None
        return self._transport.post(body, len(payload.records), deadline, headers)

    def _message(self, body: bytes) -> str:
        return (status_message(body) if self._otlp else "") or plain_message(body)

    def _read_answer(self, answer: Answer) -> Outcome | None:
        if answer.status == _BLOCKED:
            return Rejected(answer.records, self._transport.reasons.reason("HTTP 260: the tenant may not send"))
        if answer.status == 400:
            message = self._message(answer.body)
            refused = min(refused_entries(message, answer.records), answer.records)
            return Rejected(refused, self._transport.reasons.reason("HTTP 400", message))
        return None


def refused_entries(message: str, count: int) -> int:
    """How many entries Loki refused, as its message has it; all of them where it refused the request as a whole."""
    counted = [int(number) for number in (*_ERRORS_LIKE.findall(message), *_IGNORED.findall(message))]
    if counted:
        return sum(counted)
    return 1 if _OF_ONE.match(message) else count


class _Request:
    """A request of one tenant under construction."""

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant
        self._streams: dict[tuple[tuple[str, str], ...], list[tuple[Record, str]]] = {}
        self._size = len(tenant) + 32

    def has_room(self, entry: Entry, text: str) -> bool:
        return self._size + self._cost(entry, text) <= _USUAL_MAX_BYTES

    def add(self, record: Record, entry: Entry, text: str) -> None:
        self._size += self._cost(entry, text)
        self._streams.setdefault(entry.labels, []).append((record, text))

    def _cost(self, entry: Entry, text: str) -> int:
        size = len(text.encode()) + 1
        return size if entry.labels in self._streams else size + 32 + len(_dumps(dict(entry.labels)).encode())

    def payload(self) -> Payload:
        streams = ",".join(
            f'{{"stream":{_dumps(dict(labels))},"values":[{",".join(text for _, text in entries)}]}}'
            for labels, entries in self._streams.items()
        )
        records = [record for entries in self._streams.values() for record, _ in entries]
        return Payload(f'{self._tenant}\n{{"streams":[{streams}]}}'.encode(), records)


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _opened(body: bytes) -> tuple[str, Any]:
    tenant, _, request = body.partition(b"\n")
    return tenant.decode("ascii"), json.loads(request)


def _closed(tenant: str, entries: Sequence[tuple[Any, Any]]) -> bytes:
    streams: list[dict[str, Any]] = []
    for stream, value in entries:
        if not streams or streams[-1]["stream"] != stream:
            streams.append({"stream": stream, "values": []})
        streams[-1]["values"].append(value)
    return f"{tenant}\n{_dumps({'streams': streams})}".encode()
