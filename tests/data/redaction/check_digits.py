"""Check digits of the numbers that have one, written apart from the code that is tested with them."""

from __future__ import annotations

from collections.abc import Sequence


def luhn(body: str) -> str:
    """``body`` and its check digit, ISO/IEC 7812-1 annex B."""
    total = 0
    for index, digit in enumerate(reversed(body)):
        doubled = int(digit) * 2 if index % 2 == 0 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return body + str(-total % 10)


def fails_luhn(body: str) -> str:
    """``body`` and a digit that is not its check digit."""
    right = luhn(body)
    return body + str((int(right[-1]) + 5) % 10)


def iban(country: str, account: str) -> str:
    """An account with its check digits, ISO 13616 and ISO 7064 MOD 97-10."""
    number = "".join(str(int(sign, 36)) for sign in account + country + "00")
    return f"{country}{98 - int(number) % 97:02}{account}"


def weighted(body: str, weights: Sequence[int]) -> int:
    """The sum of digits times weights."""
    return sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))


def iso7064_mod11_10(body: str) -> str:
    """``body`` and its check digit, ISO 7064 MOD 11,10, as the German tax identifier has it."""
    product = 10
    for digit in body:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return body + str((11 - product) % 10)


_D = (
    *("0123456789", "1234067895", "2340178956", "3401289567", "4012395678"),
    *("5987604321", "6598710432", "7659821043", "8765932104", "9876543210"),
)
_P = ("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258")


def verhoeff(body: str) -> str:
    """``body`` and its check digit by Verhoeff's scheme, as India's Aadhaar has it."""
    check = 0
    for index, digit in enumerate(reversed(body), 1):
        check = int(_D[check][int(_P[index % 8][int(digit)])])
    return body + str("0432156789"[check])
