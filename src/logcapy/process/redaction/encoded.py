"""Secrets in what is percent-encoded: a query string hides their shapes, and the keys that they stand under."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote_plus, unquote_plus

from logcapy._later import compiled

from .masking import Detector, Mask

#: RFC 3986 section 2.1; and an option of a command line, whose blanks are plus signs.
_ENCODED: Final = r"%[0-9A-Fa-f]{2}|\+--[a-z]"
#: The value of a parameter, or whatever else has no delimiter in it.
_RUN: Final = r"[^\s&?=;\"'<>]+"
_KEPT: Final = "/:@!$,*()[]#+-._~"


class EncodedDetector:
    """Decodes each value once, and encodes it again without its secrets; one that has none stays as it is.

    Args:
        detectors: What looks at the decoded text.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = tuple(detectors)

    def __call__(self, text: str, mask: Mask) -> str:
        """``text`` with the secrets in its encoded parts masked; the same object if there are none."""
        if ("%" not in text and "+--" not in text) or compiled(_ENCODED).search(text) is None:
            return text
        return compiled(_RUN).sub(lambda found: self._redacted(found[0], mask), text)

    def _redacted(self, run: str, mask: Mask) -> str:
        if compiled(_ENCODED).search(run) is None:
            return run
        decoded = redacted = unquote_plus(run)
        for detect in self._detectors:
            redacted = detect(redacted, mask)
        return run if redacted == decoded else quote_plus(redacted, safe=_KEPT)
