"""Datadog's intake of logs, version 2.

Sources: https://docs.datadoghq.com/api/latest/logs/#send-logs, datadog-api-client-python v2/api/logs_api.py (limits,
answers), https://docs.datadoghq.com/logs/log_configuration/pipelines/ (reserved attributes), datadog-agent
pkg/opentelemetry-mapping-go/otlp/logs/transform.go (what of a record becomes what).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from logcapy import environment
from logcapy._version import __version__
from logcapy.attributes import TRUNCATED
from logcapy.config.destinations.datadog import DatadogConfig
from logcapy.types import Outcome, Payload, Record, Retry

from ._http import Answer
from ._http_exporter import HttpPayloadExporter
from ._json_events import array_of, encode_event, halves_of, identifiers, moment, pack_events, severity_number
from ._plain_value import PlainValues

MAX_PAYLOAD_BYTES = 5_000_000
MAX_RECORDS = 1000
#: A longer one is cut by Datadog and answered with 202.
MAX_RECORD_BYTES = 1_000_000

_RETRY_STATUSES = (408, 429, 500, 502, 503, 504)
_STATUSES = ("info", "trace", "debug", "info", "warn", "error", "fatal")
#: What Datadog reads as something else than an attribute; an attribute of this name becomes ``attributes.<name>``.
_RESERVED = frozenset(
    (
        "ddsource",
        "ddtags",
        "message",
        "host",
        "hostname",
        "syslog.hostname",
        "service",
        "syslog.appname",
        "status",
        "severity",
        "level",
        "syslog.severity",
        "@timestamp",
        "timestamp",
        "_timestamp",
        "Timestamp",
        "eventTime",
        "date",
        "published_date",
        "syslog.timestamp",
        "dd.trace_id",
        "dd.span_id",
        "contextMap.dd.trace_id",
        "trace_id",
    )
)
_TAGS = {"deployment.environment": "env", "deployment.environment.name": "env", "service.version": "version"}
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class DatadogLogRecordExporter(HttpPayloadExporter):
    """Sends log records to Datadog. Without arguments it does what ``LOGCAPY_DATADOG_*`` and ``DD_*`` say.

    That Datadog takes a payload does not say that it indexes each log of it.

    Args:
        config: Where to; None reads the environment.
        fields: Those of :class:`DatadogConfig`, over the environment.

    Raises:
        ConfigError: A setting cannot be used.
    """

    name = "datadog"

    def __init__(self, config: DatadogConfig | None = None, **fields: Any) -> None:
        config = config or environment.destination_config(DatadogConfig, fields)
        super().__init__(
            config.url,
            config,
            {
                "DD-API-KEY": config.api_key,
                "DD-EVP-ORIGIN": "logcapy",
                "DD-EVP-ORIGIN-VERSION": __version__,
                "Content-Type": "application/json",
            },
            use_gzip=True,
            retry_statuses=_RETRY_STATUSES,
            read_answer=self._read_answer,
        )
        self._config = config

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        """Arrays of at most 1,000 logs and 5 MB."""
        return pack_events(
            records,
            lambda record: encode_event(record, self._event, _mark, MAX_RECORD_BYTES),
            max_bytes=MAX_PAYLOAD_BYTES,
            max_records=MAX_RECORDS,
            around=(b"[", b",", b"]"),
        )

    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:
        """Two arrays with the logs of one."""
        return halves_of(array_of(body))

    def _read_answer(self, answer: Answer) -> Outcome | None:
        """Datadog tells in a header of its own how many seconds to wait; it has no Retry-After."""
        reset = answer.headers.get("X-Ratelimit-Reset", "")
        if answer.status == 429 and reset.isascii() and reset.isdigit():
            return Retry(self._transport.reasons.reason("HTTP 429"), min(float(reset[:6]), 86_400.0))
        return None

    def _event(self, record: Record, values: PlainValues, with_attributes: bool) -> dict[str, Any]:
        log = record.log_record
        number, at = severity_number(record), moment(record)
        resource = values.flat(record.resource.attributes if record.resource else None)
        event: dict[str, Any] = {
            "message": values.body(log.body),
            "status": _STATUSES[(number + 3) // 4],
            "ddsource": "python",
            **self._origin(resource),
        }
        if at is not None:
            event["@timestamp"] = (
                f"{_EPOCH + timedelta(milliseconds=at // 10**6):%Y-%m-%dT%H:%M:%S}.{at // 10**6 % 1000:03}Z"
            )
            event["otel.timestamp"] = str(at)
        if number:
            event["otel.severity_number"] = str(number)
        for name, value in (("otel.severity_text", log.severity_text), ("otel.event_name", log.event_name)):
            if value:
                event[name] = values.text(value)
        scope = record.instrumentation_scope
        if scope is not None and scope.name:
            event["otel.scope.name"] = values.text(scope.name)
        event.update(_trace(record))
        if with_attributes:
            for name, value in {**resource, **values.flat(log.attributes)}.items():
                event[name if name not in _RESERVED and name not in event else f"attributes.{name}"] = value
        return event

    def _origin(self, resource: dict[str, Any]) -> dict[str, str]:
        """Service, host and tags. The SDK calls a service that nobody has named ``unknown_service``."""
        service = str(resource.get("service.name", ""))
        if self._config.service and (not service or service.startswith("unknown_service")):
            service = self._config.service
        tags = {tag: resource[name] for name, tag in _TAGS.items() if resource.get(name)}
        if self._config.env:
            tags.setdefault("env", self._config.env)
        joined = ",".join(f"{tag}:{str(value).replace(',', '_')}" for tag, value in tags.items())
        named = {"service": service, "hostname": str(resource.get("host.name", "")), "ddtags": joined}
        return {name: value for name, value in named.items() if value}


def _mark(event: dict[str, Any]) -> None:
    event[TRUNCATED] = True


def _trace(record: Record) -> dict[str, str]:
    """Ids as Datadog's tracer has them, the lower 64 bits in decimal, and OpenTelemetry's beside them."""
    trace_id, span_id = identifiers(record)
    found: dict[str, str] = {}
    if trace_id:
        found |= {"dd.trace_id": str(trace_id & (1 << 64) - 1), "otel.trace_id": f"{trace_id:032x}"}
    if span_id:
        found |= {"dd.span_id": str(span_id), "otel.span_id": f"{span_id:016x}"}
    return found
