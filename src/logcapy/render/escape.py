"""Text of strangers made harmless for a terminal.

What a record holds may come from whoever calls the application. Printed raw it could move the cursor, forge a
line, set the title of the window or turn the order of the characters around.
Source: CWE-150, https://cwe.mitre.org/data/definitions/150.html; Unicode TR 36 section 3 for bidirectional text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

_UNSAFE_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
#: Format characters that scripts and emoji are written with, and that do nothing else.
_JOINERS = "\u200c\u200d"
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def inert(text: str) -> str:
    r"""The text with every control character, format character and line separator spelled out (``\x1b``)."""
    return text if text.isprintable() else _escape(text, _visible)


def inert_json(document: str) -> str:
    r"""The same for a JSON document on one line, which stays the same JSON document (``\u009b``)."""
    return document if document.isprintable() else _escape(document, _json_escape)


def is_unsafe(character: str) -> bool:
    """Whether a character does something else than stand there."""
    return unicodedata.category(character) in _UNSAFE_CATEGORIES and character not in _JOINERS


def _escape(text: str, spell: Callable[[str], str]) -> str:
    return "".join(spell(character) if is_unsafe(character) else character for character in text)


def _visible(character: str) -> str:
    if character.isascii():
        return _NAMED.get(character, f"\\x{ord(character):02x}")
    return character.encode("ascii", "backslashreplace").decode()


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
