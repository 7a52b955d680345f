"""What frozen dataclasses of ours have in common, written once.

A dataclass compiles each of its methods anew, at 0.1 ms of the application's start (Python 3.11), so those that every
process makes are given ``eq=False, repr=False`` and have these.
"""

from __future__ import annotations

from dataclasses import fields


class Value:
    """Equal where all attributes are; shown with all fields but those that are declared with ``repr=False``."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)  # type: ignore[arg-type]  # of a dataclass
        return f"{type(self).__name__}({shown})"
