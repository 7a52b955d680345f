"""How Kafka is reached."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from logcapy.config.setting import MILLISECONDS, Setting, names, require, require_milliseconds, require_strings

from .base import DestinationConfig, row

#: What the exporter itself depends on; another value would lose records or tell of them too late.
OWN_OPTIONS = ("bootstrap.servers", "enable.idempotence", "acks", "linger.ms", "message.timeout.ms")


def _options(text: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in names(text)]
    if not all(name and equals and value for name, equals, value in pairs):
        raise ValueError("a pair without a value")
    return {name.strip(): value.strip() for name, _, value in pairs}


@dataclass(frozen=True, kw_only=True)
class KafkaConfig(DestinationConfig):
    """How Kafka is reached. Each field is the variable ``LOGCAPY_KAFKA_<FIELD>``.

    Args:
        brokers: ``host:port`` of some of the brokers; the others are told by these.
        topic: Where messages go. The default is the one that the Collector's Kafka receiver reads.
        timeout: Milliseconds after which a message that no broker has taken is given back, to be sent again.
        options: Further options of librdkafka's producer (``security.protocol``, ``sasl.username``,
            ``compression.type`` ...). Never shown.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        row("KAFKA", "brokers", names, "host:port of brokers, with commas between"),
        row("KAFKA", "topic", str, "the name of a topic"),
        row("KAFKA", "timeout", float, MILLISECONDS),
        row("KAFKA", "options", _options, "name=value of librdkafka, with commas between", secret=True),
    )

    brokers: tuple[str, ...] = ("localhost:9092",)
    topic: str = "otlp_logs"
    timeout: float = 10000
    options: Mapping[str, object] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        require_strings("brokers", self.brokers)
        require("brokers", self.brokers, bool(self.brokers), "at least one host:port")
        # Source: https://github.com/apache/kafka, org.apache.kafka.common.internals.Topic
        holds = bool(re.fullmatch(r"[A-Za-z0-9._-]{1,249}", str(self.topic)))
        require("topic", self.topic, holds, "1 to 249 letters, digits, dots, underscores and hyphens")
        require_milliseconds("timeout", self.timeout)
        taken = [name for name in self.options if name in OWN_OPTIONS]
        require("options", taken, not taken, f"other options than {', '.join(OWN_OPTIONS)}")
