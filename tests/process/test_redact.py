"""Secrets leave wherever they stand, and what only looks like one stays."""

from __future__ import annotations

import base64
import json
import traceback
from typing import Any

import pytest

from logcapy.config import RedactionConfig
from logcapy.process.redact import Redactor
from logcapy.process.redaction.masking import MASK

REDACT = Redactor()
CARD = "4111" + "1111" * 3
RANDOM = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY" * 3


def _b64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


JWT = ".".join((_b64('{"alg":"HS256"}'), _b64('{"sub":"4711"}'), RANDOM[:43]))

#: What must be gone, and a text that holds it. Put together at run time: none is written out as its maker writes it.
SECRETS = {
    "aws key id": ("AKIA" + "Z7QX" * 4,) * 2,
    "aws temporary key id": ("ASIA" + "Z7QX" * 4,) * 2,
    "github": ("gh" + "p_" + RANDOM[:36],) * 2,
    "github server": ("gh" + "s_" + RANDOM[:36],) * 2,
    "github fine-grained": ("github" + "_pat_" + RANDOM[:22] + "_" + RANDOM[:59],) * 2,
    "gitlab": ("gl" + "pat-" + RANDOM[:20],) * 2,
    "slack": ("xox" + "b-1234567890-" + RANDOM[:24],) * 2,
    "slack app": ("xapp" + "-1-A0-" + RANDOM[:24],) * 2,
    "stripe": ("sk" + "_live_" + RANDOM[:24],) * 2,
    "stripe restricted": ("rk" + "_test_" + RANDOM[:24],) * 2,
    "google": ("AI" + "za" + RANDOM[:35],) * 2,
    "google oauth": ("ya" + "29." + RANDOM[:40],) * 2,
    "npm": ("npm" + "_" + RANDOM[:36],) * 2,
    "openai": ("sk" + "-proj-" + RANDOM[:48],) * 2,
    "anthropic": ("sk" + "-ant-api03-" + RANDOM[:80],) * 2,
    "sendgrid": ("SG" + "." + RANDOM[:22] + "." + RANDOM[:43],) * 2,
    "pypi": ("py" + "pi-" + RANDOM[:80],) * 2,
    "hugging face": ("hf" + "_" + RANDOM[:34],) * 2,
    "jwt": (JWT,) * 2,
    "pem": (RANDOM[:64], f"-----BEGIN RSA {'PRIVATE'} KEY-----\n{RANDOM[:64]}\n-----END RSA {'PRIVATE'} KEY-----"),
    "pem cut short": (RANDOM[:64], f"-----BEGIN {'PRIVATE'} KEY-----\n{RANDOM[:64]}"),
    "card": (CARD,) * 2,
    "card in groups": ("4111 1111 1111 1111",) * 2,
    "card with dashes": ("5500-0000-0000-0004",) * 2,
    "amex": ("3782 822463 10005",) * 2,
    "card behind a number": (CARD, f"7 {CARD}"),
    "email": ("alice.b+tag@mail.example.com",) * 2,
    "email in a query": ("alice%40example.com", "/users?email=alice%40example.com"),
    "bearer": ("mF_9.B5f-4.1JqM", "Bearer mF_9.B5f-4.1JqM"),
    "basic": ("dXNlcjpwYXNz", "Basic dXNlcjpwYXNz"),
    "authorization": ("lettersonly", "Authorization: Token lettersonly"),
    "digest": ("6629fae49393a053", 'Authorization: Digest username="x", response="6629fae49393a053"'),
    "user-info": ("hunter2", "postgres://app:hunter2@db.internal:5432/shop"),
    "user-info with @ in it": ("hun@ter2", "https://app:hun@ter2@db.internal/shop"),
    "user-info with / in it": ("hun/ter2", "amqp://app:hun/ter2@mq.internal/vhost"),
    "user-info, escaped": ("hunter2", r"https:\/\/app:hunter2@db.internal\/shop"),
    "password=": ("hunter2", "password=hunter2"),
    "password: ": ("hunter2", "Password: hunter2"),
    "password with a comma": ("hun,ter2", "password=hun,ter2"),
    "form": ("hunter2", "user=bob&password=hunter2&next=1"),
    "form field": ("hunter2", "user[password]=hunter2"),
    "json": ("hunter2", '{"user": "bob", "password": "hunter2"}'),
    "json with a quote": ('hun\\"ter2', '{"password":"hun\\"ter2","a":1}'),
    "json in json": ("hunter2", '{"body": "{\\"password\\": \\"hunter2\\"}"}'),
    "json number": ("90210", '{"cvv": 90210}'),
    "json list": ("hunter2", '{"passwords": ["a]b", "hunter2"]}'),
    "repr": ("hunter2", "{'api_key': 'hunter2'}"),
    "repr of bytes": ("hunter2", "{b'x-api-key': b'hunter2'}"),
    "repr of pairs": ("hunter2", "[(b'x-api-key', b'hunter2')]"),
    "keyword": ("hunter2", "connect(user='bob', passwd='hunter2')"),
    "camel case": ("hunter2", "clientSecret=hunter2"),
    "connection string": ("hunter2", "Server=db;User Id=sa;Password=hunter2;Encrypt=yes"),
    "azure": ("hunter2", "AccountName=x;AccountKey=hunter2;EndpointSuffix=core"),
    "azure sas": ("hunter2%3D", "https://x.blob.example/y?sv=2024&sig=hunter2%3D&se=2025"),
    "presigned": ("0a1b2c3d4e5f", "https://s3.example/y?X-Amz-Signature=0a1b2c3d4e5f"),
    "command line": ("hunter2", "mysqldump --password hunter2 shop"),
    "command line list": ("hunter2", "['mysqldump', '--password', 'hunter2', 'shop']"),
    "environment": ("hunter2", "PGPASSWORD=hunter2 psql"),
    "cookie": ("0123abc", "Cookie: theme=dark; sid=0123abc"),
    "set-cookie": ("0123abc", "set-cookie: sid=0123abc; Path=/; HttpOnly"),
    "curl": ("0123abc", "curl -H 'Cookie: theme=dark; sid=0123abc' http://localhost/"),
    "xml": ("hunter2", "<wsse:Password>hunter2</wsse:Password>"),
    "yaml": ("hunter2", "db:\n  user: app\n  password: hunter2\n"),
    "after a mask": ("hunter2", "password=[REDACTED]hunter2"),
}  # fmt: skip


