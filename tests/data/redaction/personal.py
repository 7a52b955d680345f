"""What says who somebody is: addresses, telephones, numbers that a state gives, dates of birth.

Nobody has them: domains are those of RFC 2606, IP addresses those of RFC 5737 and RFC 3849, North American telephones
those that are kept for fiction (555-01xx), others are drawn.
"""

from __future__ import annotations

from .check_digits import iso7064_mod11_10, luhn, verhoeff, weighted
from .draw import LOWER_AND_DIGITS, Draw
from .secret import Kind, beside

_DOMAINS = ("example.com", "mail.example.org", "example.net", "uni.example.edu")


def _email(draw: Draw, index: int) -> tuple[str, str]:
    name = draw.text(5, LOWER_AND_DIGITS) + str(index)
    local = (f"{name}", f"j.{name}", f"{name}+shop", f"{name}_x", f"{name}-y", f"O.{name}")[index % 6]
    address = f"{local}@{_DOMAINS[index % 4]}"
    forms = ("{}", "Jane Doe <{}>", "mailto:{}", "user {} not found", "login failed for '{}'", "to={},")
    return address, forms[index // 2 % len(forms)].format(address)


def _email_in_query(draw: Draw, index: int) -> tuple[str, str]:
    address = f"{draw.text(9, LOWER_AND_DIGITS)}%40{_DOMAINS[index % 4]}"
    return address, f"/users?email={address}&page=2"


def _phone(draw: Draw, index: int) -> tuple[str, str]:
    area = f"{2 + draw.below(8)}{2 + draw.below(8)}{draw.below(10)}"
    last = f"01{draw.below(100):02}"
    rest = draw.digits(7)
    numbers = (
        f"+1{area}555{last}",
        f"({area}) 555-{last}",
        f"+1 {area} 555 {last}",
        f"{area}-555-{last}",
        f"+44 20 {rest[:4]} {rest[3:]}",
        f"+49 151 {rest}4",
        f"+33 6 {rest[:2]} {rest[2:4]} {rest[3:5]} {rest[5:]}",
        f"+91 9{draw.digits(9)}",
        f"+61 4{rest[:2]} {rest[1:4]} {rest[4:]}",
        f"+819{draw.digits(9)}",
    )
    number = numbers[index % len(numbers)]
    return number, ("call {}", "{}", "phone: {}")[index % 3].format(number)


def _ipv4(draw: Draw, index: int) -> tuple[str, str]:
    address = f"{draw.one(('192.0.2', '198.51.100', '203.0.113'))}.{100 + draw.below(156)}"
    return address, ("{}", "from {} port 22", "{}:51842", "client={}, status=200")[index % 4].format(address)


def _ipv6(draw: Draw, index: int) -> tuple[str, str]:
    groups = [f"{4096 + draw.below(61440):x}" for _ in range(6)]
    address = "2001:db8:" + (":".join(groups), f"{groups[0]}::{groups[1]}")[index % 2]
    return address, ("{}", "[{}]:443", "peer {} closed")[index % 3].format(address)


def _ssn(draw: Draw, index: int) -> tuple[str, str] | tuple[str, str, str]:
    area = 100 + draw.below(565)
    number = f"{area}-{10 + draw.below(89)}-{1000 + draw.below(8999)}"
    if index % 3 == 2:
        return beside(number.replace("-", ""), "ssn", index // 3)
    return number, ("SSN {}", "{}")[index % 3].format(number)


def _german(draw: Draw) -> str:
    while True:  # one of the ten digits twice, none three times in a row
        body = draw.digits(10)
        if len(set(body)) == 9 and max(map(body.count, body)) == 2:
            return iso7064_mod11_10(body)


def _french(draw: Draw) -> str:
    body = f"{1 + draw.below(2)}{50 + draw.below(49)}{1 + draw.below(12):02}{10 + draw.below(80)}{draw.digits(6)}"
    return f"{body}{97 - int(body) % 97:02}"


def _spanish(draw: Draw) -> str:
    body = draw.digits(8)
    return body + "TRWAGMYFPDXBNJZSQVHLCKE"[int(body) % 23]


def _dutch(draw: Draw) -> str:
    while True:
        body = draw.digits(8)
        check = weighted(body, range(9, 1, -1)) % 11
        if check < 10:
            return body + str(check)


def _polish(draw: Draw) -> str:
    body = f"{50 + draw.below(49)}{1 + draw.below(12):02}{10 + draw.below(18)}{draw.digits(4)}"
    return body + str(-weighted(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10)


def _british(draw: Draw) -> str:
    return f"{draw.one('ABCEGHJ')}{draw.one('ABCEGHJ')}{draw.digits(6)}{draw.one('ABCD')}"


#: By the name under which such a number stands: alone most look like any other number.
_NATIONAL = {
    "tax_id": _german,
    "insee": _french,
    "dni": _spanish,
    "bsn": _dutch,
    "pesel": _polish,
    "nino": _british,
    "personnummer": lambda draw: luhn(
        f"{50 + draw.below(49)}{1 + draw.below(12):02}{10 + draw.below(18)}{draw.digits(3)}"
    ),
    "aadhaar": lambda draw: verhoeff(f"{2 + draw.below(8)}{draw.digits(10)}"),
    "passport_number": lambda draw: f"{draw.one('CFGHJK')}{draw.digits(8)}",
}


def _national(draw: Draw, index: int) -> tuple[str, str, str]:
    key, make = list(_NATIONAL.items())[index % len(_NATIONAL)]
    return beside(make(draw), key, index // len(_NATIONAL) + index)


def _birth(draw: Draw, index: int) -> tuple[str, str, str]:
    year, month, day = 1900 + draw.below(50), 1 + draw.below(12), 1 + draw.below(28)
    date = (f"{year}-{month:02}-{day:02}", f"{day:02}/{month:02}/{year}", f"{day:02}.{month:02}.{year}")[index % 3]
    return beside(date, ("date_of_birth", "dob", "birthdate", "dateOfBirth")[index // 6 % 4], index)


def _medical_record(draw: Draw, index: int) -> tuple[str, str, str]:
    return beside(draw.digits(10), ("mrn", "medical_record_number", "patient_id")[index // 6 % 3], index)


EMAILS = (Kind("e-mail address", "email", _email, 24), Kind("e-mail address in a query", "email", _email_in_query))
PERSONAL = (
    Kind("telephone", "phone", _phone, 30),
    Kind("IPv4 address", "ip", _ipv4, 12),
    Kind("IPv6 address", "ip", _ipv6, 12),
    Kind("social security number", "us_ssn", _ssn, 12),
    Kind("national id beside its key", "national_id", _national, 27),
    Kind("date of birth beside its key", "birth", _birth, 24),
    Kind("medical record number beside its key", "health", _medical_record, 18),
)
