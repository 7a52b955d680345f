"""What looks like a secret and is none, all kinds together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .draw import Draw
from .innocent_numbers import NUMBERS
from .innocent_texts import TEXTS

_OF_EACH = 50


@dataclass(frozen=True)
class Lookalike:
    """One of them: a text or a number, and the key it stands under as an attribute."""

    kind: str
    value: object
    key: str


def _lookalikes() -> Iterator[Lookalike]:
    keys = (
        "order.id",
        "note",
        "item",
        "http.route",
        "code.function.name",
        "build",
        "total",
        "author",
        "keyword",
        "shop.step",
    )
    for kind, make in {**NUMBERS, **TEXTS}.items():
        draw = Draw(f"look-alikes: {kind}")
        for index in range(_OF_EACH):
            yield Lookalike(kind, make(draw, index), keys[index % len(keys)])


LOOKALIKES: tuple[Lookalike, ...] = tuple(_lookalikes())
