"""What is logged: the kinds of work that every set-up does alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Logs one record, told by its number.
Call = Callable[[int], None]

_THREE = {"total": 12.5, "customer": "c-17"}
_TWELVE = {
    **_THREE,
    "currency": "EUR",
    "items": 3,
    "express": True,
    "warehouse": "north-2",
    "weight_grams": 1840,
    "carrier": "post",
    "discount": 0.15,
    "channel": "web",
    "attempt": 1,
}
_LONG = " ".join(["the parcel left the warehouse and is on its way to the customer, who was told by text message"] * 20)


@dataclass(frozen=True)
class Work:
    """One kind of work.

    Args:
        title: What the tables call it.
        message: Holds one ``%s``, for the number of the record.
        attributes: Those of each record, beside ``order_id``, which is its number; None for no attribute at all.
        fails: Each record tells of an exception of its own, three calls deep.
        threads: So many threads share the records.
        tasks: So many asyncio tasks share them, and give way after every tenth.
        burst: Log so many, then wait until all has left, so that nothing else runs while the application logs.
        per_span: A span ends after so many, as a request would; 0 for one span around all, or around each burst.
        records: How many records one measurement logs.
    """

    title: str
    message: str = "order %s placed by a customer"
    attributes: Mapping[str, Any] | None = field(default_factory=lambda: _THREE)
    fails: bool = False
    threads: int = 1
    tasks: int = 0
    burst: int = 0
    per_span: int = 0
    records: int = 4_000

    def attributes_of(self, number: int) -> dict[str, Any]:
        return {} if self.attributes is None else {"order_id": number, **self.attributes}


#: Of one thread and of eight the same, as the two are compared.
_USUAL = 15_000
WORKS: dict[str, Work] = {
    "usual": Work("3 attributes", records=_USUAL),
    "bursts": Work("in bursts of 400", burst=400, records=8_000),
    "many": Work("in bursts of 5,000", burst=5_000),
    "bare": Work("0 attributes", attributes=None),
    "twelve": Work("12 attributes", attributes=_TWELVE),
    "sixty-four": Work("64 attributes", attributes={f"attribute_{number}": number for number in range(63)}),
    "long": Work(f"message of {len(_LONG)} characters", message=f"order %s: {_LONG}"),
    "secret": Work(
        "a card and an e-mail address in the message",
        message="order %s paid with 4111 1111 1111 1111 by ada@example.org",
    ),
    "exception": Work("an exception, 5 in a span", message="order %s failed", fails=True, per_span=5, records=1_500),
    "threads": Work("8 threads", threads=8, records=_USUAL),
    "asyncio": Work("asyncio, 50 tasks", tasks=50, records=6_000),
}


class OrderError(Exception):
    """What goes wrong in the work with exceptions."""


def fail(number: int) -> None:
    """Raise a new exception, three calls deep."""
    _reserve(number)


def _reserve(number: int) -> None:
    _look_up(number)


def _look_up(number: int) -> None:
    raise OrderError(f"order {number} is not there")
