"""Amazon CloudWatch Logs: PutLogEvents by boto3.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from logcapy import environment
from logcapy.config.destinations.cloudwatch import CloudWatchConfig
from logcapy.errors import ConfigError
from logcapy.exporter import PayloadExporter
from logcapy.types import Outcome, Payload, Record, Rejected, Retry

from ._bulk_documents import mark_cut, otel_document
from ._cloudwatch_answers import missing, outcome_of_answer, outcome_of_error
from ._json_events import array_of, encode_event, halves_of, moment, pack_events
from ._per_process import PerProcess
from ._plain_value import to_json
from ._quiet_botocore import quiet_botocore
from ._reason import Reasons

#: Of messages and 26 bytes for each event. What is counted here is their JSON, which is never less.
MAX_PAYLOAD_BYTES = 1_048_576
MAX_RECORDS = 10_000
#: A text in JSON in a text in JSON takes seven bytes a character where others take six.
_MAX_RECORD_BYTES = 850_000
_DAY_MILLISECONDS = 24 * 60 * 60 * 1000


class CloudWatchLogRecordExporter(PayloadExporter):
    """Sends log records to CloudWatch Logs. Needs ``logcapy[cloudwatch]``.

    Where an answer is lost the request is sent again, and its records may be there twice.

    Args:
        config: Where to; None reads the environment.
        fields: Those of :class:`CloudWatchConfig`, over the environment.

    Raises:
        ConfigError: A setting cannot be used, or boto3 is missing.
    """

    name = "cloudwatch"

    def __init__(self, config: CloudWatchConfig | None = None, **fields: Any) -> None:
        self._config = config or environment.destination_config(CloudWatchConfig, fields)
        super().__init__(self._config.timeout / 1000)
        try:
            import boto3  # noqa: F401 - told now, not with the first record
        except ImportError:
            raise ConfigError("cloudwatch", "boto3", "install it: pip install 'logcapy[cloudwatch]'") from None
        self.destination = f"cloudwatch:{self._config.group}"
        self._reasons = Reasons(self.destination, ())
        self._client = PerProcess(lambda: self._open_client(self.timeout_seconds))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.destination!r})"

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        """Arrays of events in the order of their time, each within 24 hours, at most 1 MiB and 10,000 events."""
        now = time.time_ns()
        timed = [((moment(record) or now) // 10**6, number) for number, record in enumerate(records)]
        for window in _windows(sorted(timed)):
            times = iter([at for at, _ in window])
            yield from pack_events(
                [records[number] for _, number in window],
                lambda record, times=times: _encode(record, next(times)),  # type: ignore[misc]
                max_bytes=MAX_PAYLOAD_BYTES,
                max_records=MAX_RECORDS,
                around=(b"[", b",", b"]"),
            )

    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:
        """Two arrays with the events of one."""
        return halves_of(_events(body))

    def send(self, payload: Payload, deadline: float) -> Outcome:
        """Send once, without the retries of boto3; the group and the stream are made where they are missing."""
        seconds = min(self.timeout_seconds, deadline - time.monotonic())
        if seconds <= 0:
            return Retry(self._reasons.reason("no time was left to send"))
        events = _events(payload.body)
        if not events:
            return Rejected(len(payload.records), self._reasons.reason("not sent, as it is no array of events"))
        where = {"logGroupName": self._config.group, "logStreamName": self._config.stream or _stream_of(events[0])}
        try:
            with quiet_botocore():
                answer = _put(self._client_for(seconds), where, events)
        except Exception as error:  # noqa: BLE001 - botocore's, of many kinds
            return outcome_of_error(error, len(events), self._reasons)
        return outcome_of_answer(answer, len(events), self._reasons)

    def shutdown(self) -> None:
        """End, and close the connections."""
        super().shutdown()
        client = self._client.take()
        if client is not None:
            client.close()

    def _client_for(self, seconds: float) -> Any:
        """This process's client; where less than the usual time is left, one for this call."""
        return self._open_client(seconds) if seconds < self.timeout_seconds - 0.5 else self._client.get()

    def _open_client(self, seconds: float) -> Any:
        import boto3
        from botocore.config import Config

        once = Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1})
        return boto3.Session(region_name=self._config.region).client("logs", config=once)


def _put(client: Any, where: Mapping[str, str], events: list[dict[str, Any]]) -> Any:
    try:
        return client.put_log_events(**where, logEvents=events)
    except Exception as error:
        if not missing(error):
            raise
        _make(client, where)
        return client.put_log_events(**where, logEvents=events)


def _encode(record: Record, milliseconds: int) -> bytes:
    def write(document: dict[str, Any]) -> bytes:
        return to_json({"timestamp": milliseconds, "message": to_json(document).decode()})

    return encode_event(record, otel_document, mark_cut, _MAX_RECORD_BYTES, write)


def _windows(timed: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Runs of what is sorted by time, each within 24 hours."""
    window: list[tuple[int, int]] = []
    for one in timed:
        if window and one[0] - window[0][0] >= _DAY_MILLISECONDS:
            yield window
            window = []
        window.append(one)
    if window:
        yield window


def _events(body: bytes) -> list[dict[str, Any]] | None:
    events = array_of(body)
    return events if events is not None and all(isinstance(one, dict) for one in events) else None


def _stream_of(event: Mapping[str, Any]) -> str:
    """Of the process that logged, also where another one sends it from a spool."""
    try:
        instance = json.loads(event["message"])["resource"]["attributes"].get("service.instance.id")
    except (ValueError, LookupError, TypeError, AttributeError):
        instance = None
    return re.sub(r"[:*]", "-", str(instance or f"{socket.gethostname()}-{os.getpid()}"))[:512]


def _make(client: Any, where: Mapping[str, str]) -> None:
    """Make the stream, and the group too where there is none; another process may be faster."""
    exists = client.exceptions.ResourceAlreadyExistsException
    try:
        with contextlib.suppress(exists):
            client.create_log_stream(**where)
    except client.exceptions.ResourceNotFoundException:  # who may make streams need not be allowed to make groups
        with contextlib.suppress(exists):
            client.create_log_group(logGroupName=where["logGroupName"])
        with contextlib.suppress(exists):
            client.create_log_stream(**where)
