"""Nothing that a stranger wrote reaches the terminal as anything but letters."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcapy.render.escape import inert, inert_json

any_text = st.text(st.characters(exclude_categories=()))
hostile = st.text(
    st.sampled_from("a\x00\x07\n\r\t\x1b\x7f\x85\x9b\u061c\u200e\u2028\u202e\u2066\ufeff\U000e0041\ud800é")
)
unsafe = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(any_text | hostile)
def test_no_control_or_format_character_is_left_but_the_two_joiners(text: str) -> None:
    shown = inert(text)
    assert not [c for c in shown if unicodedata.category(c) in unsafe and c not in "\u200c\u200d"]
    shown.encode()  # half a surrogate pair would raise


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x00", "\\x00"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud83d", "\\ud83d"),
    ],
)
def test_what_is_taken_out_is_spelled_in_its_place(text: str, shown: str) -> None:
    assert inert(text) == shown


@pytest.mark.parametrize("text", ["zażółć", "日本語", "\u00a0", "👩\u200d👧", "क\u094d\u200cष", "\ue0b0", "C:\\new"])
def test_letters_of_every_script_and_emoji_stay_as_they_are(text: str) -> None:
    assert inert(text) == text


@given(any_text | hostile)
def test_a_json_document_stays_the_same_document_and_one_line(text: str) -> None:
    document = inert_json(json.dumps([text], ensure_ascii=False))
    assert json.loads(document) == [text]
    assert len(document.splitlines()) == 1
    assert inert(document) == document
