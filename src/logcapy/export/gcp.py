"""Google Cloud Logging: entries.write by Google's own client.

Sources: https://cloud.google.com/logging/docs/reference/v2/rpc/google.logging.v2,
https://cloud.google.com/logging/quotas (limits).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any
from urllib.parse import quote, urlsplit

from logcapy import environment
from logcapy.attributes import TRUNCATED
from logcapy.config.destinations.gcp import GcpConfig
from logcapy.errors import ConfigError
from logcapy.exporter import PayloadExporter
from logcapy.types import Broken, Delivered, Outcome, Payload, Record, Rejected, Retry, TooLarge

from ._gcp_entry import gcp_entry
from ._grpc import MESSAGE_TOO_LARGE, NO_ANSWER, RECONNECT_OPTIONS, TLS_FAILED
from ._json_events import encode_event, pack_events
from ._per_process import PerProcess
from ._protobuf import read_raw_fields
from ._reason import Reasons

#: Half of what is allowed: the intake counts the request in a form of its own, which is larger.
#: Source: https://github.com/googleapis/google-cloud-go/issues/9479
MAX_PAYLOAD_BYTES = 5_000_000
#: Of the 256 KiB, "approximately", that an entry may have.
MAX_RECORD_BYTES = 250_000

_SCOPES = ("https://www.googleapis.com/auth/logging.write",)
_ENTRIES = 4
#: By name and by number. Google's library retries the first, fourth and fifth.
_RETRY = {"DEADLINE_EXCEEDED": 4, "RESOURCE_EXHAUSTED": 8, "ABORTED": 10, "INTERNAL": 13, "UNAVAILABLE": 14}
_SET_UP = {"NOT_FOUND": 5, "PERMISSION_DENIED": 7, "UNIMPLEMENTED": 12, "UNAUTHENTICATED": 16}


class GcpLogRecordExporter(PayloadExporter):
    """Sends log records to Google Cloud Logging. Needs ``logcapy[gcp]``.

    Every entry has an id, by which Google knows one that is sent again.

    Args:
        config: Where to; None reads the environment.
        fields: Those of :class:`GcpConfig`, over the environment.

    Raises:
        ConfigError: A setting cannot be used, or Google's library is missing.
    """

    name = "gcp"

    def __init__(self, config: GcpConfig | None = None, **fields: Any) -> None:
        config = config or environment.destination_config(GcpConfig, fields)
        super().__init__(config.timeout / 1000)
        try:
            from google.cloud.logging_v2.types import WriteLogEntriesRequest
        except ImportError:
            raise ConfigError("gcp", "google.cloud.logging", "install it: pip install 'logcapy[gcp]'") from None
        log_name = f"projects/{config.project}/logs/{quote(config.log, safe='')}"
        head = WriteLogEntriesRequest(log_name=log_name, labels=config.labels, partial_success=True)
        self._head = WriteLogEntriesRequest.serialize(head)
        self._make = gcp_entry(config.project)
        self._url = urlsplit(config.endpoint)
        self.destination = f"{config.endpoint.rstrip('/')}/{log_name}"
        self._reasons = Reasons(self.destination, ())
        self._client = PerProcess(self._open_client)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.destination!r})"

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        """Requests of at most 5 MB, entries of at most 250,000 bytes."""
        from ._gcp_log_entry import log_entry_writer

        prefix = uuid.uuid4().hex
        write = log_entry_writer(f"{prefix}-{number}" for number in count())
        return pack_events(
            records,
            lambda record: encode_event(record, self._make, _mark, MAX_RECORD_BYTES, write),
            max_bytes=MAX_PAYLOAD_BYTES,
            max_records=len(records),
            around=(self._head, b"", b""),
        )

    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:
        """Two requests with the entries of one, under the same ids."""
        try:
            fields = [(number, raw) for number, raw, _ in read_raw_fields(body)]
        except ValueError:
            return None
        entries = [raw for number, raw in fields if number == _ENTRIES]
        if len(entries) < 2:
            return None
        head = b"".join(raw for number, raw in fields if number != _ENTRIES)
        middle = len(entries) // 2
        return [(head + b"".join(half), len(half)) for half in (entries[:middle], entries[middle:])]

    def send(self, payload: Payload, deadline: float) -> Outcome:
        """Send once, without the retries of Google's library."""
        from google.api_core.exceptions import GoogleAPICallError
        from google.cloud.logging_v2.types import WriteLogEntriesRequest
        from google.protobuf.message import DecodeError

        seconds = min(self.timeout_seconds, deadline - time.monotonic())
        if seconds <= 0:
            return Retry(self._reasons.reason("no time was left to send"))
        try:
            request = WriteLogEntriesRequest.deserialize(payload.body)
        except DecodeError:
            return Rejected(len(payload.records), self._reasons.reason("not sent, as it is no WriteLogEntriesRequest"))
        try:
            client = self._client.get()
        except Exception as error:  # noqa: BLE001 - credentials that are missing or cannot be read, of many kinds
            what = "no credentials; run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS"
            return Broken(self._reasons.reason(what, type(error).__name__))
        try:
            client.write_log_entries(request, retry=None, timeout=seconds)
        except GoogleAPICallError as error:
            return self._failure(error, len(payload.records))
        except Exception as error:  # noqa: BLE001 - its text is left out: it may quote metadata
            return Broken(self._reasons.reason(f"the call cannot be made ({type(error).__name__})"))
        return Delivered(status="OK")

    def shutdown(self) -> None:
        """End, and close the channel."""
        super().shutdown()
        client = self._client.take()
        if client is not None:
            client.transport.close()

    def _failure(self, error: Any, records: int) -> Outcome:
        status = getattr(error.grpc_status_code, "name", "UNKNOWN")
        details = str(error.message)
        refused = _refused(error)
        codes = {each.code for each in refused.values()}
        if codes and not codes <= {*_SET_UP.values()}:
            reason = self._reasons.reason(f"{len(refused)} entries refused", next(iter(refused.values())).message)
            if codes & {*_RETRY.values()}:
                return Retry(reason, _delay(error), status=status)  # what is there already is known by its id
            return Rejected(len(refused), reason, status=status)
        reason = self._reasons.reason(status, details)
        if status in ("RESOURCE_EXHAUSTED", "INVALID_ARGUMENT") and MESSAGE_TOO_LARGE.match(details):
            return TooLarge(reason, status=status)
        if status in _SET_UP or TLS_FAILED.search(details):
            return Broken(reason, status=status)
        if status in _RETRY:
            unreachable = status == "DEADLINE_EXCEEDED" or bool(NO_ANSWER.search(details))
            return Retry(reason, _delay(error), unreachable=unreachable, status=status)
        return Rejected(records, reason, status=status)

    def _open_client(self) -> Any:
        from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client

        transport = LoggingServiceV2Client.get_transport_class("grpc")
        return LoggingServiceV2Client(transport=transport(channel=self._open_channel(transport)))

    def _open_channel(self, transport: Any) -> Any:
        if self._url.scheme == "http":
            import grpc

            return grpc.insecure_channel(self._url.netloc, options=RECONNECT_OPTIONS)
        return transport.create_channel(self._url.netloc, scopes=_SCOPES, options=RECONNECT_OPTIONS)


def _mark(event: dict[str, Any]) -> None:
    event["attributes"][TRUNCATED] = True


def _refused(error: Any) -> Mapping[int, Any]:
    """The entries that were not written while the others were, by their index, each with its status."""
    from google.cloud.logging_v2.types import WriteLogEntriesPartialErrors

    partial = WriteLogEntriesPartialErrors.pb(WriteLogEntriesPartialErrors())
    for detail in error.details:
        if hasattr(detail, "Unpack") and detail.Unpack(partial):
            return dict(partial.log_entry_errors)
    return {}


def _delay(error: Any) -> float | None:
    """The wait that a RetryInfo asks for, in seconds."""
    delays = (detail.retry_delay for detail in error.details if hasattr(detail, "retry_delay"))
    return next((delay.seconds + delay.nanos / 1e9 for delay in delays), None)
