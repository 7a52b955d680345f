"""Values as words on a line."""

from __future__ import annotations

from .as_json import dumps, plain
from .escape import inert
from .received import Value


def text_of(value: Value) -> str:
    """A text as it is, and JSON of all else. What is in a text is not inert yet."""
    shown = plain(value)
    return shown if isinstance(shown, str) else dumps(shown)


def shown(value: Value) -> str:
    """A value to stand behind ``name=``."""
    return quoted(value) if isinstance(value, str) else inert(text_of(value))


def quoted(text: str) -> str:
    """A word as it is; what would not read as one word, in quotes."""
    if text.split() == [text] and not any(mark in text for mark in '"='):
        return inert(text)
    return '"' + inert(text).replace('"', '\\"') + '"'
