"""Splunk's HTTP Event Collector, with the indexer's acknowledgement.

Sources: https://help.splunk.com, "Format events for HTTP Event Collector", "Troubleshoot HTTP Event Collector"
(answers), "About HTTP Event Collector Indexer Acknowledgment"; opentelemetry-collector-contrib
exporter/splunkhecexporter (what of a record becomes what).
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from logcapy import environment
from logcapy._guard import say_once
from logcapy.attributes import TRUNCATED
from logcapy.config.destinations.splunk import SplunkConfig
from logcapy.types import Delivered, Outcome, Payload, Record, Retry

from ._http import HttpTransport
from ._http_exporter import HttpPayloadExporter
from ._json_events import encode_event, identifiers, moment, pack_events, severity_number
from ._plain_value import PlainValues, to_json
from ._splunk_answers import RETRY_STATUSES, SplunkAnswers

#: What Splunk Cloud advises; the limit of a server of one's own is higher.
MAX_PAYLOAD_BYTES = 1_000_000
_MAX_RECORDS = 10_000
_ACK_PAUSE_SECONDS = 0.25
_LONGEST_ACK_PAUSE_SECONDS = 2.0
#: An event that is blank is refused (code 13).
_NO_MESSAGE = "(no message)"


class SplunkLogRecordExporter(HttpPayloadExporter):
    """Sends log records to Splunk's HTTP Event Collector. Without arguments it does what ``LOGCAPY_SPLUNK_*`` say.

    With ``acknowledge`` a payload is delivered once its indexer says so. Where it does not in time, the payload is sent
    again, and its events may be there twice.

    Args:
        config: Where to; None reads the environment.
        fields: Those of :class:`SplunkConfig`, over the environment.

    Raises:
        ConfigError: A setting cannot be used.
    """

    name = "splunk"

    def __init__(self, config: SplunkConfig | None = None, **fields: Any) -> None:
        config = config or environment.destination_config(SplunkConfig, fields)
        headers = {"Authorization": f"Splunk {config.token}", "Content-Type": "application/json"}
        if config.acknowledge:
            headers["X-Splunk-Request-Channel"] = str(uuid.uuid4())
        self._answers = SplunkAnswers()
        options: dict[str, Any] = {"use_gzip": True, "retry_statuses": RETRY_STATUSES}
        super().__init__(
            f"{config.url}/event",
            config,
            headers,
            read_answer=lambda answer: self._answers.read(answer, self._transport.reasons),
            **options,
        )
        self._acks: HttpTransport = self._transport_to(
            f"{config.url}/ack",
            config,
            headers,
            read_answer=lambda answer: self._answers.read(answer, self._acks.reasons),
            **options,
        )
        self._config = config
        named = (("index", config.index), ("source", config.source), ("sourcetype", config.sourcetype))
        self._metadata = {name: value for name, value in named if value}
        self._ending = threading.Event()

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        """Events on a line each, at most 1 MB of them."""
        return pack_events(
            records,
            lambda record: encode_event(record, self._event, _mark, MAX_PAYLOAD_BYTES // 2),
            max_bytes=MAX_PAYLOAD_BYTES,
            max_records=_MAX_RECORDS,
            around=(b"", b"\n", b"\n"),
        )

    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:
        """Two payloads with the lines of one."""
        lines = [line for line in body.split(b"\n") if line]
        if len(lines) < 2 or not all(line.startswith(b"{") and line.endswith(b"}") for line in lines):
            return None
        middle = len(lines) // 2
        return [(b"\n".join(half) + b"\n", len(half)) for half in (lines[:middle], lines[middle:])]

    def send(self, payload: Payload, deadline: float) -> Outcome:
        """Send once, and with ``acknowledge`` ask until the indexer has it or the time is over."""
        self._answers.forget()
        outcome = super().send(payload, deadline)
        if not self._config.acknowledge or not isinstance(outcome, Delivered):
            return outcome
        ack_id = self._answers.ack_id
        if ack_id is None:
            say_once("splunk:ack", "splunk: the token has no acknowledgement switched on; what is taken counts as sent")
            return outcome
        return self._acknowledged(ack_id, len(payload.records), deadline)

    def shutdown(self) -> None:
        """End, and close the connections."""
        self._ending.set()
        super().shutdown()
        self._acks.close()

    def _acknowledged(self, ack_id: int, count: int, deadline: float) -> Outcome:
        pause = _ACK_PAUSE_SECONDS
        while True:
            outcome = self._acks.post(to_json({"acks": [ack_id]}), count, deadline)
            if not isinstance(outcome, Retry):
                return outcome
            if time.monotonic() + pause >= deadline or self._ending.wait(pause):
                return Retry(self._acks.reasons.reason("not acknowledged in time, its events may be there twice"))
            pause = min(2 * pause, _LONGEST_ACK_PAUSE_SECONDS)

    def _event(self, record: Record, values: PlainValues, with_attributes: bool) -> dict[str, Any]:
        log = record.log_record
        resource = values.flat(record.resource.attributes if record.resource else None)
        trace_id, span_id = identifiers(record)
        scope = record.instrumentation_scope
        body = values.body(log.body)
        fields: dict[str, Any] = {}
        if with_attributes:
            fields = {
                name: _as_field(value, values) for name, value in {**resource, **values.flat(log.attributes)}.items()
            }
        fields |= {
            "otel.log.severity.number": severity_number(record),
            "otel.log.severity.text": values.text(log.severity_text or ""),
            "otel.log.name": values.text(log.event_name or ""),
            "otel.scope.name": values.text(scope.name if scope is not None else ""),
            "trace_id": f"{trace_id:032x}" if trace_id else "",
            "span_id": f"{span_id:016x}" if span_id else "",
        }
        event: dict[str, Any] = {
            "host": resource.get("host.name"),
            **self._metadata,
            "event": body if body.strip() else _NO_MESSAGE,
            "fields": {name: value for name, value in fields.items() if value not in (None, "", 0) or name in resource},
        }
        at = moment(record)
        if at is not None:
            event["time"] = round(at / 10**9, 3)
        return {name: value for name, value in event.items() if value is not None}


def _mark(event: dict[str, Any]) -> None:
    event["fields"][TRUNCATED] = "true"  # a boolean is refused, and so is a name that Splunk does not know beside them


def _as_field(value: Any, values: PlainValues) -> str | int | float | list[str] | None:
    """A field holds a text, a number or a list of texts; anything else is refused (code 15)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return value
    if isinstance(value, list):
        return [values.body(each) for each in value]
    return None if value is None else values.body(value)
