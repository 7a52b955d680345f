"""Secrets in what a URL, a form or a baggage header has percent-encoded: ``?note=4111%201111%201111%201111``.

Source: RFC 3986 section 2.1; W3C Baggage section 3.2.1.3. Most texts hold no ``%``, and nearly all others are decoded
once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, unquote

from .detectors import Detector

_ENCODED: Final = re.compile(r"%[0-9A-Fa-f]{2}")
#: What can hold an encoded value: it ends where its parameter or its word ends.
_PIECE: Final = re.compile(r"[^\s\"'<>&?;,]+")
#: An address in a parameter of an address that is a parameter.
_DEEPEST: Final = 3
#: What stays as it is when a piece is encoded again, the mask among it.
_SAFE: Final = "!#$%()*+/:=@[]~"


class PercentDecoder:
    """Applies detectors to what percent-encoded parts of a text say.

    Args:
        detectors: Of all presets that were asked for; what they raise is raised.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = tuple(detectors)

    def __call__(self, text: str) -> str:
        """``text`` with the finds masked, the rest encoded as before; the same object if there are none."""
        return self._redact(text, _DEEPEST)

    def _redact(self, text: str, depth: int) -> str:
        if "%" not in text or _ENCODED.search(text) is None:
            return text
        parts: list[str] = []
        done = 0
        for piece in _PIECE.finditer(text):
            encoded = piece[0]
            if "%" not in encoded:
                continue
            redacted = self._decoded(encoded, depth)
            if redacted is not encoded:
                parts += (text[done : piece.start()], redacted)
                done = piece.end()
        return "".join((*parts, text[done:])) if parts else text

    def _decoded(self, encoded: str, depth: int) -> str:
        decoded = redacted = unquote(encoded, errors="surrogateescape")
        if decoded == encoded:
            return encoded
        for detect in self._detectors:
            redacted = detect(redacted)
        if depth > 1:
            redacted = self._redact(redacted, depth - 1)
        return encoded if redacted == decoded else quote(redacted, safe=_SAFE, errors="surrogateescape")
