"""Numbers that states and banks give to people, told by their check digits."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Final

from logcapy._later import compiled

from .masking import Mask

#: ISO 13616, lengths as in SWIFT's "IBAN Registry".
_IBAN_LENGTHS: Final = {
    country: length
    for length, countries in (
        (15, "NO"),
        (16, "BE"),
        (18, "DK FI FO GL NL SD"),
        (19, "MK SI"),
        (20, "AT BA EE KZ LT LU XK"),
        (21, "CH HR LI LV"),
        (22, "BG BH CR DE GB GE IE ME RS VA"),
        (23, "AE GI IL IQ TL"),
        (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
        (25, "LY PT ST"),
        (26, "IS TR"),
        (27, "FR GR IT MC MR SM"),
        (28, "AL AZ BY CY DO GT HU LB NI PL SV"),
        (29, "BR EG PS QA UA"),
        (30, "JO KW MU"),
        (31, "MT SC"),
    )
    for country in countries.split()
}
_IBAN_START: Final = r"(?<![A-Za-z0-9])([A-Z]{2})[0-9]{2}(?=[ +]?[A-Z0-9])"


def redact_ibans(text: str, mask: Mask) -> str:
    """Mask bank accounts whose country, length and check digits (ISO 7064, mod 97) are right."""
    parts: list[str] = []
    done = 0
    for found in compiled(_IBAN_START).finditer(text):
        end = _iban_end(text, found.start(), _IBAN_LENGTHS.get(found[1], 0))
        if found.start() >= done and end:
            parts += (text[done : found.start()], mask(text[found.start() : end], "iban"))
            done = end
    return "".join((*parts, text[done:])) if parts else text


def _iban_end(text: str, start: int, length: int) -> int:
    """Where an account of so many letters and digits ends; 0 if it is none."""
    account = ""
    position = start
    while len(account) < length:
        if text[position : position + 1] in (" ", "+") and text[position - 1].isalnum():
            position += 1
        character = text[position : position + 1]
        if not (character.isascii() and character.isalnum()):
            return 0
        account += character
        position += 1
    after = text[position : position + 1]
    if not length or (after.isascii() and after.isalnum()):
        return 0
    return position if int("".join(str(int(c, 36)) for c in account[4:] + account[:4])) % 97 == 1 else 0


#: ssa.gov/employer/randomization.html: no area of 000, 666 or 900 and above, no group of 00, no serial of 0000.
_US_SSN: Final = r"(?<![\w-])(?!000|666|9)[0-9]{3}([- ])(?!00)[0-9]{2}\1(?!0000)[0-9]{4}(?![\w-])"


def redact_us_ssns(text: str, mask: Mask) -> str:
    """Mask social security numbers of the United States, as they are written."""
    return compiled(_US_SSN).sub(lambda found: mask(found[0], "us_ssn"), text)


def _digits(text: str) -> list[int]:
    return [int(character) for character in text if character.isdigit()]


def _luhn(text: str) -> bool:
    return sum(d if n % 2 == 0 else sum(divmod(2 * d, 10)) for n, d in enumerate(reversed(_digits(text)))) % 10 == 0


def _steuer_id(text: str) -> bool:
    """§ 139b AO: of the first ten digits one occurs two or three times; ISO 7064, mod 11, 10."""
    digits = _digits(text)
    most = max(digits[:10].count(digit) for digit in digits[:10])
    if digits[0] == 0 or most not in (2, 3):
        return False
    product = 10
    for digit in digits[:10]:
        product = ((digit + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == digits[10]


def _nir(text: str) -> bool:
    """insee.fr, "numéro d'inscription au répertoire": 97 less the number modulo 97; 2A and 2B count as 19 and 18."""
    plain = text.replace(" ", "").replace("2A", "19").replace("2B", "18")
    return 97 - int(plain[:13]) % 97 == int(plain[13:])


def _dni(text: str) -> bool:
    """Real Decreto 1553/2005: the letter is the number modulo 23; X, Y, Z of foreigners count as 0, 1, 2."""
    number = text[:-1].replace("-", "").translate({88: "0", 89: "1", 90: "2"})
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == text[-1]


_ODD: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)


def _codice_fiscale(text: str) -> bool:
    """DM 23/12/1976: odd places count by a table, even ones by their order; the check letter is the sum modulo 26."""
    values = [int(c, 36) - 10 if c.isalpha() else int(c) for c in text]
    total = sum(_ODD[value] if place % 2 == 0 else value for place, value in enumerate(values[:15]))
    return total % 26 == values[15]


def _pesel(text: str) -> bool:
    """gov.pl "Czym jest numer PESEL": a birth date with the century in its month, weights 1, 3, 7, 9."""
    digits = _digits(text)
    century, month = divmod(int(text[2:4]), 20)
    try:
        date((1900, 2000, 2100, 2200, 1800)[century] + int(text[:2]), month, int(text[4:6]))
    except ValueError:
        return False
    total = sum(digit * weight for digit, weight in zip(digits[:10], (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=True))
    return -total % 10 == digits[10]


def _cpf(text: str) -> bool:
    """Receita Federal: two check digits, weights down to 2, modulo 11."""
    digits = _digits(text)
    for length in (9, 10):
        rest = sum(d * w for d, w in zip(digits[:length], range(length + 1, 1, -1), strict=True)) * 10 % 11 % 10
        if rest != digits[length]:
            return False
    return len(set(digits)) > 1


def _product(a: int, b: int) -> int:
    """In the dihedral group of ten elements."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b) % 5
    return 5 + (a - b) % 5 if b < 5 else (a - b) % 5


def _aadhaar(text: str) -> bool:
    """uidai.gov.in: Verhoeff's check digit."""
    check, order = 0, list(range(10))
    for digit in reversed(_digits(text)):
        check = _product(check, order[digit])
        order = [(1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[place] for place in order]
    return check == 0


#: Pattern and check of each kind. UK: HMRC's NIM39110, prefixes that are not given out are left out.
_KINDS: Final[tuple[tuple[str, Callable[[str], bool]], ...]] = tuple(
    (rf"(?<![\w./-]){pattern}(?![\w/-])", check)
    for pattern, check in (
        (
            r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]",
            lambda _: True,
        ),
        (r"[0-9]{11}", _steuer_id),
        (r"[0-9]{11}", _pesel),
        (r"[12] ?[0-9]{2} ?(?:0[1-9]|1[0-2]) ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", _nir),
        (r"(?:[0-9]{8}|[XYZ]-?[0-9]{7})-?[A-HJ-NP-TV-Z]", _dni),
        (r"[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]", _codice_fiscale),
        (r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", _cpf),
        (r"[1-79][0-9]{2}-[0-9]{3}-[0-9]{3}", _luhn),
        (r"[2-9][0-9]{3}([ +])[0-9]{4}\1[0-9]{4}", _aadhaar),
    )
)


def redact_national_ids(text: str, mask: Mask) -> str:
    """Mask the numbers by which nine states know people, as they are written and where their check digit is right.

    They are of the United Kingdom, Germany, Poland, France, Spain, Italy, Brazil, Canada (Luhn) and India.
    """
    for pattern, is_right in _KINDS:
        text = compiled(pattern).sub(partial(_masked_if, is_right, mask), text)
    return text


def _masked_if(is_right: Callable[[str], bool], mask: Mask, found: re.Match[str]) -> str:
    return mask(found[0], "national_id") if is_right(found[0]) else found[0]
