"""The words the rooms share. Imports nothing of ours.

A record on its way is an SDK ``ReadWriteLogRecord``; once it waits to be sent it may also be the frozen
``ReadableLogRecord``. The two have the same fields, and encoders take either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord

Record: TypeAlias = "ReadWriteLogRecord | ReadableLogRecord"

#: Asks a question about a record; False drops it. Never edits.
Filter: TypeAlias = Callable[[ReadWriteLogRecord], bool]
#: Edits a record in place. Never drops.
Transform: TypeAlias = Callable[[ReadWriteLogRecord], None]
#: Takes the secrets out of a text; total: it masks what it cannot handle and never raises.
TextRedactor: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Payload:
    """Bytes that one request carries, and the records they were made from.

    ``body`` is not compressed. ``records`` is kept so that a payload that proves too large can be cut in two.
    """

    body: bytes
    records: Sequence[Record]


@dataclass(frozen=True, slots=True)
class Delivered:
    """The destination took every record of the payload."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The destination refused ``count`` records of the payload for good and took the rest."""

    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Retry:
    """The payload may be sent again.

    Args:
        reason: What happened, for people; holds no credential.
        after_seconds: The wait that the destination asked for, if it did.
        unreachable: Nobody answered. While the process ends, waiting for nobody is not worth the user's time.
    """

    reason: str
    after_seconds: float | None = None
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The payload is over the destination's limit; half of it may fit."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """No payload will get through until somebody mends the set-up (credentials, certificate, address)."""

    reason: str


Outcome: TypeAlias = "Delivered | Rejected | Retry | TooLarge | Broken"


class Encoder(Protocol):
    """The pure half of an exporter."""

    def encode(self, records: Sequence[Record]) -> Iterable[Payload]:
        """Payloads, each under the destination's limits. Total: a poisoned record costs itself at most."""
        ...


class Transport(Protocol):
    """The half of an exporter that moves bytes."""

    def send(self, payload: Payload, deadline: float) -> Outcome:
        """Send once. ``deadline`` is a ``time.monotonic()`` value. Never raises."""
        ...
