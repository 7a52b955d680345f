"""What is percent-encoded is read as what it says."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcapy.process.detectors import MASK
from logcapy.process.redact import Redactor

REDACT = Redactor()
CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("/find?note=4111%201111%201111%201111&page=2", f"/find?note={MASK}&page=2"),
        ("/find?note=paid%20with%204111%201111%201111%201111%26", f"/find?note=paid%20with%20{MASK}%26"),
        ("/find?note=Bearer%20aB3dE5fG7h%20there", f"/find?note=Bearer%20{MASK}%20there"),
        ("/login?next=%2Fusers%3Femail%3Dalice%2540example.com", f"/login?next=/users%3Femail={MASK}"),
        ("note=a%20b%zz%C3%A9,next=100%25", "note=a%20b%zz%C3%A9,next=100%25"),
        ("99 % of 7 %s", "99 % of 7 %s"),
    ],
)
def test_only_what_is_found_is_masked_in_an_encoded_text(text: str, redacted: str) -> None:
    assert REDACT.text(text) == redacted


@pytest.mark.parametrize("times", [1, 2, 3])
def test_an_address_in_a_parameter_of_an_address_is_read_too(times: int) -> None:
    text = CARD
    for _ in range(times):
        text = quote(f"/find?note={text}", safe="")
    redacted = REDACT.text(f"/login?next={text}")
    assert MASK in redacted
    assert "1111" not in redacted


@given(st.binary(max_size=40))
def test_bytes_that_are_no_text_and_hold_no_secret_stay_as_they_are(content: bytes) -> None:
    text = "/find?note=x" + "".join(f"%{byte:02x}" for byte in content if byte < 32 or byte > 126)
    assert REDACT.text(text) is text
