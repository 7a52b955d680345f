"""Kafka: each message is an OTLP request, which the Collector's Kafka receiver reads as ``otlp_proto``.

Source: https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/receiver/kafkareceiver
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Iterator, Sequence
from typing import Any

from logcapy import environment
from logcapy.config.destinations.kafka import KafkaConfig
from logcapy.errors import ConfigError
from logcapy.exporter import PayloadExporter
from logcapy.types import Broken, Delivered, Outcome, Payload, Record, Retry, TooLarge

from ._reason import Reasons
from ._split import split_logs
from .otlp import encode_logs

#: Brokers and the receiver take messages of about 1 MB unless told otherwise (``message.max.bytes``,
#: ``max_fetch_size``); the slack is for the message's frame.
MAX_BYTES = 960_000
#: How long one look for a delivery report may take.
_POLL_SECONDS = 0.1
_TOO_LARGE = frozenset(("MSG_SIZE_TOO_LARGE", "INVALID_MSG_SIZE"))
#: librdkafka's names for what no further try can mend.
_SET_UP = frozenset(
    (
        *("_AUTHENTICATION", "_SSL", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION", "UNKNOWN_TOPIC_OR_PART"),
        *("TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED", "SASL_AUTHENTICATION_FAILED"),
        *("TOPIC_EXCEPTION", "UNSUPPORTED_SASL_MECHANISM", "_UNSUPPORTED_FEATURE"),
    )
)


class KafkaLogRecordExporter(PayloadExporter):
    """Sends log records to a topic of Kafka. Needs ``logcapy[kafka]``.

    A message is acknowledged by all replicas that are in sync before it counts as delivered. Where the acknowledgement
    itself is lost the message is sent again and may be there twice.

    Args:
        config: Where to. Default: what ``LOGCAPY_KAFKA_*`` say.
        **fields: Fields of :class:`KafkaConfig`, which win over the variables.

    Raises:
        ConfigError: A setting cannot be used.
    """

    name = "kafka"

    def __init__(self, config: KafkaConfig | None = None, **fields: Any) -> None:
        self._config = config or environment.destination_config(KafkaConfig, fields)
        super().__init__(self._config.timeout / 1000)
        self.destination = f"kafka://{','.join(self._config.brokers)}/{self._config.topic}"
        self._reasons = Reasons(self.destination, [str(value) for value in self._config.options.values()])
        self._producer: Any = None
        self._pid = 0
        self._error: Any = None
        self._open_producer()  # an option that librdkafka does not know is told now

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.destination!r})"

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        """Requests of less than the 1 MB that brokers take by default."""
        return encode_logs(records, MAX_BYTES)

    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:
        """Two requests with the records of one."""
        return split_logs(body)

    def send(self, payload: Payload, deadline: float) -> Outcome:
        """Produce one message, and wait for its delivery report."""
        deadline = min(deadline, time.monotonic() + self.timeout_seconds)
        if self._producer is None or self._pid != os.getpid():
            self._open_producer()
        reports: list[Any] = []
        try:
            self._producer.produce(
                self._config.topic,
                payload.body,
                key=_key_of(payload),
                on_delivery=lambda error, _message: reports.append(error),
            )
            while not reports and time.monotonic() < deadline:
                self._producer.poll(min(_POLL_SECONDS, max(0.0, deadline - time.monotonic())))
            if not reports:
                # What is given up here may have been written; what is sent again then is there twice.
                self._producer.purge()
                self._producer.poll(0)
        except Exception as error:  # noqa: BLE001 - a KafkaException, or what a full or ended producer raises
            return self._failure(error.args[0] if error.args else error)
        if not reports:
            return Retry(self._reasons.reason("no answer", self._last_error()), unreachable=True)
        return Delivered() if reports[0] is None else self._failure(reports[0])

    def shutdown(self) -> None:
        """End, and let go of the connections."""
        super().shutdown()
        producer, self._producer = self._producer, None
        if producer is not None and self._pid == os.getpid():
            _release(producer)

    def _failure(self, error: Any) -> Outcome:
        name = error.name() if hasattr(error, "name") else type(error).__name__
        reason = self._reasons.reason(name, error.str() if hasattr(error, "str") else "")
        if name in _TOO_LARGE:
            return TooLarge(reason, status=name)
        if hasattr(error, "fatal") and error.fatal():  # an idempotent producer that has lost count must begin anew
            producer, self._producer = self._producer, None
            _release(producer)
            return Retry(reason, status=name)
        if name in _SET_UP:
            return Broken(reason, status=name)
        if name in ("_MSG_TIMED_OUT", "_PURGE_QUEUE", "_PURGE_INFLIGHT"):
            return Retry(self._reasons.reason("no answer", self._last_error()), unreachable=True, status=name)
        return Retry(reason, status=name)

    def _last_error(self) -> str:
        return self._error.str() if self._error is not None else ""

    def _open_producer(self) -> None:
        try:
            from confluent_kafka import KafkaException, Producer
        except ImportError:
            raise ConfigError("kafka", "confluent_kafka", "install it: pip install 'logcapy[kafka]'") from None
        options = {
            "log_level": 0,  # it writes to stderr by itself, once a second while no broker answers
            **self._config.options,
            "bootstrap.servers": ",".join(self._config.brokers),
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 0,  # a message is a batch already
            "message.timeout.ms": int(self._config.timeout),
            "error_cb": self._note_error,
        }
        try:
            self._producer = _kept(Producer(options))
        except KafkaException as error:
            what = error.args[0].str() if error.args and hasattr(error.args[0], "str") else "refused"
            allowed = f"options that librdkafka takes; it says: {self._reasons.message(what)}"
            raise ConfigError("options", sorted(self._config.options), allowed) from None
        self._pid = os.getpid()

    def _note_error(self, error: Any) -> None:
        self._error = error


def _kept(producer: Any) -> Any:
    """Keep a producer until it is released. A forked child must never end its parent's, not even as garbage.

    librdkafka's threads do not cross a fork; who ends a producer waits for them, or crashes.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(producer))
    return producer


def _release(producer: Any) -> None:
    """Let a producer of this process end with the last reference."""
    ctypes.pythonapi.Py_DecRef(ctypes.py_object(producer))


def _key_of(payload: Payload) -> bytes | None:
    """The service's name, so that one partition has its records in order; of what was on disk it is read from there."""
    first = payload.records[0] if payload.records else None
    resource = getattr(first, "resource", None)
    if resource is not None:
        return str(resource.attributes.get("service.name", "")).encode("utf-8", "replace") or None
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

    try:
        origins = LogsData.FromString(payload.body).resource_logs
    except DecodeError:
        return None
    named = [one.value.string_value for one in origins[0].resource.attributes if one.key == "service.name"]
    return named[0].encode() if named else None
