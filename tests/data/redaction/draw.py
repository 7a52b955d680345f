"""Text drawn by chance, the same in each run and on each version of Python."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Sequence
from typing import TypeVar

LETTERS_AND_DIGITS = string.ascii_letters + string.digits
UPPER_AND_DIGITS = string.ascii_uppercase + string.digits
LOWER_AND_DIGITS = string.ascii_lowercase + string.digits
HEX = "0123456789abcdef"
#: RFC 4648 section 5.
BASE64URL = LETTERS_AND_DIGITS + "-_"
#: RFC 4648 section 6.
BASE32 = string.ascii_uppercase + "234567"

_One = TypeVar("_One")


class Draw:
    """A source of texts; only ``getrandbits`` is asked, whose values Python never changes for a seed."""

    def __init__(self, seed: str) -> None:
        self._bits = random.Random(seed).getrandbits

    def below(self, limit: int) -> int:
        return self._bits(48) % limit

    def one(self, choices: Sequence[_One]) -> _One:
        return choices[self.below(len(choices))]

    def text(self, length: int, alphabet: str = LETTERS_AND_DIGITS) -> str:
        """So many characters, the third of them a digit: tokens by chance hold one, and words do not."""
        drawn = [self.one(alphabet) for _ in range(length)]
        if length > 8:
            drawn[2] = self.one([sign for sign in alphabet if sign.isdigit()])
        return "".join(drawn)

    def digits(self, length: int) -> str:
        """So many digits, the first of them no zero."""
        return str(1 + self.below(9)) + "".join(str(self.below(10)) for _ in range(length - 1))

    def hex(self, length: int) -> str:
        return self.text(length, HEX)

    def bytes(self, length: int) -> bytes:
        return bytes(self.below(256) for _ in range(length))

    def base64(self, length: int) -> str:
        """So many bytes in base64."""
        return base64.b64encode(self.bytes(length)).decode()

    def password(self) -> str:
        """What people choose: words, digits and a sign that no format gives a meaning to."""
        words = ("Tiger", "Maple", "Orbit", "Velvet", "Quartz", "Harbor", "Lantern", "Comet")
        return f"{self.one(words)}{self.one('._-!~')}{self.one(words)}{self.digits(5)}"
