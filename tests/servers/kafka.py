"""Kafka's brokers as librdkafka mocks them, and what was written to them. No JVM, the protocol is the real one.

Source: https://github.com/confluentinc/librdkafka/blob/master/src/rdkafka_mock.h
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4


class Brokers:
    """A cluster in this process; ``addresses`` are for ``LOGCAPY_KAFKA_BROKERS``."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self.addresses = addresses

    def messages(self, topic: str, count: int, timeout: float = 20) -> list[Any]:
        """The first ``count`` messages of a topic, in the order of its one partition.

        Raises:
            AssertionError: They were not there within ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while len(found := self.written(topic)) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} messages of {topic}"
        return found[:count]

    def written(self, topic: str) -> list[Any]:
        """All messages of a topic up to now."""
        from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

        consumer = Consumer({"bootstrap.servers": ",".join(self.addresses), "group.id": uuid4().hex, "log_level": 0})
        try:
            partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            ends = {
                one: consumer.get_watermark_offsets(TopicPartition(topic, one), timeout=10)[1] for one in partitions
            }
            wanted = sum(ends.values())
            found: list[Any] = []
            consumer.assign([TopicPartition(topic, one, OFFSET_BEGINNING) for one in partitions])
            deadline = time.monotonic() + 10
            while len(found) < wanted and time.monotonic() < deadline:
                message = consumer.poll(0.2)
                if message is not None and message.error() is None:
                    found.append(message)
            return sorted(found, key=lambda message: (message.partition(), message.offset()))
        finally:
            consumer.close()


@contextlib.contextmanager
def mock_brokers(number: int = 1) -> Iterator[Brokers]:
    """Brokers on ports of 127.0.0.1 for as long as the block runs; a topic is made with its first message."""
    from confluent_kafka import Producer

    host = Producer(
        {
            "test.mock.num.brokers": number,
            "bootstrap.servers": "replaced.invalid:1",
            "log_level": 0,
        }
    )
    brokers = host.list_topics(timeout=10).brokers.values()
    yield Brokers(tuple(f"{broker.host}:{broker.port}" for broker in brokers))
    del host


@contextlib.contextmanager
def at_port(brokers: Brokers, port: int) -> Iterator[None]:
    """Let a cluster also be found at a port of 127.0.0.1: who asks there is told where the brokers are."""
    host, _, real_port = brokers.addresses[0].rpartition(":")
    listener = socket.create_server(("127.0.0.1", port))

    def copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def carry(client: socket.socket) -> None:
        with client, socket.create_connection((host, int(real_port))) as broker:
            back = threading.Thread(target=copy, args=(broker, client), daemon=True)
            back.start()
            copy(client, broker)
            back.join()

    def serve() -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                threading.Thread(target=carry, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def main() -> None:
    """Brokers in a process of their own: prints their addresses, and goes on until a signal ends it."""
    with mock_brokers() as brokers:
        print(",".join(brokers.addresses), flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
