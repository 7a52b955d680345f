"""Numbers and identifiers that look like cards, telephones or tokens, and are none."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from collections.abc import Callable

from .check_digits import fails_luhn, weighted
from .draw import UPPER_AND_DIGITS, Draw


def _stamp(draw: Draw) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(1_600_000_000 + draw.below(10**8), datetime.timezone.utc)


def _time(draw: Draw, index: int) -> str:
    moment = _stamp(draw).replace(microsecond=draw.below(10**6))
    formats = ("%Y-%m-%dT%H:%M:%S.%fZ", "%d/%b/%Y:%H:%M:%S +0000", "%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S,%f")
    return moment.strftime(formats[index % 4])


def _epoch(digits: int) -> Callable[[Draw, int], object]:
    def make(draw: Draw, index: int) -> object:
        moment = int(_stamp(draw).timestamp()) * 10 ** (digits - 10) + draw.below(10 ** (digits - 10))
        return moment if index % 2 else f"started at {moment}"

    return make


def _hash(name: str) -> Callable[[Draw, int], object]:
    def make(draw: Draw, index: int) -> object:
        digest = hashlib.new(name, draw.bytes(16), usedforsecurity=False).hexdigest()
        return (digest, f"checksum {digest} ok", f"{name}:{digest}", digest[:12] if name == "sha1" else digest)[
            index % 4
        ]

    return make


def _failing(draw: Draw, index: int) -> object:
    number = fails_luhn(f"{draw.one(('4', '51', '34', '6011', '62'))}{draw.digits(13)}"[:15])
    return (number, int(number), f"order {number} shipped", f"ORD-{number}")[index % 4]


def _long_id(draw: Draw, index: int) -> object:
    number = draw.digits(13 + index % 7)
    return (number, int(number), f"order {number} shipped", f"/orders/{number}/items")[index % 4]


def _isbn(draw: Draw, index: int) -> str:
    body = "978" + draw.digits(9)
    check = -weighted(body, (1, 3) * 6) % 10
    return f"{body}{check}" if index % 2 else f"ISBN 978-{body[3]}-{body[4:8]}-{body[8:12]}-{check}"


def _uuid(draw: Draw, index: int) -> object:
    one = uuid.UUID(int=int(draw.hex(32), 16), version=4)
    return (str(one), f"order {one} created", one.hex, f"urn:uuid:{one}", str(one).upper())[index % 5]


def _trace(draw: Draw, index: int) -> str:
    trace, span = draw.hex(32), draw.hex(16)
    return (trace, span, f"00-{trace}-{span}-01", f"trace_id={trace} span_id={span}")[index % 4]


def _version(draw: Draw, index: int) -> str:
    a, b, c, d = (draw.below(30) for _ in range(4))
    forms = (f"{a}.{b}.{c}", f"v{a}.{b}.{c}-rc{d}", f"package=={a}.{b}.{c}.{d}", f"Chrome/1{a}.0.{1000 + b}.{c}")
    return forms[index % 4]


def _price(draw: Draw, index: int) -> object:
    amount = draw.below(10**7) / 100
    return (amount, f"€{amount:,.2f}", f"total={amount:.2f} EUR", f"1 234 {draw.digits(3)},{draw.below(90) + 10} kr")[
        index % 4
    ]


def _quantities(draw: Draw, index: int) -> str:
    numbers = [str(draw.below(10**4)) for _ in range(6)]
    return (" ".join(numbers), ", ".join(numbers), "-".join(numbers[:3]), f"[{', '.join(numbers)}]")[index % 4]


def _parcel(draw: Draw, index: int) -> str:
    forms = (
        f"1Z{draw.text(6, UPPER_AND_DIGITS)}{draw.digits(10)}",
        f"JD{draw.digits(18)}",
        f"invoice 2024-{draw.digits(6)}",
    )
    return forms[index % 3]


def _fraction(draw: Draw, index: int) -> object:
    return (draw.below(10**9) / 1e9, f"took {draw.below(999)}.{draw.digits(15)} ms", f"0.{draw.digits(16)}")[index % 3]


NUMBERS: dict[str, Callable[[Draw, int], object]] = {
    "order number of 16 digits that fails Luhn": _failing,
    "id of 13 to 19 digits": _long_id,
    "ISBN or EAN": _isbn,
    "UUID": _uuid,
    "MD5": _hash("md5"),
    "SHA-1": _hash("sha1"),
    "SHA-256": _hash("sha256"),
    "trace and span id": _trace,
    "version": _version,
    "timestamp": _time,
    "epoch in seconds": _epoch(10),
    "epoch in milliseconds": _epoch(13),
    "epoch in microseconds": _epoch(16),
    "epoch in nanoseconds": _epoch(19),
    "price": _price,
    "quantities": _quantities,
    "parcel and invoice": _parcel,
    "fraction": _fraction,
}
