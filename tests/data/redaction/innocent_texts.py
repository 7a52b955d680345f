"""Texts that use the words and signs of secrets, and hold none."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

from .draw import LOWER_AND_DIGITS, Draw

_PROSE = (
    *("token expired", "the token is valid for {n} minutes", "no password was given", "password reset requested"),
    *(
        "secret santa list has {n} names",
        "invalid token in line {n}",
        "unexpected token '}}' at {n}",
        "password is required",
    ),
    *("changed the password policy of {n} users", "basic auth is off", "bearer of news no {n}", "cookie consent shown"),
    *("passwords do not match", "tokens per second: {n}", "authorization took {n} ms", "the key of map {n} is missing"),
    *("retry with a new token", "{n} api keys in use", "ssh key not found", "credentials of job {n} are fine"),
    *(
        "Basic plan chosen by {n}",
        "session {n} opened",
        "pass {n} of {n} done",
        "author {n} is new",
        "pin the version {n}",
    ),
    *(
        "private key file is missing",
        "secretary called {n} times",
        "card declined",
        "card ending in {n}",
        "span {n} ended",
    ),
    *("login failed {n} times", "max_tokens={n}", "prompt_tokens: {n}", "page_token: none", "next_token=null"),
    *("token_count={n}", "password=None", '{{"token": null}}', "tokenizer: loaded in {n} ms", "is_secret=False"),
    *("keyboard: us", "monkey=7{n}", "primary_key={n}", "foreign key: orders.{n}", "partition key: day-{n}"),
)
_PATHS = (
    *(
        "/usr/lib/python3.11/site-packages/shop/mod{n}.py",
        "C:\\\\shop\\\\orders\\\\{n}.csv",
        "/var/log/shop/{n}.log.gz",
    ),
    *("src/shop/token_store.py:{n}", "/home/shop/.ssh/known_hosts:{n}", "s3://bucket/2024/{n}/part-0000.parquet"),
    *("https://shop.example/orders/{n}?page=2&sort=asc", "http://localhost:80{n}/health", "file:///etc/hosts#{n}"),
    *(
        "GET /api/v2/orders/{n} HTTP/1.1",
        "/password/reset/{n}",
        "/static/js/main.{n}abc.js",
        "tests/test_tokens.py::test_{n}",
    ),
)
_AT_SIGNS = (
    *("name@1.2.{n}", "@decorator", "@app.route('/orders/{n}')", "ssh deploy@host{n}", "icon@2x.png", "react@18.{n}.0"),
    *(
        "git@github.example:shop/repo{n}.git",
        "getty@tty{n}.service",
        "lodash@4.17.{n}",
        "user@host{n}",
        "at {n} @ 5.99",
    ),
    *(
        "@babel/core@7.{n}.1",
        "actions/checkout@v{n}",
        "image@sha256:0{n}",
        "celery@worker-{n}",
        "foo@bar",
        "@media {n}px",
    ),
)
_REPRS = (
    *("<Order object at 0x7f{n}a2b3c4d50>", "Order(id={n}, total=Decimal('35.20'))", "datetime.date(2024, 5, {n})"),
    *("{{'id': {n}, 'items': [1, 2, 3]}}", "<Response [{n}]>", "ValueError('bad value {n}')", "range(0, {n})"),
    *(
        "[('a', {n}), ('b', None)]",
        "<function pay at 0x7f01{n}ff>",
        "UUID('00000000-0000-4000-8000-{n:012}')",
        "b'\\\\x00{n}'",
    ),
    *("namespace(a=1, b={n})", "{{'total': {n}, 'currency': 'EUR', 'ok': True}}", "<Task pending name='Task-{n}'>"),
)
_QUERIES = (
    *(
        "SELECT id FROM orders WHERE id = {n}",
        "UPDATE carts SET total = {n} WHERE id = 7",
        "key: value{n}",
        "a=1&b={n}",
    ),
    *("retry={n}; delay=0.5; jitter=full", "host=db{n} port=5432 dbname=shop", 'level=info msg="order {n}" took=3ms'),
    *(
        "user.id={n}",
        "count: {n}, errors: 0",
        "colour=#a{n}b2c",
        "range: bytes=0-{n}",
        'etag: W/"{n}-abc"',
        "x-request-id: r{n}",
    ),
    *(
        "accept: application/json; q=0.{n}",
        "cache-control: max-age={n}",
        "content-type: text/html; charset=utf-8",
        "port={n}",
    ),
)
_IDENTIFIERS = (
    *(
        "task_{n}_abcdef",
        "sk-learn-{n}",
        "hf_hub_download_{n}",
        "ghost_{n}",
        "pk_orders_{n}",
        "xoxo-{n}",
        "npm_config_{n}",
    ),
    *(
        "eyJustAWord{n}",
        "AKIApetown{n}",
        "whsec",
        "glpat",
        "sg.example.{n}",
        "sk-toolbar-button-primary",
        "ask-me-anything-{n}",
    ),
    *(
        "pypi-publish-{n}",
        "risk-assessment-report-final-{n}",
        "desk-lamp-with-adjustable-arm-{n}",
        "dapi-{n}",
        "key-{n}",
    ),
    *("CONSTANT_NAME_{n}", "shop.orders.v{n}.OrderCreated", "ya29-{n}", "rabbit-{n}@shop", "ISBN-{n}", "TICKET-{n}"),
)


def _filled(forms: Sequence[str]) -> Callable[[Draw, int], object]:
    def make(draw: Draw, index: int) -> object:
        return forms[index % len(forms)].format(n=1 + draw.below(97))

    return make


def _base64(draw: Draw, index: int) -> object:
    words = " ".join(draw.text(6, "abcdefghijklmnopqrstuvwxyz") for _ in range(3 + index % 6)).encode()
    encoded = base64.b64encode(words).decode()
    return (encoded, f"body is {encoded}", f"data:text/plain;base64,{encoded}")[index % 3]


def _cluster(draw: Draw, index: int) -> object:
    pod = f"shop-{draw.text(9, LOWER_AND_DIGITS)}-{draw.text(5, LOWER_AND_DIGITS)}"
    return (
        pod,
        f"pod {pod} evicted",
        f"i-0{draw.hex(16)}",
        f"arn:aws:s3:::shop-{index}/orders",
        f"docker://{draw.hex(64)}",
    )[index % 5]


def _telephone_like(draw: Draw, index: int) -> object:
    forms = (
        f"rows {draw.digits(3)}-{draw.digits(4)}",
        f"build {draw.digits(4)}.{draw.digits(4)}",
        f"+{draw.below(90) + 10} points",
        f"({draw.digits(3)}) items, {draw.digits(4)} left",
        f"offset {draw.digits(10)}",
        f"sku {draw.digits(3)}/{draw.digits(3)}/{draw.digits(4)}",
        f"pid {draw.digits(5)} tid {draw.digits(7)}",
        f"2024-{1 + draw.below(9):02}-{10 + draw.below(18)} {draw.digits(4)}",
    )
    return forms[index % len(forms)]


TEXTS: dict[str, Callable[[Draw, int], object]] = {
    "prose": _filled(_PROSE),
    "path": _filled(_PATHS),
    "like an e-mail address": _filled(_AT_SIGNS),
    "repr": _filled(_REPRS),
    "query, header or pair": _filled(_QUERIES),
    "identifier like a token": _filled(_IDENTIFIERS),
    "base64 of innocent content": _base64,
    "name of a pod, image or bucket": _cluster,
    "like a telephone": _telephone_like,
}