def _raised(text: str) -> str:
    try:
        raise ValueError(text)
    except ValueError:
        return traceback.format_exc()


PLACES = {
    "alone": lambda text: text,
    "message": lambda text: f"Order 7 failed: {text} after 35.2 ms",
    "argument": lambda text: "user %s gave %s today" % (7, text),  # noqa: UP031 - how the standard library formats
    "attribute": lambda text: {"order.note": text},
    "list": lambda text: {"notes": ["one", text]},
    "tuple in a list": lambda text: [("one", text, 3)],
    "deep dict": lambda text: {"a": {"b": [{"c": text}]}},
    "set": lambda text: {"notes": {text}},
    "bytes": lambda text: text.encode(),
    "key of a dict": lambda text: {"seen": {text: 1}},
    "exception": lambda text: ValueError(text),
    "stack trace": _raised,
    "line of many": lambda text: f"first\nsecond\n{text}\nlast",
    "header value": lambda text: {"headers": {"x-note": [text]}},
    "json": lambda text: json.dumps({"note": text}),
    "json in json": lambda text: json.dumps({"note": json.dumps({"note": text})}),
    "repr": lambda text: repr({"note": ["x", text]}),
    "repr after a newline": lambda text: repr(f"note\n{text}"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_gone_wherever_it_stands(kind: str, place: str) -> None:
    secret, text = SECRETS[kind]
    value = PLACES[place](text)
    assert secret in text
    redacted = REDACT.value(value)
    shown = redacted.decode() if isinstance(redacted, bytes) else str(redacted)
    assert secret not in shown
    assert repr(secret)[1:-1] not in shown
    assert MASK in shown
    assert repr(REDACT.value(redacted)) == repr(redacted)


INNOCENT = [
    "Order 4711 was paid with 3 items in 35.2 ms",
    "order 4111111111111112 has a number that fails the check",
    "order 1234567890123456 of batch 9876543210987654",
    "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7",
    "request 550e8400-e29b-41d4-a716-446655440000 done",
    "request 41111111-1111-4111-8111-111111111111 done",
    "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "digest e4111111111111111ad",
    "address 0x4111111111111111",
    "version 1.45.1, 0.66b1 and 2024.8.6",
    "at 2025-11-22T17:55:59.123456Z",
    "at 2025-11-22 17:55:59,123 INFO",
    "ts=1763834159123456789",
    "ts_ms=1763834159123 ts_us=1763834159123456",
    "took 0.4111111111111111 s",
    "from 192.168.0.17:43210 to 10.0.0.1:443",
    "from [2001:db8::ff00:42:8329]:443",
    "token_count=5 max_tokens=4096 total_tokens=4101",
    "tokenizer=bpe author=anna authority=db.internal",
    "password_reset_count=3, password_length: 12",
    "key=order:12 primary_key=7 keyboard=de foreign_key=x",
    "cache key: orders/7",
    "the password was changed",
    "The secret is out, and the token expired",
    "a Bearer of bad news",
    "Basic authentication failed; basic understanding required",
    "authorization failed for user bob",
    "ISBN 978-3-16-148410-0",
    "ISBN 9783161484100",
    "call +49 30 901820 or +1 (555) 010-0199",
    "call 0049-171-1234567",
    "@property and @app.route",
    "user@ and @host and user@host",
    "react@18.2.0 lodash@4.17.21-beta.rc",
    "logo@2x.png icon@3x.webp",
    "git@github.com:org/repo.git",
    "getty@tty1.service failed",
    "image app@sha256:9f86d081884c7d659a2feaa0c55ad015",
    "https://example.com/orders?page=2&size=50",
    "https://example.com:8443/@anna/posts/7",
    "http://localhost:4318/v1/logs",
    "ssh://git@example.com/org/repo",
    "https://host:8080/path/a:b@c",
    "C:\\Users\\anna\\AppData\\Local",
    "/usr/lib/python3.11/site-packages/opentelemetry/sdk",
    "session_duration=35 session.id=7f3a sessions: 3",
    "page_token=abc nextToken: def",
    "passed: 12, failed: 3, compass=north, bypass: yes",
    "span=12 japan: 3 company=x expand=1",
    "secretary: Anna; secretariat=x",
    "password=None token: null secret='' api_key=",
    "def login(self, password: str, token: bytes) -> None:",
    '{"order_id": 12, "paid": true, "items": [1, 2]}',
    "{'user': 'bob', 'roles': ['admin', 'ops']}",
    "missing fields: ['name', 'password', 'address']",
    "x = a @ b.T",
    "risk-assessment-of-the-2nd-quarter-2024 task-runner-with-long-name-1",
    "disk-usage-of-node-0123456789-abcdefgh",
    "eyJ is how base64 of JSON begins: eyJhIjoxfQ",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "AKIA is a prefix, ghp_ and npm_ too",
    "through high_light graph_node_1234",
    "lat=52.520008 lon=13.404954",
    "IBAN-like DE89 and 12 345 678",
    "progress 100% |=====| 10/10",
    "SG.1 and v1.2.SG",
    "Content-Type: application/json; charset=utf-8",
    "Accept: text/html, user-agent: curl/8.5.0",
    "k8s.secret.name=app-tls secret_name=x",
    "public_key=abc keys: 3 keyspace=shop",
    "signal=15 signature mismatch, design: x",
]


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert REDACT.text(text) is text
    assert REDACT.value([{"note": text}]) == [{"note": text}]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("https://app:hunter2@db.internal/shop", "https://[REDACTED]@db.internal/shop"),
        ("user=bob&password=hunter2&next=1", "user=bob&password=[REDACTED]&next=1"),
        ('{"password": "hunter2", "a": 1}', '{"password": "[REDACTED]", "a": 1}'),
        ("connect(password='hunter2', user='bob')", "connect(password='[REDACTED]', user='bob')"),
        ("connect(password=hunter2) failed", "connect(password=[REDACTED]) failed"),
        ("Authorization: Bearer abc rejected", "Authorization: [REDACTED] rejected"),
        ("got Bearer abc123xyz here", "got Bearer [REDACTED] here"),
        ("Cookie: a=1; b=2\nHost: x", "Cookie: [REDACTED]\nHost: x"),
        ("curl -H 'Cookie: a=1; b=2' http://x/", "curl -H 'Cookie: [REDACTED]' http://x/"),
        (f"card {CARD}, please", "card [REDACTED], please"),
        ("mail bob@example.com.", "mail [REDACTED]."),
        ("--password hunter2 --user bob", "--password [REDACTED] --user bob"),
        ('{"passwords": ["a", "b]"], "c": 1}', '{"passwords": [REDACTED], "c": 1}'),
    ],
)
def test_what_stands_beside_a_secret_stays_readable(text: str, redacted: str) -> None:
    assert REDACT.text(text) == redacted


