"""The words the rooms share. Imports nothing of ours but drafts.

A record on its way is an SDK ``ReadWriteLogRecord``; once it waits to be sent it may also be the frozen
``ReadableLogRecord`` or a ``Draft`` that is written. They have the same fields, and encoders take either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Final, TypeAlias, TypeVar

from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord

from ._value import Value
from .draft import Draft

#: What stands in the place of a secret. More is told by some actions of redaction: ``process.redaction.masking``.
MASK: Final = "[REDACTED]"

Record: TypeAlias = "ReadWriteLogRecord | ReadableLogRecord | Draft"

#: Asks a question about a record; False drops it. Never edits.
Filter: TypeAlias = Callable[[ReadWriteLogRecord], bool]
#: Edits a record in place. Never drops.
Transform: TypeAlias = Callable[[ReadWriteLogRecord], None]
#: Takes the secrets out of a text; total: it masks what it cannot handle and never raises.
TextRedactor: TypeAlias = Callable[[str], str]


class Payload(Value):
    """Bytes that one request carries, and the records they were made from.

    ``body`` is not compressed. ``records`` is kept so that a payload that proves too large can be cut in two.
    """

    body: bytes
    records: Sequence[Record]


_Kind = TypeVar("_Kind", bound="_Outcome")


class _Outcome:
    """How an attempt to send ended. Equal to one of its kind that says the same, whatever their status.

    No dataclass, as one takes 0.4 ms of the application's start to be made (Python 3.11).

    Args:
        status: Of the answer: a number of HTTP, a name of gRPC; None where nobody answered.
    """

    def __init__(self, status: int | str | None = None) -> None:
        self.status = status

    def with_status(self: _Kind, status: int | str | None) -> _Kind:
        """The same with another status."""
        copied = copy(self)
        copied.status = status
        return copied

    def _says(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name != "status"}

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._says() == other._says()

    def __hash__(self) -> int:
        return hash((type(self), *self._says().values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


class Delivered(_Outcome):
    """The destination took every record of the payload.

    This and the other outcomes may tell the ``status`` of the answer: a number of HTTP, a name of gRPC.
    """


class Rejected(_Outcome):
    """The destination refused ``count`` records of the payload for good and took the rest."""

    def __init__(self, count: int, reason: str, status: int | str | None = None) -> None:
        self.count: Final = count
        self.reason: Final = reason
        super().__init__(status)


class Retry(_Outcome):
    """The payload may be sent again.

    Args:
        reason: What happened, for people; holds no credential.
        after_seconds: The wait that the destination asked for, if it did.
        unreachable: Nobody answered. While the process ends, waiting for nobody is not worth the user's time.
        status: See :class:`Delivered`.
    """

    def __init__(
        self,
        reason: str,
        after_seconds: float | None = None,
        unreachable: bool = False,
        status: int | str | None = None,
    ) -> None:
        self.reason: Final = reason
        self.after_seconds: Final = after_seconds
        self.unreachable: Final = unreachable
        super().__init__(status)


class _ForAReason(_Outcome):
    def __init__(self, reason: str, status: int | str | None = None) -> None:
        self.reason: Final = reason
        super().__init__(status)


class TooLarge(_ForAReason):
    """The payload is over the destination's limit; half of it may fit."""


class Broken(_ForAReason):
    """No payload will get through until somebody mends the set-up (credentials, certificate, address)."""


Outcome: TypeAlias = "Delivered | Rejected | Retry | TooLarge | Broken"


class Operation(Value):
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
