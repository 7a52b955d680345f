"""What dataclasses of ours that are values have in common, written once.

A dataclass compiles each of its methods anew, at 0.1 ms of the application's start (Python 3.11), and a frozen one has
six. Those that every process makes are ``@dataclass(eq=False, repr=False)`` and have these instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, FrozenInstanceError, fields
from typing import ClassVar


class Value:
    """Equal where all fields are; shown with all but those that are declared with ``repr=False``; each is set once."""

    __dataclass_fields__: ClassVar[Mapping[str, Field[object]]]

    def __setattr__(self, name: str, value: object) -> None:
        if name in vars(self) or not (name in self.__dataclass_fields__ or name.startswith("_")):
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        vars(self)[name] = value

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))

    def _shown(self) -> dict[str, object]:
        """What a text of it tells, by name."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.repr}  # type: ignore[arg-type]  # of a dataclass

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._shown().items())})"
