"""Secrets of every kind that a preset promises to find, made by a seeded generator: nobody's, with right check digits.

Shapes are those of the vendors' pages that ``logcapy.process.redaction`` cites. None is written out here: what scanners
look for is put together at run time.
"""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from logcapy.process.redaction.identity import _IBAN_LENGTHS

from . import people

EACH = 8
_ALNUM = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"


@dataclass(frozen=True)
class Secret:
    """What must not leave, and a text in which it stands as it does in the world."""

    kind: str
    preset: str
    secret: str
    text: str


def _of(alphabet: str, length: int) -> Callable[[Random], str]:
    return lambda random: "".join(random.choices(alphabet, k=length))


def _token(prefix: str, length: int, alphabet: str = _ALNUM, suffix: str = "") -> Callable[[Random], str]:
    rest = _of(alphabet, length)
    return lambda random: "".join(prefix.split()) + rest(random) + suffix


def _word(random: Random) -> str:
    """A password as people choose them: letters and a digit, no key's name in it."""
    return "".join(random.choices("bcdfghjkmpqrvwxz", k=7)) + str(random.randrange(100, 999))


def _within(template: str, make: Callable[[Random], str] = _word) -> Callable[[Random], tuple[str, str]]:
    def told(random: Random) -> tuple[str, str]:
        secret = make(random)
        return secret, template.replace("%", secret)

    return told


