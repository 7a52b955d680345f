"""Bodies of requests: framed as HTTP says, and never larger than allowed."""

from __future__ import annotations

import gzip
import io
import zlib
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcapy.tail.body import read_body, unpack
from logcapy.tail.refusal import Refusal


def headers(**fields: str) -> Message:
    message = Message()
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    return message


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x;name=value\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nTrailer: x\r\n\r\n"


@given(st.lists(st.binary(min_size=1), max_size=4))
def test_chunks_are_put_together_and_the_next_request_is_left(chunks: list[bytes]) -> None:
    stream = io.BytesIO(chunked(*chunks) + b"POST")
    assert read_body(headers(Transfer_Encoding="chunked"), stream, 10_000) == b"".join(chunks)
    assert stream.read() == b"POST"


def test_a_length_says_where_the_body_ends() -> None:
    stream = io.BytesIO(b"abcPOST")
    assert read_body(headers(Content_Length="3"), stream, 3) == b"abc"
    assert stream.read() == b"POST"


def test_without_a_length_there_is_no_body() -> None:
    assert read_body(headers(), io.BytesIO(b"POST"), 3) == b""


@pytest.mark.parametrize(
    ("fields", "sent", "status"),
    [
        ({"Content_Length": "4"}, b"abcd", 413),
        ({"Content_Length": "9" * 5000}, b"", 413),
        ({"Content_Length": "3"}, b"ab", 400),
        ({"Content_Length": "-1"}, b"", 400),
        ({"Content_Length": "two"}, b"", 400),
        ({"Content_Length": "²"}, b"", 400),
        ({"Transfer_Encoding": "gzip, chunked"}, b"", 400),
        ({"Transfer_Encoding": "chunked"}, chunked(b"ab", b"cd"), 413),
        ({"Transfer_Encoding": "chunked"}, b"ffffffffffffffff\r\n", 413),
        ({"Transfer_Encoding": "chunked"}, b"-1\r\n", 400),
        ({"Transfer_Encoding": "chunked"}, b"0x2\r\nab\r\n", 400),
        ({"Transfer_Encoding": "chunked"}, b"\r\n", 400),
        ({"Transfer_Encoding": "chunked"}, b"2\r\nabc\r\n0\r\n\r\n", 400),
        ({"Transfer_Encoding": "chunked"}, b"2\r\na", 400),
        ({"Transfer_Encoding": "chunked"}, b"2\r\nab\r\n", 400),
        ({"Transfer_Encoding": "chunked"}, b"1" * 9000, 400),
        ({"Transfer_Encoding": "chunked"}, b"0\r\n" + b"a: b\r\n" * 200, 400),
    ],
)
def test_what_is_too_large_or_not_framed_is_refused(fields: dict[str, str], sent: bytes, status: int) -> None:
    with pytest.raises(Refusal) as refused:
        read_body(headers(**fields), io.BytesIO(sent), 3)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("", bytes), ("identity", bytes), ("gzip", gzip.compress), ("GZIP ", gzip.compress), ("deflate", zlib.compress)],
)
def test_each_coding_is_unpacked(coding: str, pack: type[bytes]) -> None:
    assert unpack(pack(b"abc" * 100), coding, 300) == b"abc" * 100


def test_members_of_a_gzip_body_are_put_together() -> None:
    assert unpack(gzip.compress(b"ab") + gzip.compress(b"cd"), "gzip", 4) == b"abcd"


@pytest.mark.parametrize(
    ("body", "coding", "status"),
    [
        (gzip.compress(bytes(301)), "gzip", 413),
        (gzip.compress(bytes(200)) * 2, "gzip", 413),
        (gzip.compress(bytes(300))[:-5], "gzip", 400),
        (b"not gzip", "gzip", 400),
        (gzip.compress(b"ab") + b"rest", "gzip", 400),
        (b"", "gzip", 400),
        (b"", "zstd", 415),
        (b"", "gzip, gzip", 415),
    ],
    ids=["bomb", "bomb of two", "cut", "not gzip", "rest", "empty", "zstd", "twice"],
)
def test_what_is_too_large_damaged_or_unknown_is_refused(body: bytes, coding: str, status: int) -> None:
    with pytest.raises(Refusal) as refused:
        unpack(body, coding, 300)
    assert refused.value.status == status
