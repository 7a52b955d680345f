"""One of three destinations accepts requests and answers none: what the other two notice of it.

Two shops log in turn, so that whatever else the machine does falls on both: one has the destination that hangs among
its three, the other, the control, has the same other two and nothing that hangs.
"""

from __future__ import annotations

import statistics
import threading
import time
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider

import logcapy
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.tail.http_receiver import HttpReceiver
from logcapy.tail.intake import Intake

_OTHERS = 2
#: The phases of a run, in order; the control logs during the hang, in turn with what it is compared with.
PHASES = ("before", "hang", "control", "after")


class _Timing(Intake):
    """Notes how long each record was on its way, by phase; keeps clients waiting while ``answers`` is not set."""

    def __init__(self) -> None:
        super().__init__(lambda records: None)
        self.lags: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
        self.answers = threading.Event()
        self.answers.set()

    def logs(self, body: bytes, *_media_type: str) -> bytes:
        now = time.time_ns()
        self.answers.wait()
        for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
            for record in (record for scope in resource.scope_logs for record in scope.log_records):
                with self._lock:
                    self.lags[record.body.string_value].append((now - record.time_unix_nano) / 1e6)
        return b""


@dataclass(frozen=True)
class Phase:
    """What the two others had of a phase: the records that each should have, those that both have, and milliseconds."""

    name: str
    seconds: float
    sent: int
    arrived: int
    p50: float
    p99: float
    resident_mb: float

    @property
    def lost(self) -> int:
        return self.sent * _OTHERS - self.arrived

    def row(self) -> str:
        """A row of :data:`TABLE`."""
        rate = self.arrived / _OTHERS / self.seconds
        cells = (self.name, f"{self.seconds:.0f} s", f"{self.sent:,}", str(self.lost), f"{rate:.1f}")
        return f"| {' | '.join((*cells, f'{self.p50:.0f} ms', f'{self.p99:.0f} ms', f'{self.resident_mb:.0f} MB'))} |"


#: The head of a table in Markdown.
TABLE = (
    "| phase | logging | records | lost at the others | records a second at each | lag p50 | p99 | memory at end |\n"
    "|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Hung:
    """What a run has shown.

    Args:
        phases: By name.
        dropped: What the destination that hung has lost, by reason.
        emitted: What it should have got.
        exported: What it took in the end.
        end_seconds: How long the shutdown took, while it still hung.
    """

    phases: Mapping[str, Phase]
    dropped: Mapping[str, int]
    emitted: int
    exported: int
    end_seconds: float

    def __str__(self) -> str:
        rows = "\n".join(phase.row() for phase in self.phases.values())
        lost = ", ".join(f"{count:,} {reason}" for reason, count in self.dropped.items()) or "nothing"
        ended = f"Of {self.emitted:,} records the one that hung took {self.exported:,}; dropped and counted: {lost}."
        return f"{TABLE}\n{rows}\n\n{ended} Its shop ended within {self.end_seconds:.1f} s."


def hang(seconds: float, *, rate: int = 200, window: float = 5.0, beside: float = 15.0) -> Hung:
    """Log before, during and after a hang of a destination, and once more shut down while it hangs.

    Args:
        seconds: How long it hangs; half of it each of the two shops logs.
        rate: Records a second.
        window: Seconds until the shops take turns.
        beside: Seconds before and after.
    """
    with ExitStack() as stack:
        hanging, *others = intakes = [_Timing() for _ in range(1 + _OTHERS)]
        endpoints = [stack.enter_context(_listening(intake)) for intake in intakes]
        stack.callback(hanging.answers.set)  # its threads end
        shop, control = _Shop(endpoints), _Shop(endpoints[1:])
        phases: dict[str, Phase] = {}

        def end_of(name: str, took: float, sent: int, who: _Shop) -> None:
            for queue in who.processor.destinations[-_OTHERS:]:
                assert queue.force_flush(30_000)
            lags = [lag for other in others for lag in other.lags[name]]
            cuts = statistics.quantiles(lags, n=100)
            phases[name] = Phase(name, took, sent, len(lags), cuts[49], cuts[98], _resident_mb())

        end_of("before", beside, shop.log("before", beside, rate), shop)
        hanging.answers.clear()
        sent, took = {"hang": 0, "control": 0}, {"hang": 0.0, "control": 0.0}
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            for name, who in (("hang", shop), ("control", control)):
                started = time.monotonic()
                sent[name] += who.log(name, min(window, left / 2), rate)
                took[name] += time.monotonic() - started
        end_of("hang", took["hang"], sent["hang"], shop)
        end_of("control", took["control"], sent["control"], control)
        hanging.answers.set()
        end_of("after", beside, shop.log("after", beside, rate), shop)
        shop.processor.destinations[0].force_flush(60_000)
        hanging.answers.clear()
        shop.log("end", 1, rate)
        started = time.monotonic()
        shop.provider.shutdown()
        ended = time.monotonic() - started
        control.provider.shutdown()
        stats = shop.processor.destinations[0].stats()
        assert stats.emitted == stats.exported + stats.on_disk + stats.in_memory + sum(stats.dropped.values()), stats
        return Hung(phases, dict(stats.dropped), stats.emitted, stats.exported, ended)


class _Shop:
    def __init__(self, endpoints: list[str]) -> None:
        exporters = [OTLPHttpLogRecordExporter(f"{endpoint}/v1/logs") for endpoint in endpoints]
        self.processor: Any = logcapy.LogCapyLogRecordProcessor(exporters)
        self.provider = LoggerProvider(shutdown_on_exit=False)
        self.provider.add_log_record_processor(self.processor)
        self._logger = self.provider.get_logger("shop")

    def log(self, phase: str, seconds: float, rate: int) -> int:
        """Log at a steady pace: the phase, with the moment of the call."""
        count, started = max(1, round(seconds * rate)), time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, started + number / rate - time.monotonic()))
            self._logger.emit(timestamp=time.time_ns(), body=phase)
        time.sleep(max(0.0, started + seconds - time.monotonic()))
        return count


@contextmanager
def _listening(intake: Intake) -> Iterator[str]:
    receiver = HttpReceiver(intake, "127.0.0.1", 0)
    receiver.start()
    try:
        yield f"http://127.0.0.1:{receiver.port}"
    finally:
        receiver.stop()


def _resident_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
