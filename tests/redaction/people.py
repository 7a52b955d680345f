"""Numbers of cards, accounts and people with right check digits, worked out from the rules, not from our own checks."""

from __future__ import annotations

import string
from collections.abc import Mapping
from random import Random


def in_groups(text: str, separator: str) -> str:
    return separator.join(text[start : start + 4] for start in range(0, len(text), 4))


def card(random: Random, prefix: str, length: int) -> str:
    """With the digit that Luhn's sum wants, found by trying."""
    body = prefix + "".join(random.choices(string.digits, k=length - len(prefix) - 1))
    return next(body + digit for digit in string.digits if _luhn_sum(body + digit) % 10 == 0)


def _luhn_sum(number: str) -> int:
    total = 0
    for place, digit in enumerate(map(int, reversed(number))):
        doubled = digit * (2 if place % 2 else 1)
        total += doubled // 10 + doubled % 10
    return total


def iban(random: Random, lengths: Mapping[str, int]) -> str:
    country = random.choice(sorted(lengths))
    body = "".join(random.choices(string.digits, k=lengths[country] - 4))
    number = int(body + "".join(str(ord(letter) - 55) for letter in country) + "00")
    return f"{country}{98 - number % 97:02d}{body}"


def us_ssn(random: Random) -> str:
    return f"{random.randrange(101, 665)}-{random.randrange(10, 99)}-{random.randrange(1000, 9999)}"


def nino(random: Random) -> str:
    return f"{random.choice(('AB', 'CE', 'JK', 'WL'))}{random.randrange(10**5, 10**6)}{random.choice('ABCD')}"


def steuer_id(random: Random) -> str:
    while True:
        digits = random.sample(range(10), 9)
        digits.insert(random.randrange(10), random.choice(digits))
        if digits[0] and all(digits[n : n + 3] != [digits[n]] * 3 for n in range(8)):
            break
    product = 10
    for digit in digits:
        rest = (digit + product) % 10
        product = (10 if rest == 0 else rest) * 2 % 11
    check = 11 - product
    return "".join(map(str, digits)) + ("0" if check == 10 else str(check))


def pesel(random: Random) -> str:
    born = f"{random.randrange(50, 99)}{random.randrange(1, 13):02d}{random.randrange(1, 28):02d}"
    body = f"{born}{random.randrange(10**4):04d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=True))
    return body + str((10 - total % 10) % 10)


def nir(random: Random) -> str:
    body = f"{random.choice('12')}{random.randrange(50, 99)}{random.randrange(1, 13):02d}{random.randrange(1, 95):02d}"
    body += f"{random.randrange(1, 990):03d}{random.randrange(1, 999):03d}"
    return f"{body}{97 - int(body) % 97:02d}"


def dni(random: Random) -> str:
    number = random.randrange(10**7, 10**8)
    return f"{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"


#: DM 23/12/1976, tables 2 and 3: of digits and letters in odd places, counted from 1.
_ODD_LETTERS = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
_ODD_PLACES = dict(
    zip(string.digits + string.ascii_uppercase, [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, *_ODD_LETTERS], strict=True)
)


def codice_fiscale(random: Random) -> str:
    letters = "".join(random.choices("BCDFGLMNPRST", k=6))
    body = f"{letters}{random.randrange(40, 99)}{random.choice('ABCDEHLMPRST')}{random.randrange(10, 31)}"
    body += f"{random.choice('ABFGHL')}{random.randrange(100, 999)}"
    total = 0
    for place, character in enumerate(body, start=1):
        even = ord(character) - 65 if character.isalpha() else int(character)
        total += _ODD_PLACES[character] if place % 2 else even
    return body + chr(65 + total % 26)


def cpf(random: Random) -> str:
    digits = [random.randrange(10) for _ in range(9)]
    for _ in range(2):
        rest = sum(digit * weight for digit, weight in zip(digits, range(len(digits) + 1, 1, -1), strict=True)) % 11
        digits.append(0 if rest < 2 else 11 - rest)
    text = "".join(map(str, digits))
    return f"{text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}"


def sin(random: Random) -> str:
    number = card(random, random.choice("1245679"), 9)
    return f"{number[:3]}-{number[3:6]}-{number[6:]}"


#: Verhoeff's tables as UIDAI's specification prints them.
_TABLE = (
    *("0123456789", "1234067895", "2340178956", "3401289567", "4012395678"),
    *("5987604321", "6598710432", "7659821043", "8765932104", "9876543210"),
)
_ORDER = (
    *("0123456789", "1576283094", "5803796142", "8916043527"),
    *("9453126870", "4286573901", "2793806415", "7046913258"),
)


def aadhaar(random: Random) -> str:
    body = str(random.randrange(2 * 10**10, 10**11))
    for last in string.digits:
        check = 0
        for place, digit in enumerate(reversed(body + last)):
            check = int(_TABLE[check][int(_ORDER[place % 8][int(digit)])])
        if check == 0:
            return in_groups(body + last, " ")
    raise AssertionError("one of ten digits is right")
