"""Colours of a terminal, or none.

Source: ECMA-48 section 8.3.117, SELECT GRAPHIC RENDITION. Only the sixteen colours that follow the user's theme.
"""

from __future__ import annotations

from typing import Final

BOLD: Final = "1"
DIM: Final = "2"
RED: Final = "31"
GREEN: Final = "32"
YELLOW: Final = "33"
MAGENTA: Final = "35"
CYAN: Final = "36"
BOLD_RED: Final = "1;31"
WHITE_ON_RED: Final = "1;37;41"


class Paint:
    """Puts text in a colour, if colours are wanted.

    Args:
        enabled: Whether they are.
    """

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled

    def __call__(self, text: str, colour: str) -> str:
        """The text in a colour of this module; empty text and plain output stay as they are."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self._enabled and text else text
