"""What JSON has a form for, from any object of Python. Total: the rest becomes a text that says what it was."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from ._any_value import CYCLE, NESTED_TOO_DEEP, describe

_DEEPEST = 20
_LONGEST_KEY = 256
#: Bytes that an element takes at most beside its texts.
_ELEMENT_ROOM = 32


class PlainValues:
    """Makes values plain, within bounds.

    Args:
        string_limit: The most characters of one text; of a longer one the beginning is kept, and ``cut`` becomes true.
        room: The most characters in all, elements counted for more than they take. What is over it is left out, and
            ``cut`` becomes true: a list that holds another ten times, which holds a third one ..., has an end.
    """

    def __init__(self, string_limit: int, room: int) -> None:
        self.cut = False
        self._string_limit = string_limit
        self._room = room
        self._path: set[int] = set()

    def value(self, value: Any, depth: int = 0) -> Any:
        """A text, number, boolean, None, or a list or dict of them. Never raises."""
        try:
            return self._typed(value, depth)
        except Exception:  # noqa: BLE001 - the value's own methods may raise anything
            return self.text(value)

    def text(self, value: Any) -> str:
        """A text that UTF-8 can spell: ``value``, its JSON where it is a list or a map, or what can be said of it."""
        if isinstance(value, (bytes, bytearray)):
            value = bytes(value[: 4 * self._string_limit]).decode(errors="backslashreplace")
        elif not isinstance(value, str):
            value = describe(value)
        limit = max(min(self._string_limit, self._room), 0)
        if str.__len__(value) > limit:
            self.cut = True
            value = str.__getitem__(value, slice(limit))
        self._room -= str.__len__(value)
        return str.encode(value, errors="backslashreplace").decode()

    def body(self, body: Any) -> str:
        """A record's body as text; lists and maps as JSON, nothing for None. It takes half of the room at most."""
        own = PlainValues(self._string_limit, self._room // 2)
        plain = own.value(body)
        text = plain if isinstance(plain, str) else "" if plain is None else own.text(to_json(plain).decode())
        self.cut = self.cut or own.cut
        self._room -= len(text)
        return text

    def key(self, key: Any) -> str:
        """A name."""
        return self.text(key)[:_LONGEST_KEY]

    def flat(self, attributes: Any) -> dict[str, Any]:
        """Attributes with dotted names for what lies in maps: ``{"a": {"b": 1}}`` is ``{"a.b": 1}``. Never raises."""
        found: dict[str, Any] = {}
        plain = self.value(attributes) if attributes else {}
        self._flatten("", plain if isinstance(plain, dict) else {"attributes": plain}, found)
        return found

    def _flatten(self, prefix: str, values: dict[str, Any], found: dict[str, Any]) -> None:
        for key, value in values.items():
            name = f"{prefix}{key}" or "_"
            if isinstance(value, dict) and value:
                self._flatten(f"{name}.", value, found)
            else:
                found[name] = value

    def _typed(self, value: Any, depth: int) -> Any:
        if value is None or value is True or value is False:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int):
            number = int(value)
            return number if -(1 << 63) <= number < 1 << 63 else self.text(value)
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else str(float(value))
        if isinstance(value, (Mapping, Sequence)) and not isinstance(value, (bytes, bytearray)):
            return self._container(value, depth)
        return self.text(value)

    def _container(self, value: Any, depth: int) -> Any:
        if id(value) in self._path:
            return CYCLE
        if depth > _DEEPEST:
            return NESTED_TOO_DEEP
        self._path.add(id(value))
        try:
            if isinstance(value, Mapping):
                keys = takewhile(self._has_room, list(value))
                return {self.key(key): self.value(value.get(key), depth + 1) for key in keys}
            return [self.value(each, depth + 1) for each in takewhile(self._has_room, value)]
        finally:
            self._path.discard(id(value))

    def _has_room(self, _element: object) -> bool:
        self._room -= _ELEMENT_ROOM
        self.cut = self.cut or self._room < 0
        return self._room >= 0


def to_json(plain: Any) -> bytes:
    """JSON in UTF-8, on one line."""
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
