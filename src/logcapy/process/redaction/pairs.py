"""``key=value`` in running text: JSON, reprs, query strings, headers, connection strings, command lines.

The key stays readable, the value is masked. Where a value ends is a guess in free text; where the guess could be
short, it goes on. Each search begins where the last one ended, so time stays linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from heapq import merge
from typing import Final

from logcapy._later import compiled

from .key_rules import KeyRules
from .masking import MASKED, Mask

_KEY_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
_LONGEST_KEY: Final = 64
_ASCII_LOWER: Final = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}

#: What stands between the last word of a key and its value. Group 1 closes the key, group 2 separates.
_SEPARATOR: Final = (
    r"[0-9]{0,3}((?:[\"'\]\\]|%22|%5d){0,8})(?=[ \t=:,>%])(?:[ \t]*(:=|=>|={1,3}|:|,|>|%3d|%3a)|[ \t])[ \t]*"
)
#: A shorter text is searched in less time than its separators.
_LONG: Final = 512
#: How much of it may stand before what separates: letters of the key, digits, what closes it, and so many blanks.
_MOST_BLANKS: Final = 64
_MOST_BETWEEN: Final = 12 + 3 + 8 * len("%22") + _MOST_BLANKS
_OPENING: Final = r"(?:[bBuUrRfF]{0,2})(\\{0,7})([\"'])|([\[{(])"
_BRACKET_OR_QUOTE: Final = r"([\[{(])|([\]})])|[\"']"
#: A value without quotes. A comma or semicolon belongs to it unless a space or another key follows.
_BARE: Final = r"[^\s,;&\"'<]+(?:[,;](?![\w.-]{0,40}[\"']?[=:])[^\s,;&\"'<]+){0,32}"
#: RFC 9110 section 11.4: a scheme and a token68, or a scheme and parameters.
_CREDENTIALS: Final = (
    r"(?:[A-Za-z0-9-]{1,32}[ \t]{1,8}[A-Za-z_-]{1,32}=[^=\r\n][^\r\n]*"
    r"|(?i:basic|bearer|token|api-?key|key|jwt|negotiate|ntlm|dpop)[ \t]{1,8}[^\s,;&\"'<]+)"
)
_LINE: Final = r"[^\r\n]+"
#: What is no secret, whatever its key: nothing, a flag, the name of a type.
_PLAIN_VALUES: Final = frozenset(
    ("none", "null", "nil", "undefined", "true", "false", "str", "string", "bytes", "int", "bool", "...")
)
_CLOSING: Final = ")]}>\\"
_ENDS_MASKED: Final = rf"{MASKED}\Z"


class PairRedactor:
    """Masks the values of secret keys in a text.

    Args:
        rules: Which keys are secret.
    """

    def __init__(self, rules: KeyRules) -> None:
        self._rules = rules
        last_words = {name.rpartition(" ")[2] for name in rules.names} - {""}
        self._stems = [word for word in last_words if not any(other != word and other in word for other in last_words)]
        self._reach = max(map(len, self._stems), default=0) + _MOST_BETWEEN

    def __call__(self, text: str, mask: Mask) -> str:
        """``text`` with the values masked; the same object if there are none."""
        if not self._may_hold_key(text):
            return text
        lowered = text.lower()
        searches = [_search(stem) for stem in self._stems if stem in lowered]
        if not searches:
            return text
        if len(lowered) != len(text):
            lowered = text.translate(_ASCII_LOWER)
        candidates = [search.finditer(lowered) for search in searches]
        in_order = candidates[0] if len(candidates) == 1 else merge(*candidates, key=re.Match.start)
        return self._redact(text, in_order, mask)

    def _may_hold_key(self, text: str) -> bool:
        """Whether one of the words may stand before what separates a key from its value.

        Where little separates, as in long sentences, that is looked for in front of it alone.
        """
        if not (
            "=" in text or ":" in text or '"' in text or "'" in text or "--" in text or ">" in text or "%3" in text
        ):
            return False
        if len(text) < _LONG or "--" in text or "%3" in text:  # what separates is a blank, or is encoded
            return True
        separators = "=:>," if "'" in text or '"' in text else "=:>"  # a comma separates behind a quotation mark only
        if sum(map(text.count, separators)) > len(text) // self._reach:
            return True
        before: list[str] = []
        for separator in separators:
            at = text.find(separator)
            while at >= 0:
                part = text[max(0, at - self._reach) : at]
                if part[-_MOST_BLANKS:].isspace() and at >= _MOST_BLANKS:
                    return True
                before.append(part)
                at = text.find(separator, at + 1)
        near = "\n".join(before).lower()
        return any(stem in near for stem in self._stems)

    def _redact(self, text: str, candidates: Iterable[re.Match[str]], mask: Mask) -> str:
        parts: list[str] = []
        done = 0
        for found in candidates:
            if found.start(1) <= done > 0:  # inside a value that is masked
                continue
            start, end = self._value(text, found, done)
            if start < end and not compiled(MASKED).fullmatch(text, start, end):
                parts += (text[done:start], mask(text[start:end], "key"))
                done = end
        return "".join((*parts, text[done:])) if parts else text

    def _value(self, text: str, found: re.Match[str], done: int) -> tuple[int, int]:
        """Where the value is that belongs to a key; empty if this is no key of a secret."""
        before = text[max(done, found.start() - _LONGEST_KEY) : found.start()]
        key_start = found.start() - len(before) + len(before.rstrip(_KEY_CHARACTERS))
        key, closing, separator, start = text[key_start : found.start(1)], found[1], found[2], found.end()
        nothing = (start, start)
        if not self._rules.is_secret(key):
            return nothing
        opening = text[max(0, key_start - 3) : key_start]
        if separator is None and not key.startswith("--"):  # `--password x` alone has nothing in between
            return nothing
        if separator == ",":
            return self._next_item(text, start) if _is_item(key, closing, opening) else nothing
        if separator == ">":
            return (start, _find(text, "<", start)) if opening[-1:] in ("<", ":") else nothing
        quote = opening[len(opening[:-1].rstrip("\\")) :] if not closing and opening[-1:] in ("'", '"') else ""
        return _value_span(text, start, key.lower(), separator, quote)

    @staticmethod
    def _next_item(text: str, start: int) -> tuple[int, int]:
        opening = compiled(_OPENING).match(text, start)
        if opening is None or opening[2] is None:
            return start, start
        end = _quoted_end(text, opening.end(), opening[2], len(opening[1]))
        return opening.end(), end


def _search(stem: str) -> re.Pattern[str]:
    """Finds keys. It begins with plain letters and meets lowered text: `re` then has a fast way to search."""
    return compiled(rf"{re.escape(stem)}[a-z]{{0,12}}{_SEPARATOR}")


def _is_item(key: str, closing: str, opening: str) -> bool:
    """Whether a key and a comma begin ``("authorization", "…")`` or ``["--password", "…"]``."""
    return closing[-1:] in ("'", '"') and (key.startswith("--") or opening.lstrip(" ,\\\r\n\t")[:1] in ("(", "["))


def _value_span(text: str, start: int, key: str, separator: str | None, quote: str) -> tuple[int, int]:
    """The value that begins at ``start``.

    Args:
        text: Where it stands.
        start: Behind the separator.
        key: In lower case.
        separator: Between the two.
        quote: The quotation mark before the key with its backslashes, if the value shares it: ``'Cookie: a=b'``.
    """
    opening = compiled(_OPENING).match(text, start)
    masked = compiled(MASKED).match(text, start)
    if opening is not None and masked is None:
        if opening[3]:
            return start, _bracket_end(text, opening.end())
        return opening.end(), _quoted_end(text, opening.end(), opening[2], len(opening[1]))
    found = None
    if key.endswith("cookie") and separator == ":":
        found = compiled(_LINE).match(text, start)
    elif key.endswith("authorization"):
        found = compiled(_CREDENTIALS).match(text, start)
    found = found or compiled(_BARE).match(text, start)
    if found is None:
        return start, start
    end = min(found.end(), _quoted_end(text, start, quote[-1], len(quote) - 1)) if quote else found.end()
    if masked is not None and not text[masked.end() : end].strip(_CLOSING):
        return masked.span()
    kept = len(text[start:end].rstrip(_CLOSING))
    # `Bearer [REDACTED])`: the first bracket is the mask's own
    if compiled(_ENDS_MASKED).search(text, start, start + kept + 1):
        kept += 1
    value = text[start : start + kept].lower()
    return start, start + (0 if value in _PLAIN_VALUES else kept)


def _find(text: str, what: str, start: int) -> int:
    """Where ``what`` is next, or the end of the text."""
    found = text.find(what, start)
    return len(text) if found < 0 else found


def _quoted_end(text: str, start: int, quote: str, escapes: int) -> int:
    """Where a quoted value ends; one without an end ends with its line.

    Args:
        text: Where it stands.
        start: Behind the opening quotation mark.
        quote: The quotation mark.
        escapes: How many backslashes stand before the opening one: JSON inside JSON has 1.
    """
    end = start
    while (end := text.find(quote, end)) >= 0:
        before = end
        while before > start and text[before - 1] == "\\":
            before -= 1
        backslashes = end - before
        if backslashes < escapes or (backslashes - escapes) % (2 * (escapes + 1)) == 0:
            return end - min(backslashes, escapes)
        end += 1
    return _find(text, "\n", start)


def _bracket_end(text: str, position: int) -> int:
    """Where a bracket that is open at ``position`` has been closed, brackets in quotes aside; or the end."""
    depth = 1
    while depth:
        found = compiled(_BRACKET_OR_QUOTE).search(text, position)
        if found is None:
            return len(text)
        position = found.end()
        if found[1]:
            depth += 1
        elif found[2]:
            depth -= 1
        else:
            position = _quoted_end(text, position, found[0], 0) + 1
    return position
