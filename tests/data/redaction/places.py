"""Where a secret can stand in a record, and how it gets there."""

from __future__ import annotations

import contextlib
import json
import linecache
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from opentelemetry.trace import SpanKind

import logcapy

from .secret import Secret
from .stage import Stage

Place = Callable[[Stage, Secret], None]


def _attribute(put: Callable[[str], object]) -> Place:
    return lambda on, secret: on.logger.info("order", extra={"order.note": put(secret.text)})


def _raise(error: BaseException, cause: BaseException | None = None) -> None:
    raise error from cause


def _exception(on: Stage, error: BaseException, cause: BaseException | None = None) -> None:
    try:
        _raise(error, cause)
    except BaseException:
        on.logger.exception("order failed")


def _note(on: Stage, secret: Secret) -> None:
    error = ValueError("refused")
    error.__notes__ = [f"note {secret.text}"]  # what add_note does, which is Python 3.11's
    _exception(on, error)


def _group(on: Stage, secret: Secret) -> None:
    error: BaseException = KeyError(f"part {secret.text}")
    if sys.version_info >= (3, 11):
        error = ExceptionGroup(  # noqa: F821 - Python 3.11 has it
            "several", [ValueError("first"), error]
        )
    _exception(on, error)


def _source_line(on: Stage, secret: Secret) -> None:
    """A line of source that holds the secret, as the stack trace quotes it."""
    source = f"raise ValueError('refused')  # {secret.text!r}\n"
    name = "<template of the shop>"
    linecache.cache[name] = (len(source), None, [source], name)
    try:
        exec(compile(source, name, "exec"), {})
    except ValueError:
        on.logger.exception("order failed")
    finally:
        del linecache.cache[name]


def _frame_variable(on: Stage, secret: Secret) -> None:
    note = {"text": secret.text}
    try:
        _raise(ValueError("refused"))
    except ValueError:
        on.logger.exception("order failed")
    del note


def _span_event(on: Stage, secret: Secret) -> None:
    with contextlib.suppress(ValueError), on.tracer.start_as_current_span("POST", kind=SpanKind.SERVER):
        _raise(ValueError(f"refused {secret.text}"))


def _context(on: Stage, secret: Secret) -> None:
    with logcapy.context(note=secret.text, notes=[{"text": secret.text}]):
        on.logger.info("order")


def _shop_header(text: str) -> list[tuple[bytes, bytes]]:
    return [(b"accept", b"*/*"), (b"x-note", text.encode())]


PLACES: dict[str, Place] = {
    "message": lambda on, secret: on.logger.info("Order 7 failed: " + secret.text + " after 35.2 ms"),
    "argument": lambda on, secret: on.logger.info("user %s gave %s today", 7, secret.text),
    "argument in a list": lambda on, secret: on.logger.info("gave %s", ["one", (secret.text,)]),
    "attribute": _attribute(str),
    "dict in a list": _attribute(lambda text: {"notes": [{"a": 1}, {"text": text}]}),
    "key of a dict": _attribute(lambda text: {"seen": {text: 1}}),
    "bytes": _attribute(str.encode),
    "header pair": _attribute(_shop_header),
    "JSON": _attribute(lambda text: json.dumps({"id": 7, "note": text})),
    "JSON in JSON": _attribute(lambda text: json.dumps({"body": json.dumps({"note": text})})),
    "repr": _attribute(lambda text: repr({"note": ["x", text]})),
    "URL query": _attribute(lambda text: f"https://shop.example/find?page=2&note={quote(text)}&sort=asc"),
    "URL user-info": _attribute(lambda text: f"https://{quote(text, safe='')}@shop.example/find"),
    "baggage header": _attribute(lambda text: f"tenant=blue,note={quote(text)};ttl=5,region=eu"),
    "exception message": lambda on, secret: _exception(on, ValueError(f"refused {secret.text}")),
    "cause": lambda on, secret: _exception(on, ValueError("refused"), LookupError(f"not found: {secret.text}")),
    "note": _note,
    "exception in a group": _group,
    "source line": _source_line,
    "frame variable": _frame_variable,
    "span event": _span_event,
    "context": _context,
    "structlog": lambda on, secret: on.structlog.info("order", note=secret.text, items=[secret.text]),
    "loguru": lambda on, secret: on.loguru.bind(note=secret.text).info("gave {}", secret.text),
    "get_logger": lambda on, secret: on.ours.info("gave %s", secret.text, note=secret.text, items=[secret.text]),
}

#: For those that a key makes a secret.
KEYED_PLACES: dict[str, Callable[[str, Any], dict[str, object]]] = {
    "beside its key": lambda key, value: {key: value},
    "beside its key, deep": lambda key, value: {"order": {"notes": [{"id": 7, key: value}]}},
    "beside its key in a pair": lambda key, value: {"headers": [("accept", "*/*"), (key, value)]},
}


def log_everywhere(on: Stage, secrets: tuple[Secret, ...]) -> int:
    """Log each secret in each place, with ``corpus.place`` on the record; returns the number of records."""
    count = 0
    for name, put in PLACES.items():
        with logcapy.context(**{"corpus.place": name}):
            for secret in secrets:
                put(on, secret)
        count += len(secrets)
    keyed = [(secret.key, secret.value) for secret in secrets if secret.key is not None]
    for name, attributes in KEYED_PLACES.items():
        with logcapy.context(**{"corpus.place": name}):
            for key, value in keyed:
                on.logger.info("order", extra=attributes(key, value))
        count += len(keyed)
    return count
