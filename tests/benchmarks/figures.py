"""What many rounds say together: medians with their spread, and ratios taken pair by pair within a round."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .setups import FLOOR, STOCK

#: All other figures are costs, or must hold at their least.
_THE_MORE_THE_BETTER = frozenset({"per_second"})


@dataclass(frozen=True)
class Spread:
    """The median of some rounds, the least and the greatest."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread | None:
        """None where nothing was measured."""
        numbers = list(values)
        return cls(statistics.median(numbers), min(numbers), max(numbers)) if numbers else None

    def text(self, digits: int = 2) -> str:
        return f"{self.median:,.{digits}f} [{self.least:,.{digits}f}, {self.greatest:,.{digits}f}]"


class Figures:
    """The rows of a run, asked for by measure, set-up, work and figure."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._rounds: dict[tuple[str, str, str], dict[int, list[Mapping[str, Any]]]] = {}
        for row in rows:
            key = (row["measure"], row["setup"], row["work"])
            self._rounds.setdefault(key, {}).setdefault(row["round"], []).append(row)

    def works(self, measure: str, setup: str) -> list[str]:
        """What a set-up was measured at, in order."""
        return [work for kind, name, work in self._rounds if (kind, name) == (measure, setup)]

    def rounds(self, measure: str, setup: str, work: str, figure: str) -> dict[int, float]:
        """One figure by the number of its round; the best where a round measured it more than once.

        What else the machine does adds to a cost, for a second or for a minute, and nothing takes from it.
        """
        best = max if figure in _THE_MORE_THE_BETTER else min
        rounds = self._rounds.get((measure, setup, work), {})
        return {number: best(row[figure] for row in rows) for number, rows in rounds.items()}

    def value(self, measure: str, setup: str, work: str, figure: str) -> Spread | None:
        return Spread.of(self.rounds(measure, setup, work, figure).values())

    def above_floor(self, setup: str, work: str, figure: str) -> dict[int, float]:
        """A cost less that of the handler that does nothing, round by round."""
        floor = self.rounds("cost", FLOOR, work, figure)
        own = self.rounds("cost", setup, work, figure)
        return {number: own[number] - floor[number] for number in own if number in floor}

    def ratio_above_floor(self, setup: str, work: str, figure: str) -> Spread | None:
        return pairs(
            self.above_floor(setup, work, figure), self.above_floor(STOCK, work, figure), lambda own, other: own / other
        )

    def ratio(self, measure: str, setup: str, work: str, figure: str, to: str = STOCK) -> Spread | None:
        own, other = self.rounds(measure, setup, work, figure), self.rounds(measure, to, work, figure)
        return pairs(own, other, lambda one, two: one / two)

    def ratio_of_works(self, setup: str, work: str, to: str, figure: str) -> Spread | None:
        """A set-up's own cost at one work to that at another."""
        own, other = self.rounds("works", setup, work, figure), self.rounds("works", setup, to, figure)
        return pairs(own, other, lambda one, two: one / two)

    def difference(self, measure: str, setup: str, work: str, figure: str, to: str = STOCK) -> Spread | None:
        own, other = self.rounds(measure, setup, work, figure), self.rounds(measure, to, work, figure)
        return pairs(own, other, lambda one, two: one - two)


def pairs(
    own: Mapping[int, float], other: Mapping[int, float], combine: Callable[[float, float], float]
) -> Spread | None:
    """Two figures together, round by round."""
    return Spread.of(combine(own[number], other[number]) for number in own if number in other)