def _base64url(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _jwt(random: Random) -> str:
    head, claims = {"alg": "HS256", "typ": "JWT"}, {"sub": str(random.randrange(10**9)), "iat": 1795359970}
    return f"{_base64url(head)}.{_base64url(claims)}.{_of(_ALNUM + '-_', 43)(random)}"


def _pem(kind: str) -> Callable[[Random], tuple[str, str]]:
    def told(random: Random) -> tuple[str, str]:
        lines = [_of(_ALNUM + "+/", 64)(random) for _ in range(3)]
        head, tail = (f"-----{word} {kind}-----" for word in ("BEGIN", "END"))
        return lines[1], "\n".join((head, *lines, tail))

    return told


def _basic(random: Random) -> tuple[str, str]:
    secret = base64.b64encode(f"app:{_word(random)}".encode()).decode()
    return secret, f"Authorization: Basic {secret}"


_CREDENTIALS: dict[str, Callable[[Random], str]] = {
    "aws access key id": _token("AK IA", 16, string.ascii_uppercase + "234567"),
    "aws temporary key id": _token("AS IA", 16, string.ascii_uppercase + "234567"),
    "google api key": _token("AI za", 35, _ALNUM + "-_"),
    "google access token": _token("ya 29.", 48, _ALNUM + "-_"),
    "github personal": _token("gh p_", 36),
    "github oauth": _token("gh o_", 36),
    "github server": _token("gh s_", 36),
    "github fine-grained": lambda r: f"github{'_pat_'}{_of(_ALNUM, 22)(r)}_{_of(_ALNUM, 59)(r)}",
    "gitlab": _token("gl pat-", 20, _ALNUM + "-_"),
    "slack bot": lambda r: f"xox{'b-'}{r.randrange(10**11, 10**12)}-{r.randrange(10**11, 10**12)}-{_of(_ALNUM, 24)(r)}",
    "slack app": lambda r: f"xapp{'-1-'}A{_of(_ALNUM, 10)(r)}-{_of(_HEX, 40)(r)}",
    "stripe live": _token("sk _live_", 24),
    "stripe restricted": _token("rk _live_", 24),
    "stripe webhook": _token("wh sec_", 32),
    "npm": _token("np m_", 36),
    "pypi": _token("py pi-", 80, _ALNUM + "-_"),
    "hugging face": _token("h f_", 34),
    "openai": _token("s k-proj-", 48, _ALNUM + "-_", suffix="4a"),
    "anthropic": _token("s k-ant-api03-", 80, _ALNUM + "-_", suffix="4a"),
    "sendgrid": lambda r: f"S{'G.'}{_of(_ALNUM, 22)(r)}.{_of(_ALNUM + '-_', 43)(r)}",
    "shopify": _token("shp at_", 32, _HEX),
    "digitalocean": _token("do p_v1_", 64, _HEX),
    "databricks": _token("da pi", 32, _HEX),
    "twilio key": _token("S K", 32, _HEX),
    "telegram bot": lambda r: f"{r.randrange(10**9, 10**10)}:A{'A'}{_of(_ALNUM + '-_', 33)(r)}",
    "discord bot": lambda r: f"M{_of(_ALNUM, 23)(r)}.G{_of(_ALNUM, 5)(r)}.{_of(_ALNUM + '-_', 38)(r)}",
    "mailgun": _token("ke y-", 32, _HEX),
    "square": _token("EA AA", 60, _ALNUM + "-_"),
    "square secret": _token("sq 0atp-", 22, _ALNUM + "-_"),
    "postman": lambda r: f"PM{'AK-'}{_of(_HEX, 24)(r)}-{_of(_HEX, 34)(r)}",
    "new relic": _token("NR AK-", 27, string.ascii_uppercase + string.digits),
    "atlassian": _token("AT ATT3", 60, _ALNUM + "-_"),
    "grafana": lambda r: f"gl{'sa_'}{_of(_ALNUM, 32)(r)}_{_of(_HEX, 8)(r)}",
    "vault": _token("hv s.", 24),
    "doppler": _token("dp .pt.", 43),
    "linear": _token("li n_api_", 40),
    "notion": _token("nt n_", 46),
    "docker hub": _token("dc kr_pat_", 27, _ALNUM + "-_"),
    "age": _token("AGE-SECRET -KEY-1", 58, string.ascii_uppercase + string.digits),
    "jwt": _jwt,
}
_TOLD: dict[str, tuple[str, Callable[[Random], tuple[str, str]]]] = {
    "slack webhook": (
        "credentials",
        _within(
            "https://hooks.slack.com/services/%",
            lambda r: f"T{_of(_ALNUM, 8)(r)}/B{_of(_ALNUM, 8)(r)}/" + _of(_ALNUM, 24)(r),
        ),
    ),
    "private key": ("credentials", _pem("RSA " + "PRIVATE KEY")),
    "ssh key": ("credentials", _pem("OPENSSH " + "PRIVATE KEY")),
    "pgp key": ("credentials", _pem("PGP " + "PRIVATE KEY BLOCK")),
    "basic authorization": ("credentials", _basic),
    "bearer authorization": ("credentials", _within("Authorization: Bearer %", _token("", 40))),
    "other authorization": ("credentials", _within("authorization: Token %")),
    "postgres url": ("credentials", _within("postgresql://app:%@db.internal:5432/shop")),
    "redis url": ("credentials", _within("redis://:%@cache.internal:6379/0")),
    "https url": ("credentials", _within("https://deploy:%@git.example.org/repository.git")),
    "password in words": ("credentials", _within("login failed: password=%, user=kim")),
    "password in a query": ("credentials", _within("/login?user=kim&password=%&next=/home")),
    "api key in json": ("credentials", _within('{"user": "kim", "api_key": "%", "page": 2}')),
    "secret in a repr": ("credentials", _within("Client(id='shop', client_secret='%', retries=3)")),
    "aws secret key": ("credentials", _within("aws_secret_access_key = %", _token("", 40, _ALNUM + "+/"))),
    "session cookie": ("credentials", _within("Cookie: sessionid=%", _token("", 32))),
    "azure storage key": ("credentials", _within("AccountName=shop;AccountKey=%;EndpointSuffix=core", _token("", 64))),
    "azure signature": ("credentials", _within("https://shop.blob.example/f?sv=2024&sig=%&se=2027", _token("", 43))),
    "heroku key": ("credentials", _within("HEROKU_API_KEY=%", lambda r: f"{_of(_HEX, 8)(r)}-{_of(_HEX, 12)(r)}")),
    "command line": ("credentials", _within("mysql --user kim --password % shop")),
    "card verification": ("pci", _within('{"cvv": "%"}', lambda r: str(r.randrange(10**8, 10**9)))),
    "date of birth": (
        "birth",
        _within("date_of_birth=%", lambda r: f"19{r.randrange(40, 99)}-0{r.randrange(1, 9)}-17"),
    ),
    "medical record": ("health", _within("mrn: %", lambda r: f"MR{r.randrange(10**7, 10**8)}")),
}
_PERSONAL: dict[str, tuple[str, Callable[[Random], str]]] = {
    "visa": ("pci", lambda r: people.card(r, "4", 16)),
    "mastercard": ("pci", lambda r: people.card(r, "55", 16)),
    "mastercard of the 2 series": ("pci", lambda r: people.card(r, "2221", 16)),
    "american express": ("pci", lambda r: people.card(r, "37", 15)),
    "discover": ("pci", lambda r: people.card(r, "6011", 16)),
    "jcb": ("pci", lambda r: people.card(r, "3528", 16)),
    "diners club": ("pci", lambda r: people.card(r, "36", 14)),
    "unionpay": ("pci", lambda r: people.card(r, "62", 19)),
    "card in groups": ("pci", lambda r: people.in_groups(people.card(r, "4", 16), " ")),
    "card with dashes": ("pci", lambda r: people.in_groups(people.card(r, "51", 16), "-")),
    "e-mail": ("email", lambda r: f"{_word(r)}@mail.example.com"),
    "e-mail with a tag": ("email", lambda r: f"kim.{_word(r)}+shop@example.co.uk"),
    "e-mail in a query": ("email", lambda r: f"{_word(r)}%40example.org"),
    "telephone": ("phone", lambda r: f"+49 30 {r.randrange(10**6, 10**7)} {r.randrange(10, 99)}"),
    "telephone in digits": ("phone", lambda r: f"+1415{r.randrange(2_000_000, 9_999_999)}"),
    "telephone in america": ("phone", lambda r: f"({r.randrange(201, 989)}) 555-{r.randrange(1000, 9999)}"),
    "ipv4": ("ip", lambda r: ".".join(str(r.randrange(11, 250)) for _ in range(4))),
    "ipv6": ("ip", lambda r: "2001:db8:" + ":".join(f"{r.randrange(4096, 65536):x}" for _ in range(6))),
    "iban": ("iban", lambda r: people.iban(r, _IBAN_LENGTHS)),
    "iban in groups": ("iban", lambda r: people.in_groups(people.iban(r, _IBAN_LENGTHS), " ")),
    "social security number": (
        "us_ssn",
        lambda r: f"{r.randrange(101, 665)}-{r.randrange(10, 99)}-{r.randrange(1000, 9999)}",
    ),
    "uk insurance number": ("national_id", people.nino),
    "german tax number": ("national_id", people.steuer_id),
    "polish number": ("national_id", people.pesel),
    "french number": ("national_id", people.nir),
    "spanish number": ("national_id", people.dni),
    "italian code": ("national_id", people.codice_fiscale),
    "brazilian number": ("national_id", people.cpf),
    "canadian number": ("national_id", people.sin),
    "indian number": ("national_id", people.aadhaar),
}


def secrets() -> list[Secret]:
    """The corpus: always the same."""
    random = Random(20261126)
    found = []
    for _ in range(EACH):
        for kind, make in _CREDENTIALS.items():
            secret = make(random)
            found.append(Secret(kind, "credentials", secret, secret))
        for kind, (preset, told) in _TOLD.items():
            found.append(Secret(kind, preset, *told(random)))
        for kind, (preset, make) in _PERSONAL.items():
            secret = make(random)
            found.append(Secret(kind, preset, secret, secret))
    return found
