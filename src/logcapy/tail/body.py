"""The body of an HTTP request: framed, bounded, and unpacked within the same bound.

Sources: RFC 9112 section 6 (framing) and 7.1 (chunked), RFC 9110 section 8.4 (content codings).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from email.message import Message
from io import BufferedIOBase

from .refusal import Refusal

_MAX_LINE_BYTES = 8192
_MAX_TRAILERS = 100
#: Lets zlib tell gzip from zlib by the first bytes.
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_HEXADECIMAL = frozenset(b"0123456789abcdefABCDEF")


def read_body(headers: Message, stream: BufferedIOBase, limit: int) -> bytes:
    """The body as it was sent.

    Args:
        headers: Of the request.
        stream: At the first byte after the headers.
        limit: The most bytes to take.

    Raises:
        Refusal: More than that (413), or not framed as HTTP asks (400). The connection cannot be used again.
    """
    coding = headers.get("Transfer-Encoding", "").strip().lower()
    if coding == "chunked":
        return b"".join(_chunks(stream, limit))
    if coding:
        raise Refusal(400, f"Transfer-Encoding {coding!r} is not understood; use chunked or a Content-Length")
    length = headers.get("Content-Length", "0").strip()
    if not (length.isascii() and length.isdigit()):
        raise Refusal(400, f"Content-Length {length!r} is no number of bytes")
    if len(length) > 18 or int(length) > limit:
        raise _too_large(limit)
    return _exactly(stream, int(length))


def unpack(body: bytes, coding: str, limit: int) -> bytes:
    """The body without its content coding.

    Args:
        body: As it was sent.
        coding: The value of ``Content-Encoding``; empty for none.
        limit: The most bytes that may come out.

    Raises:
        Refusal: A coding that is not known (415), damaged (400), or larger than the limit (413).
    """
    match coding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip" | "deflate":
            return b"".join(_inflate(body, limit))
        case _:
            raise Refusal(415, f"Content-Encoding {coding!r} is not understood; use gzip, deflate or none")


def _chunks(stream: BufferedIOBase, limit: int) -> Iterator[bytes]:
    while size := _chunk_size(stream):
        limit -= size
        if limit < 0:
            raise _too_large(limit + size)
        yield _exactly(stream, size)
        if _line(stream):
            raise Refusal(400, "a chunk is longer than it says")
    for _ in range(_MAX_TRAILERS):
        if not _line(stream):
            return
    raise Refusal(400, "too many trailers")


def _chunk_size(stream: BufferedIOBase) -> int:
    digits = _line(stream).partition(b";")[0].strip()
    if not (0 < len(digits) <= 16 and _HEXADECIMAL.issuperset(digits)):
        raise Refusal(400, "a chunk without a size")
    return int(digits, 16)


def _line(stream: BufferedIOBase) -> bytes:
    line = stream.readline(_MAX_LINE_BYTES)
    if not line.endswith(b"\n"):
        raise Refusal(400, "the body ends too early")
    return line.rstrip(b"\r\n")


def _exactly(stream: BufferedIOBase, size: int) -> bytes:
    body = stream.read(size)
    if len(body) < size:
        raise Refusal(400, "the body ends too early")
    return body


def _inflate(body: bytes, limit: int) -> Iterator[bytes]:
    """The members of a gzip body, one after the other (RFC 1952 section 2.2)."""
    while True:
        member = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            unpacked = member.decompress(body, limit + 1)
        except zlib.error as error:
            raise Refusal(400, f"the compressed body is damaged: {error}") from None
        if len(unpacked) > limit:
            raise _too_large(limit)
        if not member.eof:
            raise Refusal(400, "the compressed body ends too early")
        yield unpacked
        limit -= len(unpacked)
        body = member.unused_data
        if not body:
            return


def _too_large(limit: int) -> Refusal:
    return Refusal(413, f"the body has more than the {limit} bytes that are left for it")
