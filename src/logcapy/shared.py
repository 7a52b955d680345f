"""What many records have in common (the request, the place of the call) is one object for all of them.

It is not compiled: of a class whose base is a built-in one mypyc keeps the attributes in a dict all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any, Final

from .attributes import CODE_FILE_PATH, CODE_FUNCTION_NAME, CODE_LINE_NUMBER

_OF_SITES: Final = frozenset((CODE_FILE_PATH, CODE_FUNCTION_NAME, CODE_LINE_NUMBER))
_MOST_FREE: Final = 256


class Shared(dict[str, Any]):
    """Attributes that many records have in common. Never changed once a draft has it.

    What was made of them is kept with them, because it is needed again: ``form``, their bytes in OTLP; ``redacted``,
    the same attributes without their secrets; ``clean_by``, who has found none in these, or has taken them out;
    ``leaves_sites``, whether no key is one of a call site's; ``free``, keys of which it is known that they are neither
    here nor a call site's.
    """

    __slots__ = ("_joined", "clean_by", "form", "free", "leaves_sites", "redacted")

    def __init__(self, attributes: Mapping[str, Any] | None = None) -> None:
        super().__init__(attributes or ())
        self.form: bytes | None = None
        self.clean_by: object = None
        self.redacted: Shared | None = None
        self.leaves_sites = _OF_SITES.isdisjoint(self)
        self.free: frozenset[str] = _NONE_FREE
        self._joined: tuple[Shared, Shared] | None = None

    def join(self, other: Shared) -> Shared:
        """These attributes and others in one; where both have a key, these win."""
        if not other:
            return self
        if not self:
            return other
        joined = self._joined
        if joined is None or joined[0] is not other:
            joined = self._joined = other, Shared({**other, **self})
        return joined[1]

    def frees(self, keys: Iterable[str], passed_over: Set[str]) -> bool:
        """Whether a record can have these keys beside these and those of its site; if so, they are noted as ``free``.

        Args:
            keys: Those of the record alone.
            passed_over: Keys that are not noted, as somebody wants to look at each.
        """
        keys = set(keys)
        if not (self.leaves_sites and keys.isdisjoint(self) and keys.isdisjoint(_OF_SITES)):
            return False
        if len(self.free) < _MOST_FREE:
            self.free = self.free | (keys - passed_over)  # noted in a new set: another thread may be reading this one
        return True


_NONE_FREE: Final[frozenset[str]] = frozenset()
NOTHING_SHARED: Final = Shared()
