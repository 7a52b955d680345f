"""Card numbers of all issuers in the ways people write them, and account numbers of many countries."""

from __future__ import annotations

from .check_digits import iban, luhn
from .draw import Draw
from .secret import Kind, Make, beside

#: Issuers by prefix and length, ISO/IEC 7812 and the issuers' public ranges.
_ISSUERS = {
    "Visa": (("4",), 16),
    "Visa of 19 digits": (("4",), 19),
    "Visa of 13 digits": (("4",), 13),
    "Mastercard": (("51", "52", "53", "54", "55", "2221", "2500", "2720"), 16),
    "American Express": (("34", "37"), 15),
    "Discover": (("6011", "644", "65"), 16),
    "Diners Club": (("300", "305", "36", "38"), 14),
    "JCB": (("3528", "3589", "356"), 16),
    "UnionPay": (("62",), 16),
    "UnionPay of 19 digits": (("62",), 19),
    "Maestro": (("5018", "5020", "6304", "6759"), 16),
    "RuPay": (("60", "81", "82"), 16),
    "Mir": (("2200", "2204"), 16),
}


def _groups(number: str) -> tuple[int, ...]:
    return {14: (4, 6, 4), 15: (4, 6, 5), 19: (4, 4, 4, 4, 3), 13: (4, 3, 3, 3)}.get(len(number), (4, 4, 4, 4))


def in_groups(number: str, separator: str) -> str:
    """A number in the groups that are printed on the card."""
    parts, start = [], 0
    for size in _groups(number):
        parts.append(number[start : start + size])
        start += size
    return separator.join(parts)


def _card(prefixes: tuple[str, ...], length: int) -> Make:
    def make(draw: Draw, index: int) -> tuple[str, str]:
        prefix = prefixes[index % len(prefixes)]
        number = luhn(prefix + draw.digits(length - 1 - len(prefix)))
        written = (number, in_groups(number, " "), in_groups(number, "-"), number)[index % 4]
        return written, written if index % 4 < 3 else f"paid with {written}, thanks"

    return make


def _track(draw: Draw, index: int) -> tuple[str, str]:
    number = luhn("4" + draw.digits(14))
    forms = (";{}=29122010000000000?", "%B{}^DOE/JANE^29122010000000000?")
    return number, forms[index % 2].format(number)


def _number(draw: Draw, index: int) -> tuple[str, str, str]:
    return beside(draw.digits(16), ("card_number", "cardNumber", "pan")[index % 3], index)


def _verification(draw: Draw, index: int) -> tuple[str, str]:
    value = draw.digits(7)  # longer than a real one, so that chance does not find it
    return value, beside(value, ("cvv", "cvc")[index % 2], index)[1]


CARDS = (
    *(Kind(f"{issuer} card", "pci", _card(prefixes, length), 8) for issuer, (prefixes, length) in _ISSUERS.items()),
    Kind("track of a card", "pci", _track),
    Kind("card number beside its key", "pci", _number),
    Kind("card verification value", "pci", _verification),
)

#: Shapes of the account behind the check digits: "9" a digit, "A" a capital letter; the IBAN registry of SWIFT.
_ACCOUNTS = {
    "DE": "9" * 18,
    "FR": "9" * 23,
    "GB": "A" * 4 + "9" * 14,
    "NL": "A" * 4 + "9" * 10,
    "ES": "9" * 20,
    "IT": "A" + "9" * 22,
    "BE": "9" * 12,
    "AT": "9" * 16,
    "CH": "9" * 17,
    "PL": "9" * 24,
    "SE": "9" * 20,
    "NO": "9" * 11,
    "DK": "9" * 14,
    "FI": "9" * 14,
    "IE": "A" * 4 + "9" * 14,
    "PT": "9" * 21,
    "CZ": "9" * 20,
    "GR": "9" * 23,
    "LU": "9" * 16,
    "SA": "9" * 20,
    "AE": "9" * 19,
    "TR": "9" * 22,
}


def _iban(draw: Draw, index: int) -> tuple[str, str]:
    country, shape = list(_ACCOUNTS.items())[index % len(_ACCOUNTS)]
    account = "".join(draw.one("ABCDEFGHKLMNPRST") if sign == "A" else str(draw.below(10)) for sign in shape)
    number = iban(country, account)
    grouped = " ".join(number[start : start + 4] for start in range(0, len(number), 4))
    written = (number, grouped)[index // len(_ACCOUNTS) % 2]
    return written, (written, f"IBAN: {written}", f"transfer to {written} done")[index % 3]


ACCOUNTS = (Kind("IBAN", "iban", _iban, 44),)
