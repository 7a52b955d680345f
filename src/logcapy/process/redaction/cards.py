"""Payment cards: numbers that have the prefix of an issuer, one of its lengths, and the right check digit."""

from __future__ import annotations

from functools import cache
from typing import Final

from logcapy._later import compiled

from .masking import Mask

#: Numbers that may be those of cards.
CARDS: Final = range(10**12, 10**19)

#: What every card number has: thirteen characters of digits and separators. Translated, a run of them is found in a
#: seventh of the time that a pattern takes.
_AS_DIGIT: Final = bytes(ord("0" if chr(byte) in "0123456789 +-" else ".") for byte in range(256))
_THIRTEEN: Final = b"0" * 13
_NO_SEPARATORS: Final = str.maketrans("", "", " +-")
#: Digits in one or in groups as cards are written, from each place where digits begin; the longest reading of each.
_GROUPS: Final = (
    r"[0-9](?<![0-9][0-9])(?=([0-9]{12,18}|[0-9]{2,5}(?:[ +-][0-9]{3,6}){1,5}(?:[ +-][0-9]{1,2})?)(?![0-9]))"
)
#: Issuer prefixes and the lengths they come in: ISO/IEC 7812, and the issuers' public ranges.
_ISSUERS: Final = (
    ("4", (13, 16, 19)),  # Visa
    ("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),  # Mastercard
    ("3[47]", (15,)),  # American Express
    ("30[0-5]|3[689]", (14, 16, 19)),  # Diners Club
    ("35(?:2[89]|[3-8])|6011|64[4-9]|65|62|60|81|82|220[0-4]", (16, 17, 18, 19)),  # JCB, Discover, UnionPay, RuPay, Mir
    ("50|5[678]|6304|67[0-9]{2}", (13, 14, 15, 16, 17, 18, 19)),  # Maestro
)
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


@cache
def _lengths(prefix: str) -> frozenset[int]:
    """The lengths of numbers that begin with four digits."""
    return frozenset(length for issuer, lengths in _ISSUERS if compiled(issuer).match(prefix) for length in lengths)


def is_card_number(digits: str) -> bool:
    """Whether ASCII digits have the length, issuer prefix and check digit (Luhn, ISO/IEC 7812-1 annex B) of a card."""
    if len(digits) not in _lengths(digits[:4]):
        return False
    numbers = [ord(digit) - 48 for digit in reversed(digits)]
    return (sum(numbers[::2]) + sum(_DOUBLED[number] for number in numbers[1::2])) % 10 == 0


def redact_cards(text: str, mask: Mask) -> str:
    """Mask card numbers, written in one or in groups with single spaces, dashes or plus signs between."""
    if _THIRTEEN not in text.encode("utf-8", "replace").translate(_AS_DIGIT):
        return text
    parts: list[str] = []
    done = 0
    for found in compiled(_GROUPS).finditer(text):
        if found.end(1) <= done:  # within one that is masked
            continue
        size = _card_size(text, found.start(), found.end(1))
        if not size or found.start() + size <= done:
            continue
        end = found.start() + size
        if found.start() >= done:
            parts += (text[done : found.start()], mask(text[found.start() : end], "card"))
        done = end
    return "".join((*parts, text[done:])) if parts else text


def _card_size(text: str, start: int, end: int) -> int:
    """How many characters from ``start`` are a card number, ending with any of the groups up to ``end``; or 0."""
    before = text[max(0, start - 2) : start]
    if before[-1:] == "." and before[:1].isdigit():  # the decimals of a number
        return 0
    candidate = text[start:end]
    digits = candidate.translate(_NO_SEPARATORS)
    while len(candidate) > 12:
        if len(digits) <= 19 and is_card_number(digits) and not _is_in_hash(text, start, start + len(candidate)):
            return len(candidate)
        group = len(candidate) - 1 - max(map(candidate.rfind, " +-"))
        candidate, digits = candidate[: -group - 1], digits[: len(digits) - group]
    return 0


def _is_in_hash(text: str, start: int, end: int) -> bool:
    """Whether digits are a part of a longer hexadecimal number."""
    before = compiled(_WORD).match(text[max(0, start - 64) : start][::-1])
    after = compiled(_WORD).match(text, end, end + 64)
    around = (before[0] if before else "") + (after[0] if after else "")
    if around == "B" and text.startswith("^", end):  # the first track of a card, ISO/IEC 7813: %B4111111111111111^DOE
        return False
    return bool(around) and (not compiled(_NOT_HEX).search(around) or around.endswith("x0"))


_WORD: Final = r"[0-9A-Za-z]+"
_NOT_HEX: Final = r"[^0-9a-fA-F]"
