"""What looks like a secret and is none: texts as applications log them, which must arrive as they were."""

from __future__ import annotations

import base64
import string
import uuid
from collections.abc import Callable
from random import Random

EACH = 45
_HEX = "0123456789abcdef"


def _of(random: Random, alphabet: str, length: int) -> str:
    return "".join(random.choices(alphabet, k=length))


def _not_luhn(random: Random, length: int) -> str:
    """An order number as long as a card's, which ends in a digit that no card has there."""
    while True:
        number = str(random.randrange(10 ** (length - 1), 10**length))
        total = sum(sum(divmod(int(d) * (1 + n % 2), 10)) for n, d in enumerate(reversed(number)))
        if total % 10:
            return number


_MAKERS: dict[str, Callable[[Random], str]] = {
    "order number": lambda r: f"order {_not_luhn(r, 16)} placed",
    "long number": lambda r: f"offset={_not_luhn(r, r.choice((13, 14, 15, 17, 18, 19)))}",
    "uuid": lambda r: f"request {uuid.UUID(int=r.getrandbits(128))} done",
    "md5": lambda r: f"etag {_of(r, _HEX, 32)}",
    "git commit": lambda r: f"deployed {_of(r, _HEX, 40)} to production",
    "sha256": lambda r: f"sha256:{_of(r, _HEX, 64)}",
    "version": lambda r: f"upgraded to {r.randrange(20)}.{r.randrange(30)}.{r.randrange(99)}rc{r.randrange(9)}",
    "package": lambda r: f"npm install left-pad@{r.randrange(9)}.{r.randrange(9)}.{r.randrange(9)}",
    "milliseconds": lambda r: f"at {1_795_000_000_000 + r.randrange(10**9)} ms",
    "nanoseconds": lambda r: f"ts={1_795_000_000_000_000_000 + r.randrange(10**15)}",
    "iso time": lambda r: f"2026-11-{r.randrange(10, 30)}T{r.randrange(10, 24)}:{r.randrange(10, 60)}:07.123456Z",
    "trace": lambda r: f"traceparent 00-{_of(r, _HEX, 32)}-{_of(r, _HEX, 16)}-01",
    "path": lambda r: f"/srv/app/releases/{r.randrange(10**11)}/lib/tokens/parser_{r.randrange(99)}.py",
    "repr": lambda r: f"<Order object at 0x{_of(r, _HEX, 12)}>",
    "tokens of a model": lambda r: f"max_tokens={r.randrange(4096)} used {r.randrange(999)} tokens",
    "next page": lambda r: f"next_page_token: {_of(r, string.ascii_letters, 24)}",
    "prose of passwords": lambda r: f"the password must have {r.randrange(8, 20)} characters and a digit",
    "prose of tokens": lambda r: f"token expired {r.randrange(9999)} seconds ago, bearer of bad news",
    "ssh": lambda r: f"cloning git@example.org:shop/service-{r.randrange(999)}.git",
    "unit": lambda r: f"started getty@tty{r.randrange(9)}.service",
    "decorator": lambda r: f"@retry applied to step_{r.randrange(999)} @ line {r.randrange(999)}",
    "price": lambda r: f"total {r.randrange(10**6)}.{r.randrange(10, 99)} EUR, {r.randrange(99)} items",
    "ratio": lambda r: f"loss={r.random():.17f}",
    "base64": lambda r: f"payload {base64.b64encode(r.randbytes(24)).decode()}",
    "isbn": lambda r: f"978-3-{r.randrange(10, 99)}-{r.randrange(10**5, 10**6)}-{r.randrange(9)}",
    "query": lambda r: f"GET /search?q=secret+santa&page={r.randrange(99)}&sort=key",
    "url": lambda r: f"https://api.example.org:8443/v{r.randrange(9)}/keys/{r.randrange(10**6)}",
    "sql": lambda r: f"SELECT id FROM tokens WHERE user_id = {r.randrange(10**6)} LIMIT 5",
    "coordinates": lambda r: f"{r.uniform(-90, 90):.6f},{r.uniform(-180, 180):.6f}",
    "memory": lambda r: f"heap {r.randrange(10**12, 10**13)} bytes in {r.randrange(99)} pools",
    "kubernetes": lambda r: f"pod shop-{_of(r, _HEX, 10)}-{_of(r, string.ascii_lowercase, 5)} is ready",
    "arn": lambda r: f"arn:aws:s3:::bucket-{r.randrange(10**6)}/objects/{_of(r, _HEX, 12)}",
}


def innocent() -> list[tuple[str, str]]:
    """Kind and text; always the same."""
    random = Random(1126)
    return [(kind, make(random)) for kind, make in _MAKERS.items() for _ in range(EACH)]
