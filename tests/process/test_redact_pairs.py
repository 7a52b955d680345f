"""Keys are looked for in front of what separates them from their values; none is missed by that."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logcapy.config import RedactionConfig
from logcapy.process.redaction.key_rules import KeyRules
from logcapy.process.redaction.masking import MASK
from logcapy.process.redaction.pairs import PairRedactor
from logcapy.process.redaction.rules import groups_of

_FILLER = "the parcel left the warehouse and is on its way to the customer who was told "
_LONG_KEY = "k" * 80


class LooksEverywhere(PairRedactor):
    """Takes no short way."""

    def _may_hold_key(self, text: str) -> bool:
        return True


def rules() -> KeyRules:
    config = RedactionConfig()
    return KeyRules(groups_of(config.redact), (*config.redact_keys, _LONG_KEY), config.redact_allow_keys)


def mask(text: str, rule: str) -> str:
    return MASK


SHORT_WAY, LONG_WAY = PairRedactor(rules()), LooksEverywhere(rules())

parts = st.one_of(
    st.sampled_from(("password", "api_key", "TOKEN", "authorization", "passwordlessness", "pwd12", _LONG_KEY, "count")),
    st.sampled_from(
        ("=", ":", " : ", ">", ",", " , ", "=>", ":=", "%3D", "%3a", "--", "-", "<", '"', "'", '\\"', "%22")
    ),
    st.sampled_from((" ", "\t", "\n", " " * 63, " " * 64, " " * 65, " " * 500)),
    st.sampled_from(("hunter2", "(", ")", "[", "{", "}", "]", "é", "İ", "\u212a", _FILLER, _FILLER * 4)),
)


@settings(max_examples=500)
@given(st.lists(parts, max_size=30).map("".join))
def test_the_short_way_finds_what_looking_everywhere_finds(text: str) -> None:
    assert SHORT_WAY(text, mask) == LONG_WAY(text, mask)


@pytest.mark.parametrize("blanks", [0, 1, 62, 63, 64, 65, 200])
@pytest.mark.parametrize("key", ["password", f"my_{_LONG_KEY}", "password999", 'secret"', "secret%22%22"])
@pytest.mark.parametrize("separator", ["=", ":", "=>", "%3d"])
def test_a_key_in_a_long_text_is_found_however_far_its_separator_is(key: str, blanks: int, separator: str) -> None:
    text = f"{_FILLER * 30}{key}{' ' * blanks}{separator}hunter2 {_FILLER * 30}"
    assert "hunter2" not in SHORT_WAY(text, mask)


@pytest.mark.parametrize(
    "pair",
    [
        '("authorization", "hunter2")',
        "['--password'  , 'hunter2']",
        "--password hunter2",
        "password%3Dhunter2",
        "<password>hunter2</password>",
    ],
)
def test_a_pair_of_any_form_is_found_in_a_long_text(pair: str) -> None:
    assert "hunter2" not in SHORT_WAY(f"{_FILLER * 30}{pair} {_FILLER * 30}", mask)


def test_a_long_text_of_sentences_is_asked_for_its_separators_alone() -> None:
    text = f"order 7: the token of the customer was told {_FILLER * 30}"
    assert not SHORT_WAY._may_hold_key(text)
    assert SHORT_WAY._may_hold_key(f"{text} token: none")
