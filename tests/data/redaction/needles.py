"""Finds the secrets of the corpus in bytes, however these came about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from .secret import Secret

_SHORTEST = 7


class Needles:
    """Looks for many values at once, as they are and as URLs, JSON and Python's ``repr`` write them.

    Args:
        secrets: Whose values are looked for.
    """

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._by_beginning: dict[bytes, list[tuple[bytes, Secret]]] = {}
        for secret in secrets:
            for form in _forms(secret.value):
                assert len(form) >= _SHORTEST, f"chance finds {secret}"
                self._by_beginning.setdefault(form[:_SHORTEST], []).append((form, secret))

    def found_in(self, content: bytes) -> set[Secret]:
        """The secrets whose value stands somewhere in ``content``."""
        return set(self._found_in(content))

    def _found_in(self, content: bytes) -> Iterator[Secret]:
        beginnings = self._by_beginning
        for start in range(len(content) - _SHORTEST + 1):
            beginning = content[start : start + _SHORTEST]
            if beginning in beginnings:
                for form, secret in beginnings[beginning]:
                    if content.startswith(form, start):
                        yield secret


def _forms(value: str) -> set[bytes]:
    written = {
        value,
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
    }
    return {form.encode() for form in written}
