"""Amazon CloudWatch Logs: PutLogEvents by Amazon's own client.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html (limits, order,
answers). Its sequence tokens are ignored nowadays, so that several processes may write to one stream.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Any

from logcapy import environment
from logcapy.config.destinations.cloudwatch import CloudwatchConfig
from logcapy.errors import ConfigError
from logcapy.exporter import PayloadExporter
from logcapy.types import Delivered, Outcome, Payload, Record, Rejected, Retry

from ._bulk_documents import mark_cut, otel_document
from ._cloudwatch_errors import failure
from ._json_events import encode_event, moment, pack_events
from ._plain_value import to_json
from ._quiet_botocore import quiet_botocore
from ._reason import Reasons

#: What is allowed for the messages with 26 bytes for each. A payload is JSON, in which each takes 41 and more.
MAX_PAYLOAD_BYTES = 1_048_576
MAX_RECORDS = 10_000
#: A quote in a message takes two bytes in the payload.
MAX_RECORD_BYTES = 500_000
_LONGEST_SPAN_MILLIS = 24 * 3_600_000
_NANOSECONDS = 1_000_000


class CloudwatchLogRecordExporter(PayloadExporter):
    """Sends log records to CloudWatch Logs. Needs ``logcapy[cloudwatch]``.

    A request that nobody answered is sent again, and its events may be there twice.

    Args:
        config: Where to; None reads the environment.
        fields: Those of :class:`CloudwatchConfig`, over the environment.

    Raises:
        ConfigError: A setting cannot be used, there is no region, or boto3 is missing.
    """

    name = "cloudwatch"

    def __init__(self, config: CloudwatchConfig | None = None, **fields: Any) -> None:
        self._config = config or environment.destination_config(CloudwatchConfig, fields)
        super().__init__(self._config.timeout / 1000)
        self._clients: dict[int, tuple[Any, str]] = {}
        client, _ = self._client()
        self.destination = f"{client.meta.endpoint_url}/{self._config.group}"
        self._reasons = Reasons(self.destination, ())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.destination!r})"

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        """Arrays of at most 10,000 events and 1 MiB, in the order of time, over less than 24 hours."""
        now = time.time_ns()
        timed = sorted((((moment(record) or now) // _NANOSECONDS, record) for record in records), key=itemgetter(0))
        first = 0
        for place in range(1, len(timed) + 1):
            if place < len(timed) and timed[place][0] - timed[first][0] < _LONGEST_SPAN_MILLIS:
                continue
            times = iter(timed[first:place])
            yield from pack_events(
                [record for _, record in timed[first:place]],
                lambda record, times=times: _event(record, next(times)[0]),  # type: ignore[misc]
                max_bytes=MAX_PAYLOAD_BYTES,
                max_records=MAX_RECORDS,
                around=(b"[", b",", b"]"),
            )
            first = place

    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:
        """Two arrays with the events of one."""
        try:
            events = json.loads(body)
        except (ValueError, RecursionError):
            return None
        if not isinstance(events, list) or len(events) < 2:
            return None
        middle = len(events) // 2
        return [(to_json(half), len(half)) for half in (events[:middle], events[middle:])]

    def send(self, payload: Payload, deadline: float) -> Outcome:
        """Send once, without the retries of boto3; what is missing of group and stream is made."""
        if deadline <= time.monotonic():
            return Retry(self._reasons.reason("no time was left to send"))
        try:
            events = json.loads(payload.body)
        except ValueError:
            return Rejected(len(payload.records), self._reasons.reason("not sent, as it is no array of events"))
        try:
            client, stream = self._client()
            with quiet_botocore():
                return self._put(client, stream, events)
        except Exception as error:  # noqa: BLE001 - boto3's are of many kinds
            return failure(error, len(payload.records), self._reasons)

    def shutdown(self) -> None:
        """End, and close the connections."""
        super().shutdown()
        client, _ = self._clients.pop(os.getpid(), (None, ""))
        if client is not None:
            client.close()

    def _put(self, client: Any, stream: str, events: list[dict[str, Any]]) -> Outcome:
        request = {"logGroupName": self._config.group, "logStreamName": stream, "logEvents": events}
        try:
            answer = client.put_log_events(**request)
        except client.exceptions.ResourceNotFoundException:
            self._make(client, stream)
            answer = client.put_log_events(**request)
        refused = _refused(answer.get("rejectedLogEventsInfo") or {}, len(events))
        if refused:
            what = f"{refused} of {len(events)} events refused: more than 14 days old, or 2 hours in the future"
            return Rejected(refused, self._reasons.reason(what), status=200)
        return Delivered(status=200)

    def _make(self, client: Any, stream: str) -> None:
        for make, names in (
            (client.create_log_group, {"logGroupName": self._config.group}),
            (client.create_log_stream, {"logGroupName": self._config.group, "logStreamName": stream}),
        ):
            with suppress(client.exceptions.ResourceAlreadyExistsException):  # another process was faster
                make(**names)

    def _client(self) -> tuple[Any, str]:
        """This process's client and its stream; a forked child has others than its parent."""
        pid = os.getpid()
        if pid not in self._clients:
            stream = self._config.stream or f"{socket.gethostname()}/{pid}/{secrets.token_hex(4)}"
            self._clients[pid] = _open_client(self._config), stream
        return self._clients[pid]


def _open_client(config: CloudwatchConfig) -> Any:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise ConfigError("cloudwatch", "boto3", "install it: pip install 'logcapy[cloudwatch]'") from None
    seconds = config.timeout / 1000
    options = Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1})
    try:
        return boto3.session.Session().client("logs", region_name=config.region, config=options)
    except (BotoCoreError, ValueError) as error:
        raise ConfigError("region", config.region, f"a region that boto3 can use: {error}") from None


def _event(record: Record, timestamp: int) -> bytes:
    message = encode_event(record, otel_document, mark_cut, MAX_RECORD_BYTES).decode()
    return to_json({"timestamp": timestamp, "message": message})


def _refused(told: dict[str, int], count: int) -> int:
    """How many events were not stored: those before the one index, and from the other on."""
    too_old = max(told.get("tooOldLogEventEndIndex", 0), told.get("expiredLogEventEndIndex", 0))
    return min(count, too_old + count - told.get("tooNewLogEventStartIndex", count))
