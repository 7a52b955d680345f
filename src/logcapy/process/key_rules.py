"""Secrets that are told by their name: which keys hold one, and ``key=value`` in running text.

One table serves both, so that ``{"api_key": …}`` as an attribute and ``api_key=…`` inside a message are the same
rule. A rule is written as words, ``"api key"``, and stands for ``api_key``, ``api-key``, ``apiKey`` and ``APIKEY``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

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
}
#: Names that count only as whole words of a key: a ``span`` is no ``pan``. ``sessionid`` is a cookie's name in
#: web frameworks; ``session.id`` is an attribute of OpenTelemetry's, meant to be there.
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "credentials": (
        *("pwd", "jwt", "csrf", "xsrf", "sessionid", "jsessionid", "phpsessid"),
        *(f"{owner} pass" for owner in ("db", "user", "admin", "root", "smtp", "mail", "redis", "mysql", "ldap")),
    ),
    "pci": ("pan", "cvv", "cvc"),
}
#: Endings of keys that look like the ones above and hold no credential: pagination, cancellation.
_INNOCENT: Final = ("pagetoken", "nexttoken", "synctoken", "continuationtoken", "cancellationtoken")

_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+")
_LONGEST_KEY: Final = 128
_CACHED_KEYS: Final = 2048


class KeyRules:
    """Says whether the value under a key is a secret.

    Args:
        presets: Of :data:`logcapy.config.REDACTION_PRESETS`; those without a rule on keys add none.
        keys: Further names, matched by whole words: ``ssn`` masks ``user.ssn`` and ``userSsn``, not ``lessn``.
    """

    def __init__(self, presets: Iterable[str], keys: Iterable[str] = ()) -> None:
        presets = tuple(presets)
        endings = [name for preset in presets for name in _ENDINGS.get(preset, ())]
        words = [name for preset in presets for name in _WORDS.get(preset, ())]
        words += [" ".join(part.lower() for part in _PART.findall(key)) for key in keys]
        #: Every rule as lower-case words with spaces between.
        self.names: tuple[str, ...] = tuple(dict.fromkeys(name for name in (*endings, *words) if name))
        self._endings = tuple(name.replace(" ", "") for name in endings)
        self._words = frozenset(spelling for name in words if name for spelling in (name, name.replace(" ", "")))
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
        parts = [part.lower() for part in _PART.findall(key)]
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
