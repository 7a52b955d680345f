"""The corpus as logging calls that every logger can make: a message, its arguments, attributes, an exception."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.data.redaction.corpus import SECRETS
from tests.data.redaction.innocent import LOOKALIKES, Lookalike
from tests.data.redaction.secret import Secret


@dataclass(frozen=True)
class Case:
    """One call.

    Args:
        name: Told as the attribute ``case_id``, so that the record is known again: A is a secret, B a look-alike. It
            has no word that anybody masks.
        place: Where the text of the corpus stands.
        of: What it holds.
        message: For ``%``.
        arguments: For it.
        attributes: Beside it.
        error: An exception that is being handled.
    """

    name: str
    place: str
    of: Secret | Lookalike
    message: str = "order"
    arguments: tuple[object, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None


def _caused(text: str) -> Exception:
    error = ValueError("refused")
    error.__cause__ = LookupError(f"not found: {text}")
    return error


def _noted(text: str) -> Exception:
    error = ValueError("refused")
    error.__notes__ = [f"note {text}"]  # type: ignore[attr-defined]  # what add_note does
    return error


_PLACES: dict[str, Callable[[str], dict[str, Any]]] = {
    "message": lambda text: {"message": f"Order 7 failed: {text} after 35.2 ms"},
    "argument": lambda text: {"message": "user %s gave %s today", "arguments": (7, text)},
    "attribute": lambda text: {"attributes": {"order_note": text}},
    "dict in a list": lambda text: {"attributes": {"order": {"notes": [{"a": 1}, {"text": text}]}}},
    "bytes": lambda text: {"attributes": {"payload": text.encode()}},
    "header pair": lambda text: {"attributes": {"headers": [["accept", "*/*"], ["x-note", text]]}},
    "JSON": lambda text: {"attributes": {"answer": json.dumps({"id": 7, "note": text})}},
    "repr": lambda text: {"attributes": {"seen": repr({"note": ["x", text]})}},
    "URL query": lambda text: {"attributes": {"url": f"https://shop.example/find?page=2&note={quote(text)}"}},
    "URL user-info": lambda text: {"attributes": {"url": f"https://{quote(text, safe='')}@shop.example/find"}},
    "exception message": lambda text: {"error": ValueError(f"refused {text}")},
    "cause": lambda text: {"error": _caused(text)},
    "note": lambda text: {"error": _noted(text)},
}
_KEYED: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "beside its key": lambda key, value: {"attributes": {key: value}},
    "beside its key, deep": lambda key, value: {"attributes": {"order": {"notes": [{"id": 7, key: value}]}}},
}
PLACES = (*_PLACES, *_KEYED)


def secret_cases() -> Iterator[Case]:
    """Each secret in each place."""
    for number, secret in enumerate(SECRETS):
        for place, put in _PLACES.items():
            yield Case(f"corpus A {number} {place};", place, secret, **put(secret.text))
        for place, put_beside in _KEYED.items() if secret.key is not None else ():
            yield Case(f"corpus A {number} {place};", place, secret, **put_beside(secret.key or "", secret.value))


def innocent_cases(mark: str = "") -> Iterator[Case]:
    """Each look-alike in a message and as an attribute; texts end in ``mark``, so that nobody has seen them before."""
    for number, one in enumerate(LOOKALIKES):
        key = one.key.replace(".", "_")
        value = one.value + mark if isinstance(one.value, str) else one.value
        yield Case(f"corpus B {number} argument;", "argument", one, "order 7: %s, done" + mark, (value,))
        yield Case(f"corpus B {number} attribute;", "attribute", one, attributes={key: value})


def stands_in(value: object, written: str) -> bool:
    """Whether a value is in what was written of a record, in whatever way it was escaped."""
    text = str(value)
    return any(form in written for form in _forms(text))


def _forms(text: str) -> set[str]:
    in_json = json.dumps(text, ensure_ascii=False)[1:-1]
    in_repr = repr(text)[1:-1]
    nested = {json.dumps(form, ensure_ascii=False)[1:-1] for form in (in_json, in_repr)}
    deeper = {json.dumps(form, ensure_ascii=False)[1:-1] for form in nested}
    quoted = {quote(text), quote(text, safe="")}
    return {text, in_json, in_repr, *nested, *deeper, *quoted}