SECRET_KEYS = [
    *(
        "password",
        "user.password",
        "userPassword",
        "PASSWORD",
        "db_passwd",
        "pwd",
        "PGPASSWORD",
        "password1",
        "db_pass",
    ),
    *("secret", "client_secret", "clientSecret", "token", "access_token", "refreshToken", "id_token", "apiToken"),
    *("api_key", "apiKey", "X-API-Key", "apikey", "aws_secret_access_key", "privateKey", "private_key"),
    *("authorization", "Proxy-Authorization", "http.request.header.authorization", "http.request.header.x-api-key"),
    *("cookie", "http.response.header.set-cookie", "credential", "aws.credentials", "csrfmiddlewaretoken", "X-CSRF"),
    *("cvv", "cvc", "cvv2", "card_number", "cardNumber", "pan", "payment.pan", "sessionid", "JSESSIONID"),
]
PLAIN_KEYS = [
    *("token_count", "max_tokens", "password_reset_count", "tokenizer", "author", "session_duration", "session.id"),
    *("key", "primary_key", "keyboard", "public_key", "idempotency_key", "next_page_token", "nextToken", "secret_name"),
    *("span", "company", "compass", "bypass", "passed", "order.id", "cookie_count", "secretary", "signature", "hash"),
]


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_a_value_under_a_secret_key_is_masked_whole_whatever_its_type(key: str) -> None:
    for value in ("x", 5, 1.5, ["x"], ("Basic eA",), {"a": 1}, object()):
        assert REDACT.attributes({key: value, "n": 1}) == {key: MASK, "n": 1}
    assert REDACT.attributes({"headers": [(key, "x")]}) == {"headers": [(key, MASK)]}
    assert REDACT.value({key.encode(): b"x"}) == {key.encode(): MASK.encode()}


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_what_says_nothing_may_stay_under_a_secret_key(key: str) -> None:
    assert REDACT.attributes({key: None, "a": {key: True, "b": {key: ""}}}) is None


