"""What stands in the place of a secret, and how often it had to."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Callable
from typing import Final

from logcapy._later import compiled
from logcapy.types import MASK

#: The pattern of what stands in the place of a secret: ``[REDACTED]``; with the action ``partial``
#: ``[REDACTED:*1111]``, with ``hash`` ``[REDACTED:#0f3c…]``.
MASKED: Final = r"\[REDACTED(?::[*#][A-Za-z0-9]{1,16})?\]"

#: Gives what stands in the place of a secret that a rule has found.
Mask = Callable[[str, str], str]
Detector = Callable[[str, Mask], str]

#: Rules whose secrets are written in several ways: with spaces, dashes, in capitals.
_SPELLED: Final = frozenset(("card", "iban", "phone", "email", "national_id", "us_ssn"))
_SHORTEST_PARTIAL: Final = 12
_SHOWN: Final = 4
_DIGITS_OF_HASH: Final = 12


def silent_mask(secret: str, rule: str) -> str:  # noqa: ARG001 - a Mask's signature
    """The mask, counted nowhere."""
    return secret if compiled(MASKED).fullmatch(secret) else MASK


class Masking:
    """One action for secrets, and the counts of what it was done to. What is masked already stays as it is.

    Args:
        action: ``mask``; ``partial`` keeps the last four letters and digits of a secret that has twelve or more;
            ``hash`` puts the same token in the place of the same secret; ``drop`` is ``mask`` here: it is attributes
            under a secret key that are left out.
        hash_key: Of the hash. Who does not have it cannot find a secret by trying.
    """

    def __init__(self, action: str = "mask", hash_key: bytes = b"") -> None:
        self.drops = action == "drop"
        self._is_partial, self._is_hash = action == "partial", action == "hash"
        self._hash_key = hash_key
        self._steps: dict[str, itertools.count[int]] = {}

    def __call__(self, secret: str, rule: str) -> str:
        """What stands in the place of a secret."""
        if compiled(MASKED).fullmatch(secret):
            return secret
        self.count(rule)
        if self._is_hash:
            return f"[REDACTED:#{self._token(secret, rule)}]"
        if self._is_partial:
            shown = "".join(character for character in secret if character.isascii() and character.isalnum())
            if len(shown) >= _SHORTEST_PARTIAL:
                return f"[REDACTED:*{shown[-_SHOWN:]}]"
        return MASK

    def count(self, rule: str) -> None:
        """One more secret of a rule. Exact from any thread without a lock, see ``deliver.accounting``."""
        steps = self._steps.get(rule)
        if steps is None:
            steps = self._steps.setdefault(rule, itertools.count())
        next(steps)

    def counts(self) -> dict[str, int]:
        """How many secrets were masked, by rule."""
        return {rule: int(repr(steps)[6:-1]) for rule, steps in sorted(self._steps.items())}

    def _token(self, secret: str, rule: str) -> str:
        if rule in _SPELLED:
            secret = "".join(filter(str.isalnum, secret)).lower()
        content = secret.encode(errors="surrogatepass")
        return hmac.new(self._hash_key, content, hashlib.sha256).hexdigest()[:_DIGITS_OF_HASH]
