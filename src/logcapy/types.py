"""The words the rooms share. Imports nothing of ours but drafts.

A record on its way is an SDK ``ReadWriteLogRecord``; once it waits to be sent it may also be the frozen
``ReadableLogRecord`` or a ``Draft`` that is written. They have the same fields, and encoders take either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord

from .draft import Draft

Record: TypeAlias = "ReadWriteLogRecord | ReadableLogRecord | Draft"

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
    """The destination took every record of the payload.

    This and the other outcomes may tell the ``status`` of the answer: a number of HTTP, a name of gRPC.
    """

    status: int | str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The destination refused ``count`` records of the payload for good and took the rest."""

    count: int
    reason: str
    status: int | str | None = field(default=None, compare=False)


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
    status: int | str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The payload is over the destination's limit; half of it may fit."""

    reason: str
    status: int | str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Broken:
    """No payload will get through until somebody mends the set-up (credentials, certificate, address)."""

    reason: str
    status: int | str | None = field(default=None, compare=False)


Outcome: TypeAlias = "Delivered | Rejected | Retry | TooLarge | Broken"


@dataclass(frozen=True, slots=True)
class Operation:
    """One attempt to send: a request, or one call of somebody else's exporter.

    Args:
        seconds: How long it took.
        records: How many records it carried.
        outcome: How it ended; after :class:`Retry` and :class:`Broken` the records may be sent again.
    """

    seconds: float
    records: int
    outcome: Outcome

    @property
    def status(self) -> int | str | None:
        """The status that was answered: a number of HTTP, a name of gRPC; None where nobody answered."""
        return self.outcome.status


#: Is told of each attempt to send.
Observe: TypeAlias = Callable[[Operation], None]


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
