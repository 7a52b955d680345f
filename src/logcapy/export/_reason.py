"""Reasons of a failure, fit to be shown: one short line without secrets."""

from __future__ import annotations

from collections.abc import Iterable

from logcapy._guard import excerpt

_MOST_CHARACTERS = 200
_SHORTEST_SECRET = 4


class Reasons:
    """Words for what happened at a destination.

    Args:
        place: The destination as it may be shown, without credentials.
        secrets: Header values and the like. A server may send them back in its message.
    """

    def __init__(self, place: str, secrets: Iterable[str]) -> None:
        self.place = place
        parts = {part for secret in secrets for part in (secret, *secret.split())}
        self._secrets = sorted((part for part in parts if len(part) >= _SHORTEST_SECRET), key=len, reverse=True)

    def reason(self, what: str, message: str = "") -> str:
        """``what from place: message``, the message from elsewhere cut to 200 characters.

        Args:
            what: Our own words: ``HTTP 503``, ``cannot connect``.
            message: The destination's; anything may be in it.
        """
        message = self.message(message)
        return f"{self.place}: {what}" + (f": {message}" if message else "")

    def message(self, message: str) -> str:
        """What a destination says, on one line of at most 200 characters without control characters or secrets."""
        for secret in self._secrets:
            message = message.replace(secret, "[REDACTED]")
        printable = "".join(character if character.isprintable() else " " for character in message)
        return excerpt(" ".join(printable.split()), _MOST_CHARACTERS)