@pytest.mark.parametrize("key", PLAIN_KEYS)
def test_a_key_that_only_looks_secret_leaves_its_value(key: str) -> None:
    assert REDACT.attributes({key: "abc", "nested": {key: 5}}) is None


def test_keys_of_the_users_own_are_masked_by_their_words() -> None:
    redact = Redactor(RedactionConfig(redact=(), redact_keys=("ssn", "account_number")))
    secret = {"user.ssn": 1, "userSsn": 2, "accountNumber": 3, "bank.account-number": 4, "lessn": 5, "number": 6}
    assert redact.attributes(secret) == {**dict.fromkeys(list(secret)[:4], MASK), "lessn": 5, "number": 6}
    assert (
        redact.text("ssn=078 and account_number: 12, number=3")
        == "ssn=[REDACTED] and account_number: [REDACTED], number=3"
    )
    assert redact.text("password=hunter2 a@example.com") == "password=hunter2 a@example.com"


def test_without_presets_and_keys_nothing_is_redacted() -> None:
    redact = Redactor(RedactionConfig(redact=()))
    for _, text in SECRETS.values():
        assert redact.text(text) is text
    assert redact.attributes({"password": "x", "n": int(CARD)}) is None


def test_each_preset_stands_for_itself() -> None:
    text = f"password=hunter2 {CARD} bob@example.com"
    assert Redactor(RedactionConfig(redact=("credentials",))).text(text) == f"password={MASK} {CARD} bob@example.com"
    assert Redactor(RedactionConfig(redact=("pci",))).text(text) == f"password=hunter2 {MASK} bob@example.com"
    assert Redactor(RedactionConfig(redact=("email",))).text(text) == f"password=hunter2 {CARD} {MASK}"


@pytest.mark.parametrize(
    "number",
    ["4111111111111111", "5555555555554444", "2223003122003222", "378282246310005", "30569309025904",
     "6011111111111117", "3530111333300000", "6200000000000005", "4222222222222", "6759649826438453"],
)  # fmt: skip
def test_card_numbers_of_each_issuer_are_found_as_text_and_as_numbers(number: str) -> None:
    assert REDACT.text(f"paid by {number}.") == f"paid by {MASK}."
    assert REDACT.attributes({"n": int(number)}) == {"n": MASK}
    assert REDACT.attributes({"n": float(number)}) == {"n": MASK}
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert REDACT.attributes({"n": int(wrong), "t": wrong}) is None


def test_a_clean_text_is_searched_once_and_a_secret_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    redactor = Redactor()
    search, searched = redactor._once, []

    def spy(text: str, deadline: Any) -> str:
        searched.append(text)
        return search(text, deadline)

    monkeypatch.setattr(redactor, "_once", spy)
    stack = "Traceback (most recent call last):\n" + '  File "shop.py", line 1, in pay\n' * 99
    for text in ("a clean text", stack, "x " * 5000):
        assert [redactor.text(text) is text for _ in range(3)] == [True] * 3
    assert searched == ["a clean text", stack, *["x " * 5000] * 3], "what is very long is not kept"
    for _ in range(2):
        assert "hunter2" not in redactor.text(f"{stack}password=hunter2")
    for number in range(5000):
        redactor.text(f"{number} {stack}")
        redactor.text(f"text {number}")
    assert len(redactor._clean_long) <= 64
    assert len(redactor._clean) <= 1024
