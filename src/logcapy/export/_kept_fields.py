"""Fields that come again and again, encoded once.

A dict that makes what it lacks is the fastest there is, and is not compiled: see :mod:`logcapy.shared`.
"""

from __future__ import annotations

from typing import Final

from ._protobuf import field, varint


class FieldCache(dict[str, bytes]):
    """String fields by their text: names come again and again. Holds 1,024 texts of 256 characters at most."""

    def __init__(self, tag: bytes) -> None:
        self._tag = tag

    def __missing__(self, text: str) -> bytes:
        if type(text) is not str:
            raise TypeError("no plain string")
        content = field(self._tag, text.encode())
        if len(text) <= 256:
            if len(self) >= 1024:
                self.clear()
            self[text] = content
        return content


class _Heads(dict[int, bytes]):
    """Tag and length of a LogRecord by the length; those of usual lengths are kept."""

    def __missing__(self, length: int) -> bytes:
        head = b"\x12" + varint(length)
        if length < 4096:
            self[length] = head
        return head


#: By length.
HEADS: Final = _Heads()
