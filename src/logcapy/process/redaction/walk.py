"""Finds the secrets inside values: containers at any depth, bytes, numbers, the text of other objects."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import islice
from typing import Final, TypeVar

from logcapy._guard import say_once
from logcapy._later import compiled
from logcapy.types import MASK

from .cards import CARDS, is_card_number
from .masking import MASKED, Masking

_DEEPEST: Final = 64
#: How many containers of one value are looked into, and how many items of one that is not Python's own.
_MOST_CONTAINERS: Final = 100_000
_MOST_FOREIGN_ITEMS: Final = 10_000
_LONGEST_REMEMBERED_KEY: Final = 100
_REMEMBERED_KEYS: Final = 1024
_PLAIN: Final = (bool, type(None), datetime.datetime, datetime.date, datetime.time, datetime.timedelta)


_Item = TypeVar("_Item")
#: Instead of a value whose item is not to be.
_LEFT_OUT: Final = object()


class Walk:
    """One walk through one value. A container is looked into once, however often it is met.

    Args:
        text: Masks the secrets of a text; the same object if there are none.
        is_secret_key: Whether what lies under a key is masked whole.
        clean: Texts that are known to hold no secret.
        plain_keys: Keys that are known to hold none and to name none; grows.
        masking: What stands in the place of a secret.
        masks_cards: Whether numbers are looked at.
    """

    def __init__(
        self,
        text: Callable[[str], str],
        is_secret_key: Callable[[str], bool],
        clean: Set[str],
        plain_keys: set[str],
        masking: Masking,
        *,
        masks_cards: bool,
    ) -> None:
        self._text = text
        self._is_secret_key = is_secret_key
        self._clean = clean
        self._plain_keys = plain_keys
        self._masking = masking
        self._masks_cards = masks_cards
        self._foreign_room = _MOST_FOREIGN_ITEMS
        self._results: dict[int, object] = {}
        self._kept: list[object] = []

    def value(self, value: object, depth: int = 0) -> object:
        """``value`` without its secrets; the same object if it has none.

        Raises:
            Exception: Whatever a method of a value raises. The value is then to be masked whole.
        """
        kind = type(value)
        if kind is str:
            return self._text(value)  # type: ignore[arg-type]  # kind says it is a str
        if kind is int or kind is float:
            return self._number(value)  # type: ignore[arg-type]  # kind says so
        if kind in _PLAIN:
            return value
        if isinstance(value, str):
            plain = str.__str__(value)
            redacted = self._text(plain)
            return value if redacted == plain else redacted
        if isinstance(value, (bytes, bytearray, memoryview)):
            return self._bytes(value)
        if isinstance(value, (int, float)):
            return self._number(value)
        if isinstance(value, (Mapping, Sequence, Set)) and kind is not range:
            return self._container(value, depth)
        return self._object(value)

    def attributes(self, mapping: Mapping[str, object], depth: int = 0) -> dict[str, object] | None:
        """A copy of a mapping without its secrets; None if it has none.

        Raises:
            Exception: The mapping cannot be enumerated. A value that cannot be examined is masked.
        """
        items = list(mapping.items()) if type(mapping) is dict else self._bounded(mapping.items())
        changed: dict[object, object] | None = None
        clean, plain_keys = self._clean, self._plain_keys
        for copied, (key, value) in enumerate(items):
            if (
                changed is None
                and type(key) is str
                and key in plain_keys
                and (value in clean if type(value) is str else type(value) is int and abs(value) < CARDS.start)
            ):
                continue
            new_key, new_value = self._item(key, value, depth)
            if changed is None:
                if new_key is key and new_value is value:
                    continue
                changed = dict(islice(items, copied))
            if new_value is _LEFT_OUT:
                continue
            if new_key is not key and new_key in changed:
                new_key = f"{new_key} {copied}"
            changed[new_key] = new_value
        return changed  # type: ignore[return-value]  # keys are what they were, or text

    def _item(self, key: object, value: object, depth: int) -> tuple[object, object]:
        try:
            if type(key) is not str:
                return self._foreign_key(key), self._under_key(key, value, depth)
            new_key = self._text(key)
            if self._is_secret_key(key):
                return new_key, self._masked(value, leaves_out=True)
            if new_key is key and len(key) <= _LONGEST_REMEMBERED_KEY and len(self._plain_keys) < _REMEMBERED_KEYS:
                self._plain_keys.add(key)
            return new_key, self.value(value, depth)
        except Exception as error:  # noqa: BLE001 - fails closed: an item that cannot be examined is masked
            return self._text(key) if type(key) is str else MASK, mask_unseen(error)

    def _foreign_key(self, key: object) -> object:
        text = _key_text(key)
        redacted = self._text(text)
        return key if redacted == text else redacted

    def _under_key(self, key: object, value: object, depth: int) -> object:
        if self._is_secret_key(_key_text(key)):
            return self._masked(value, leaves_out=True)
        return self.value(value, depth)

    def _number(self, number: float) -> object:
        if self._masks_cards and CARDS.start <= abs(number) < CARDS.stop and is_card_number(str(abs(int(number)))):
            return self._masking(str(number), "card")
        return number

    def _bytes(self, value: bytes | bytearray | memoryview) -> object:
        content = bytes(value)
        try:
            text, encoding = content.decode(), "utf-8"
        except UnicodeDecodeError:
            text, encoding = content.decode("latin-1"), "latin-1"
        redacted = self._text(text)
        if redacted == text:
            return value
        return bytearray(redacted, encoding) if isinstance(value, bytearray) else redacted.encode(encoding)

    def _object(self, value: object) -> object:
        """What is none of the above leaves as its text: so the text is what counts."""
        text = str.__str__(str(value))
        redacted = self._text(text)
        return value if redacted == text else redacted

    def _container(self, value: Mapping[str, object] | Sequence[object] | Set[object], depth: int) -> object:
        identity = id(value)
        if identity in self._results:
            return self._results[identity]
        if depth >= _DEEPEST or len(self._results) >= _MOST_CONTAINERS:
            return MASK
        self._results[identity] = MASK  # a container that holds itself meets this
        self._kept.append(value)  # so that no other object gets its id
        result: object
        if isinstance(value, Mapping):
            changed = self.attributes(value, depth + 1)
            result = value if changed is None else changed
        else:
            result = self._items(value, depth + 1)
        self._results[identity] = result
        return result

    def _items(self, values: Sequence[object] | Set[object], depth: int) -> object:
        items = list(values if type(values) in (list, tuple, set, frozenset) else self._bounded(values))
        changed = False
        for index, item in enumerate(items):
            is_named = index == 1 and self._is_pair(items)
            new_item = self._masked(item) if is_named else self._safe_value(item, depth)
            if new_item is not item:
                items[index], changed = new_item, True
        if not changed:
            return values
        if isinstance(values, Set):
            return frozenset(items) if isinstance(values, frozenset) else set(items)
        return tuple(items) if isinstance(values, tuple) else items

    def _safe_value(self, item: object, depth: int) -> object:
        try:
            return self.value(item, depth)
        except Exception as error:  # noqa: BLE001 - fails closed: an item that cannot be examined is masked
            return mask_unseen(error)

    def _bounded(self, values: Iterable[_Item]) -> list[_Item]:
        """The items of a container that is not Python's own and may have no end."""
        items = list(islice(iter(values), self._foreign_room + 1))
        self._foreign_room -= len(items)
        if self._foreign_room < 0:
            self._foreign_room = 0
            raise ValueError("more items than are looked at")
        return items

    def _masked(self, value: object, *, leaves_out: bool = False) -> object:
        """What stands for the value under a secret key. What says nothing may stay: None, a flag, an empty text."""
        if value is None or isinstance(value, bool) or (type(value) in (str, bytes) and not value):
            return value
        if leaves_out and self._masking.drops:
            self._masking.count("key")
            return _LEFT_OUT
        if isinstance(value, (bytes, bytearray)):
            text = bytes(value).decode("latin-1")
            return value if compiled(MASKED).fullmatch(text) else self._masking(text, "key").encode()
        if type(value) is str:
            return value if compiled(MASKED).fullmatch(value) else self._masking(value, "key")
        if isinstance(value, (int, float, str)):
            return self._masking(str(value), "key")
        self._masking.count("key")
        return MASK

    def _is_pair(self, items: Sequence[object]) -> bool:
        """Whether items are a key and its value: headers often are a list of such."""
        return len(items) == 2 and isinstance(items[0], (str, bytes)) and self._is_secret_key(_key_text(items[0]))


def _key_text(key: object) -> str:
    if isinstance(key, bytes):
        return key.decode("latin-1")
    return str.__str__(key if isinstance(key, str) else str(key))


def mask_unseen(error: Exception) -> str:
    """The mask for what could not be examined, and a word to the user; the error's own text may hold the secret."""
    say_once("redaction", f"a value could not be searched for secrets ({type(error).__name__}): it is masked whole")
    return MASK
