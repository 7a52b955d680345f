"""Kafka's brokers, which stop answering, and the real Collector that reads from them, which is restarted."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from servers import kafka
from servers.collector import Collector, running_collector
from servers.processes import RunningProcess, clean_environment, wait_until

from .crossing import Arrived


class KafkaReceiver:
    """See :class:`tests.destinations.crossing.Receiver`.

    The brokers are librdkafka's mock, which keeps what it has in memory: so they are not killed but stopped, and take
    no record and answer nobody until they go on. A Collector that is killed loses what it has read and not written, so
    it is asked to end. What it had not yet marked as read it reads again, and a message that nobody acknowledged is
    sent again: either may be there twice.

    Args:
        program: The Collector.
        folder: For what it writes.
    """

    name = "the Collector behind Kafka"
    interruption = "brokers stopped, Collector ended"

    def __init__(self, program: Path, folder: Path) -> None:
        self._program, self._folder = program, folder
        self._collectors: list[Collector] = []
        self._running = contextlib.ExitStack()
        self._brokers = RunningProcess(
            [sys.executable, "-m", "servers.kafka"],
            clean_environment(PYTHONPATH=str(Path(kafka.__file__).parents[1])),
            folder / "brokers",
        )
        self._addresses = wait_until(lambda: self._brokers.stdout.strip(), 30, lambda: str(self._brokers))
        self.environment = {
            "OTEL_LOGS_EXPORTER": "logcapy_kafka",
            "LOGCAPY_KAFKA_BROKERS": self._addresses,
            "LOGCAPY_KAFKA_OPTIONS": "compression.type=gzip",  # the mock keeps the last five megabytes
        }

    def __enter__(self) -> KafkaReceiver:
        return self

    def __exit__(self, *_error: object) -> None:
        self._running.close()
        os.kill(self._brokers.pid, signal.SIGCONT)
        self._brokers.terminate()

    def start(self) -> None:
        os.kill(self._brokers.pid, signal.SIGCONT)
        folder = self._folder / f"collector-{len(self._collectors)}"
        where = {"OTELCOL_KAFKA_BROKERS": self._addresses}
        collector = running_collector(self._program, folder, "config.kafka.test.yaml", **where)
        self._collectors.append(self._running.enter_context(collector))

    def kill(self) -> None:
        os.kill(self._brokers.pid, signal.SIGSTOP)
        self._running.close()

    def arrived(self) -> Iterable[Arrived]:
        for collector in self._collectors:
            for record in collector.logs():
                if record["trace_id"]:
                    yield Arrived(record["trace_id"], str(record["body"]))
