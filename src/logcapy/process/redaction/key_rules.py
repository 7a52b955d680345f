"""Secrets that are told by their name: which keys hold one, and ``key=value`` in running text.

One table serves both, so that ``{"api_key": …}`` as an attribute and ``api_key=…`` inside a message are the same
rule. A rule is written as words, ``"api key"``, and stands for ``api_key``, ``api-key``, ``apiKey`` and ``APIKEY``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import translate
from typing import Final

from logcapy._later import compiled

#: Names a key may *end* with, wherever its last word begins: ``PGPASSWORD`` and ``csrfmiddlewaretoken`` count.
#: Header names: RFC 9110 section 11, RFC 6265; ``x-amz-*`` end in ``credential`` and ``token``.
_ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "credentials": (
        *("password", "passwords", "passwd", "passphrase", "secret", "secrets", "token"),
        *("api key", "api keys", "access key", "secret key", "private key", "signing key", "encryption key"),
        *("master key", "shared key", "account key", "subscription key", "auth key", "app key", "ssh key"),
        *("authorization", "cookie", "cookies", "credential", "credentials"),
        *("amz signature", "goog signature"),
    ),
    "pci": ("card number",),
    "birth": ("date of birth", "birth date", "birthdate", "birthday", "birth day"),
    "iban": ("bank account number",),
    "us_ssn": ("social security number",),
    "national_id": ("national insurance number", "passport number", "national id", "tax id", "driver license number"),
    "health": ("medical record number", "health plan number", "patient id"),
}
#: Names that count only as whole words of a key: a ``span`` is no ``pan``. ``sessionid`` is a cookie's name in
#: web frameworks; ``session.id`` is an attribute of OpenTelemetry's, meant to be there.
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "credentials": (
        *("pwd", "jwt", "csrf", "xsrf", "sessionid", "jsessionid", "phpsessid"),
        *(f"{owner} pass" for owner in ("db", "user", "admin", "root", "smtp", "mail", "redis", "mysql", "ldap")),
    ),
    "pci": ("pan", "cvv", "cvc"),
    "birth": ("dob",),
    "iban": ("iban",),
    "us_ssn": ("ssn",),
    "national_id": ("nino", "bsn", "pesel", "cpf", "steuer id", "codice fiscale", "aadhaar", "personnummer"),
    "health": ("mrn",),
    "phone": ("phone number", "msisdn"),
}
#: Endings of keys that look like the ones above and hold no credential: pagination, cancellation.
_INNOCENT: Final = ("pagetoken", "nexttoken", "synctoken", "continuationtoken", "cancellationtoken")

_PART: Final = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+"
_LONGEST_KEY: Final = 128
_CACHED_KEYS: Final = 2048


#: What makes a name a pattern of :mod:`fnmatch`.
_GLOB: Final = r"[*?\[]"
_LAST_WORD: Final = r"[a-z]+\Z"


class KeyRules:
    """Says whether the value under a key is a secret.

    Args:
        groups: Of the names above; those without a rule on keys add none.
        keys: Further names, matched by whole words: ``ssn`` masks ``user.ssn`` and ``userSsn``, not ``lessn``. One with
            ``*``, ``?`` or ``[`` is a pattern for the whole key, whatever its case.
        allow_keys: Keys, or patterns, that are no secrets whatever the rules say.
    """

    def __init__(self, groups: Iterable[str], keys: Iterable[str] = (), allow_keys: Iterable[str] = ()) -> None:
        groups, keys = tuple(groups), tuple(keys)
        endings = [name for group in groups for name in _ENDINGS.get(group, ())]
        words = [name for group in groups for name in _WORDS.get(group, ())]
        words += [_spelled(key) for key in keys if not compiled(_GLOB).search(key)]
        globs = [key.lower() for key in keys if compiled(_GLOB).search(key)]
        #: Every rule as lower-case words with spaces between; of a pattern the word that it ends with.
        last_words = [found[0] for key in globs if (found := compiled(_LAST_WORD).search(key))]
        self.names: tuple[str, ...] = tuple(dict.fromkeys(name for name in (*endings, *words, *last_words) if name))
        self._endings = tuple(name.replace(" ", "") for name in endings)
        self._words = frozenset(spelling for name in words if name for spelling in (name, name.replace(" ", "")))
        self._globs = _any_of(globs)
        self._allowed_globs = _any_of(key.lower() for key in allow_keys if compiled(_GLOB).search(key))
        self._allowed = frozenset(_spelled(key) for key in allow_keys if not compiled(_GLOB).search(key))
        #: Whether no key is a secret.
        self.is_empty = not self.names and self._globs is None
        self._known: dict[str, bool] = {}

    def is_secret(self, key: str) -> bool:
        """Whether ``key`` names a secret; its last 128 characters decide."""
        known = self._known.get(key)
        if known is not None:
            return known
        secret = self._decide(key[-_LONGEST_KEY:])
        if len(key) <= _LONGEST_KEY:
            if len(self._known) >= _CACHED_KEYS:
                self._known.clear()
            self._known[key] = secret
        return secret

    def _decide(self, key: str) -> bool:
        lowered = key.lower()
        if self._allowed_globs is not None and self._allowed_globs.match(lowered):
            return False
        if self._allowed and _spelled(key) in self._allowed:
            return False
        if self._globs is not None and self._globs.match(lowered):
            return True
        parts = [part.lower() for part in compiled(_PART).findall(key)]
        if self._ends_in_word(parts):
            return True
        while parts and parts[-1].isdigit():  # password1, secret.0, cvv2
            parts.pop()
        joined = "".join(parts)
        if joined.endswith(_INNOCENT):
            return False
        return joined.endswith(self._endings) or self._ends_in_word(parts)

    def _ends_in_word(self, parts: list[str]) -> bool:
        joined = ""
        for part in reversed(parts):
            joined = f"{part} {joined}" if joined else part
            if joined in self._words:
                return True
        return False


def _spelled(key: str) -> str:
    """A key as lower-case words with spaces between."""
    return " ".join(part.lower() for part in compiled(_PART).findall(key))


def _any_of(globs: Iterable[str]) -> re.Pattern[str] | None:
    patterns = [translate(glob) for glob in globs]
    return re.compile("|".join(patterns)) if patterns else None
