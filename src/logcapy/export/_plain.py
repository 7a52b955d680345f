"""Any object of Python as JSON can say it. Total: what JSON has no word for becomes a text that says what it was.

The words are those of the OTLP encoder, see :mod:`logcapy.export._any_value`; numbers beyond 64 bits and those that are
no numbers are texts, bytes are base64, as OTLP's JSON has them.
Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ._any_value import CYCLE, NESTED_TOO_DEEP, describe

_DEEPEST = 40
_MOST_ITEMS = 10_000


def plain(value: Any) -> Any:
    """A value of None, booleans, finite numbers of 64 bits, texts that are UTF-8, lists and dicts with text keys."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _text(value)
    if kind is bool or value is None:
        return value
    try:
        return _Plainly().value(value, 0)
    except Exception:  # noqa: BLE001 - the value's own methods may raise anything
        return _text(describe(value))


def as_text(value: Any) -> str:
    """A plain value as one text: itself, or its JSON."""
    return value if isinstance(value, str) else dumps(value)


def dumps(value: Any) -> str:
    """Compact JSON of a plain value, in ASCII."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


class _Plainly:
    """One value, bounded in depth and number of items."""

    def __init__(self) -> None:
        self._path: set[int] = set()
        self._room = _MOST_ITEMS

    def value(self, value: Any, depth: int) -> Any:
        if value is None or value is True or value is False:
            return value
        if isinstance(value, str):
            return _text(value)
        if isinstance(value, int):
            number = int(value)
            return number if -(1 << 63) <= number < 1 << 63 else describe(value)
        if isinstance(value, float):
            return _float(float(value))
        if isinstance(value, (bytes, bytearray, memoryview)):
            return base64.b64encode(bytes(value)).decode()
        if isinstance(value, (Sequence, Mapping)):
            return self._container(value, depth)
        return _text(describe(value))

    def _container(self, value: Any, depth: int) -> Any:
        if id(value) in self._path:
            return CYCLE
        if depth >= _DEEPEST:
            return NESTED_TOO_DEEP
        self._path.add(id(value))
        try:
            if isinstance(value, Mapping):
                return {
                    _text(key if type(key) is str else describe(key)): self._item(item, depth)
                    for key, item in value.items()
                    if self._has_room()
                }
            return [self._item(item, depth) for item in value if self._has_room()]
        finally:
            self._path.discard(id(value))

    def _item(self, item: Any, depth: int) -> Any:
        try:
            return self.value(item, depth + 1)
        except Exception:  # noqa: BLE001 - an item that fails costs itself
            return _text(describe(item))

    def _has_room(self) -> bool:
        self._room -= 1
        return self._room >= 0


def _text(value: Any) -> str:
    text = str.__str__(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace").decode()
    return text


def _float(number: float) -> float | str:
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else f"{'-' if number < 0 else ''}Infinity"
