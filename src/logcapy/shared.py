"""What many records have in common (the request, the place of the call) is one object for all of them.

It is not compiled: of a class whose base is a built-in one mypyc keeps the attributes in a dict all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final


class Shared(dict[str, Any]):
    """Attributes that many records have in common. Never changed once a draft has it.

    What was made of them is kept with them, because it is needed again: ``form``, by the encoder ``form_for``;
    ``redacted``, the same attributes without their secrets, by ``redacted_by``; ``apart_from``, the last of which it
    is known that it has no key of these.
    """

    __slots__ = ("_joined", "apart_from", "form", "form_for", "redacted", "redacted_by")

    def __init__(self, attributes: Mapping[str, Any] | None = None) -> None:
        super().__init__(attributes or ())
        self.form: Any = None
        self.form_for: object = None
        self.redacted: Shared | None = None
        self.redacted_by: object = None
        self.apart_from: Shared | None = None
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

    def is_apart_from(self, other: Shared) -> bool:
        """Whether no key is in both; if so, it is noted as ``apart_from``."""
        for key in other:
            if key in self:
                return False
        self.apart_from = other
        return True


NOTHING_SHARED: Final = Shared()
