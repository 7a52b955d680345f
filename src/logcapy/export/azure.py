"""Azure Monitor: Application Insights, by Microsoft's exporter.

Sources: azure-monitor-opentelemetry-exporter 1.0.0b58 (statuses, lengths);
https://learn.microsoft.com/azure/azure-monitor/service-limits#application-insights (64 KB a telemetry item).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from logcapy import environment
from logcapy.attributes import EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE, TRUNCATED
from logcapy.config.destinations.azure import AzureConfig
from logcapy.errors import ConfigError
from logcapy.exporter import PayloadExporter
from logcapy.types import Broken, Delivered, Outcome, Payload, Record, Rejected, Retry, TooLarge

from ._json_events import array_of, encode_event, halves_of, identifiers, moment, pack_events, severity_number
from ._per_process import PerProcess
from ._plain_value import PlainValues, to_json
from ._reason import Reasons
from ._retry_after import retry_after_seconds

if TYPE_CHECKING:
    from ._azure_client import AzureClient

MAX_PAYLOAD_BYTES = 1_000_000
#: Azure refuses an item of more than 65,536 bytes; the key comes on top.
MAX_RECORD_BYTES = 64_000
#: Microsoft's exporter leaves out an attribute with a longer name, and cuts longer values without a word.
_LONGEST_NAME, _LONGEST_VALUE, _LONGEST_TEXT = 150, 8 * 1024, 32 * 1024
#: What has the longest texts: the body, and what becomes an exception's own fields.
_TEXTS = frozenset(("", EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE))

_RETRY = frozenset((408, 429, 500, 502, 503, 504))
_SET_UP = frozenset((307, 308, 401, 403, 404))


class AzureLogRecordExporter(PayloadExporter):
    """Sends log records to Application Insights. Needs ``logcapy[azure]``.

    Where an answer is lost the request is sent again, and its records may be there twice.

    Args:
        config: Where to; None reads the environment.
        fields: Those of :class:`AzureConfig`, over the environment.

    Raises:
        ConfigError: A setting cannot be used, or Microsoft's exporter is missing.
    """

    name = "azure"

    def __init__(self, config: AzureConfig | None = None, **fields: Any) -> None:
        self._config = config or environment.destination_config(AzureConfig, fields)
        super().__init__(self._config.timeout / 1000)
        self._client = PerProcess(self._open_client)
        self.destination = self._client.get().endpoint
        self._reasons = Reasons(self.destination, [part.partition("=")[2] for part in self._secrets()])
        #: Of a payload that was taken in part: its body, the places of what is to be sent again, and what was refused.
        self._partly: tuple[bytes, list[int], int] = (b"", [], 0)
        self._resource: tuple[object, Resource] = (None, Resource({}))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.destination!r})"

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        """Arrays of at most 1 MB, of envelopes without the key."""
        return pack_events(
            records,
            lambda record: encode_event(record, self._envelope, _mark, MAX_RECORD_BYTES),
            max_bytes=MAX_PAYLOAD_BYTES,
            max_records=len(records),
            around=(b"[", b",", b"]"),
        )

    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:
        """Two arrays with the envelopes of one."""
        return halves_of(array_of(body))

    def send(self, payload: Payload, deadline: float) -> Outcome:
        """Send once; of a payload that was taken in part, what is to be sent again."""
        from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

        seconds = min(self.timeout_seconds, deadline - time.monotonic())
        if seconds <= 0:
            return Retry(self._reasons.reason("no time was left to send"))
        envelopes = array_of(payload.body)
        if envelopes is None:
            return Rejected(len(payload.records), self._reasons.reason("not sent, as it is no array of envelopes"))
        body, left, refused = self._partly
        if body != payload.body:
            left, refused = [*range(len(envelopes))], 0
        answer: Any
        try:
            answer = self._client.get().track([envelopes[place] for place in left], seconds)
        except ClientAuthenticationError as error:
            return Broken(self._reasons.reason("no credentials", str(error)))
        except HttpResponseError as error:  # it says that it is JSON, and is not
            answer = error.response
        except AzureError as error:
            reason = self._reasons.reason("no answer", str(error))
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                return Broken(reason)
            return Retry(reason, unreachable=True)
        return self._outcome(payload.body, answer, left, refused)

    def shutdown(self) -> None:
        """End, and let go of the connections."""
        super().shutdown()
        client = self._client.take()
        if client is not None:
            client.close()

    def _outcome(self, body: bytes, answer: Any, left: list[int], refused: int) -> Outcome:
        status = int(answer.status_code)
        errors = _errors(answer.content)
        message = next((str(error.get("message", "")) for error in errors or ()), "")
        reason = self._reasons.reason(f"HTTP {status}", message)
        if status in (200, 206):
            if errors is None:
                return Retry(self._reasons.reason(f"HTTP {status} with an answer that cannot be read"), status=status)
            again = [*dict.fromkeys(left[error["index"]] for error in errors if _may_come_again(error, len(left)))]
            refused += min(len(errors), len(left)) - len(again)
            if again:
                self._partly = (body, again, refused)
                return Retry(reason, retry_after_seconds(answer.headers), status=status)
            self._partly = (b"", [], 0)
            return Rejected(refused, reason, status=status) if refused else Delivered(status=status)
        if status in _RETRY:
            return Retry(reason, retry_after_seconds(answer.headers), status=status)
        if status in _SET_UP:
            return Broken(reason, status=status)
        if status == 413:
            return TooLarge(reason, status=status)
        return Rejected(refused + len(left), reason, status=status)

    def _envelope(self, record: Record, values: PlainValues, with_attributes: bool) -> dict[str, Any]:
        """By Microsoft's exporter, of a copy in which nothing is that it could stumble over."""
        log = record.log_record
        scope = record.instrumentation_scope
        trace_id, span_id = identifiers(record)
        plain = LogRecord(
            timestamp=moment(record) or time.time_ns(),
            severity_number=SeverityNumber(severity_number(record)),
            body=_cut("", values.body(log.body), values),
            context=Context(),
        )
        plain.trace_id, plain.span_id = trace_id, span_id
        attributes = {"event.name": values.text(log.event_name)} if log.event_name else {}
        attributes |= values.flat(log.attributes) if with_attributes else {}
        if EXCEPTION_STACKTRACE in attributes:  # it goes with an exception, or is left out
            attributes.setdefault(EXCEPTION_TYPE, "Exception")
        plain.attributes = {name[:_LONGEST_NAME]: _cut(name, value, values) for name, value in attributes.items()}
        named = InstrumentationScope(values.text(scope.name)) if scope is not None else None
        return self._client.get().envelope(ReadableLogRecord(plain, self._resource_of(record), named))

    def _resource_of(self, record: Record) -> Resource:
        """What can be said of the record's resource; it is the same for many records."""
        given, plain = self._resource
        if given is not record.resource:
            given = record.resource
            known = PlainValues(1024, 16 * 1024).flat(given.attributes if given is not None else None)
            plain = Resource({name: value for name, value in known.items() if isinstance(value, (str, int, float))})
            self._resource = (given, plain)
        return plain

    def _open_client(self) -> AzureClient:
        try:
            from ._azure_client import AzureClient
        except ImportError:
            raise ConfigError("azure", "azure.monitor", "install it: pip install 'logcapy[azure]'") from None
        try:
            return AzureClient(self._config.connection_string)
        except ValueError as error:  # it quotes nothing
            raise ConfigError("connection_string", "", f"a connection string; {error}") from None

    def _secrets(self) -> list[str]:
        parts = self._config.connection_string.split(";")
        return [part for part in parts if part.lower().startswith("instrumentationkey")]


def _cut(name: str, value: Any, values: PlainValues) -> str:
    """The value as text, as long as Azure keeps it; that it was cut is told in ``values``."""
    text = value if isinstance(value, str) else to_json(value).decode()
    most = _LONGEST_TEXT if name in _TEXTS else _LONGEST_VALUE
    values.cut = values.cut or len(text) > most
    return text[:most]


def _mark(envelope: dict[str, Any]) -> None:
    envelope["data"]["baseData"].setdefault("properties", {})[TRUNCATED] = "true"


def _errors(content: bytes) -> list[dict[str, Any]] | None:
    """What an answer says of single items: their index, status and a message; None if it cannot be read."""
    try:
        return [error for error in json.loads(content).get("errors") or [] if isinstance(error, dict)]
    except (ValueError, AttributeError, TypeError):
        return None


def _may_come_again(error: dict[str, Any], count: int) -> bool:
    index = error.get("index")
    known = isinstance(index, int) and 0 <= index < count
    return known and error.get("statusCode") in (*_RETRY, 401, 403)
