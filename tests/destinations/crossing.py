"""Sends the records of the FastAPI example to a destination that is killed in the middle, and counts them there."""

from __future__ import annotations

import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from servers.processes import RunningProcess, clean_environment, running, wait_until
from servers.shops import FASTAPI, open_shop

_LOAD = Path(__file__).parents[2] / "examples" / FASTAPI.folder / "load.py"
#: See ``load.py``: an order is two records, its payment three; a request's trace id ends with its number.
RECORDS_OF_REQUEST = (2, 3)
RECORDS_OF_ORDER = sum(RECORDS_OF_REQUEST)


class Arrived(NamedTuple):
    """A record as it is at the destination. Two of one trace differ in their text."""

    trace_id: str
    text: str


class Receiver(Protocol):
    """A destination that can be interrupted, and keeps what it has acknowledged.

    Attributes:
        name: For people.
        interruption: What is done to it, for people.
        environment: The variables with which an application sends there.
    """

    name: str
    interruption: str
    environment: Mapping[str, str]

    def start(self) -> None:
        """Start it, the first time or again at the same address, and return when it takes records."""

    def kill(self) -> None:
        """Interrupt it, as hard as it can stand without losing what it has acknowledged."""

    def arrived(self) -> Iterable[Arrived]:
        """All records that have a trace id, as often as they are there."""


@dataclass(frozen=True)
class Crossed:
    """What became of the records.

    Args:
        sent: How many the application logged in the requests that it answered.
        lost: How many of them are not there.
        twice: How many are there once more than they should be.
        seconds: How long the application was under load.
        away_seconds: How long the destination was away, until it took records again.
        there_after_seconds: When the last one was there, counted from the last request.
        told: What LogCapy said on stderr.
    """

    sent: int
    lost: int
    twice: int
    seconds: float
    away_seconds: float
    there_after_seconds: float
    told: str

    def row(self, receiver: Receiver) -> str:
        """A row of :data:`TABLE`."""
        times = (f"{one:.0f} s" for one in (self.seconds, self.away_seconds, self.there_after_seconds))
        cells = (receiver.name, receiver.interruption, f"{self.sent:,}", f"{self.lost:,}", f"{self.twice:,}", *times)
        return f"| {' | '.join(cells)} |"


#: The head of a table in Markdown.
TABLE = (
    "| destination | what was done to it | records | lost | there twice | under load | away | last one there after |\n"
    "|---|---|---|---|---|---|---|---|"
)


def cross(receiver: Receiver, records: int, folder: Path, *, patience_seconds: float = 120) -> Crossed:
    """Start the receiver and the shop, order and pay, and kill the receiver while a third of the orders is made.

    The receiver is left running, for who looks at what it has.

    Args:
        receiver: Where the records go.
        records: How many; made a multiple of those of an order.
        folder: For the spool and what the programs say.
        patience_seconds: How long to wait for the last record.

    Raises:
        AssertionError: A request failed, or a program did, or there were too few records to kill anything in between.
    """
    orders, run = max(1, records // RECORDS_OF_ORDER), secrets.token_hex(8)
    expected = Counter({f"{run}{number:016x}": RECORDS_OF_REQUEST[number % 2] for number in range(2 * orders)})
    telemetry = {
        "OTEL_SERVICE_NAME": "shop",
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        "LOGCAPY_SPOOL_DIR": str(folder / "spool"),
        **receiver.environment,
    }
    receiver.start()
    with open_shop(FASTAPI, folder / "shop", telemetry) as shop:
        command = [sys.executable, _LOAD, "--url", shop.url, "--orders", str(orders), "--run", run]
        began = time.monotonic()
        with running(command, clean_environment(), folder / "load") as load:
            _wait_for_orders(load, orders // 3)
            assert load.returncode is None, "too few records: all were sent before the receiver was killed"
            killed = time.monotonic()
            receiver.kill()
            _wait_for_orders(load, 2 * orders // 3)
            receiver.start()
            away = time.monotonic() - killed
            assert load.wait(timeout=max(60, records)) == 0, str(load)
        ended = time.monotonic()
        lost, twice = _settled(receiver, expected, ended + patience_seconds)
        took = time.monotonic() - ended
    told = "\n".join(line for line in shop.process.stderr.splitlines() if line.startswith("logcapy"))
    return Crossed(sum(expected.values()), lost, twice, ended - began, away, took, told)


def _wait_for_orders(load: RunningProcess, orders: int) -> None:
    def are_made() -> bool:
        assert load.returncode in (None, 0), str(load)
        told = load.stdout.split()
        return load.returncode == 0 or bool(told and int(told[-2]) >= orders)

    wait_until(are_made, 600, lambda: str(load))


def _settled(receiver: Receiver, expected: Counter[str], deadline: float) -> tuple[int, int]:
    """How many records are missing, and how many are there too often, once none is missing or time is over."""
    while True:
        started = time.monotonic()
        found = Counter(one for one in receiver.arrived() if one.trace_id in expected)
        distinct = Counter(one.trace_id for one in found)
        lost = (expected - distinct).total()
        if not lost or time.monotonic() > deadline:
            strangers = distinct - expected
            assert not strangers, f"records nobody has sent: {strangers}"
            return lost, found.total() - len(found)
        time.sleep(max(1.0, time.monotonic() - started))  # to ask is work for who is asked
