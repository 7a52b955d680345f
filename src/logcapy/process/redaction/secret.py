"""A value that is never printed."""

from __future__ import annotations

import hmac
from typing import Any, Generic, NoReturn, TypeVar

from logcapy.types import MASK

_T = TypeVar("_T")


class Secret(Generic[_T]):
    """Holds a value that no log, message, repr or JSON shows: its text is ``[REDACTED]``.

    Two are equal if their values are, compared in constant time where they are texts. It cannot be pickled: that would
    write the value out. A copy is the same object.

    Args:
        value: The secret.
    """

    __slots__ = ("_value",)

    def __init__(self, value: _T) -> None:
        self._value = value

    def reveal(self) -> _T:
        """The value."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        own, others = self._value, other._value
        if isinstance(own, str) and isinstance(others, str):
            return hmac.compare_digest(own.encode(errors="surrogatepass"), others.encode(errors="surrogatepass"))
        return bool(own == others)

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> Secret[_T]:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret[_T]:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled: that would write its value out; hand on what reveal() gives")
