"""The id of a request: the client's, if it can stand in a header and in a log as it is, else a new one."""

from __future__ import annotations

import os
from typing import Final

from logcapy._later import compiled

_VALID: Final = r"[A-Za-z0-9._~+/=:@-]{1,128}"


def valid_or_new(sent: str | None) -> str:
    """The id that a client has sent, or 32 random hexadecimal digits where there is none or none that is valid."""
    return sent if sent is not None and compiled(_VALID).fullmatch(sent) else os.urandom(16).hex()
