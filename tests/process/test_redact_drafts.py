"""Drafts that are redacted together come out as if each had been redacted by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcapy.config import RedactionConfig
from logcapy.draft import Draft, Shared
from logcapy.process.redact import Redactor
from tests.process.test_redact import SECRETS

#: Where a rule looks at what stands before a key, the text must not need to begin with it.
ARGUMENTS = '["authorization", "hunter2"]'
TEXTS = [*(text for _, text in SECRETS.values()), ARGUMENTS]


def a_draft(body: Any, own: dict[str, Any] | None = None, *shared: Shared) -> Draft:
    draft = Draft()
    draft.body, draft.own, draft.shared = body, own if own is not None else {}, shared
    return draft


def masked(redactor: Redactor, *texts: str) -> list[Any]:
    drafts = [a_draft(text) for text in texts]
    redactor.drafts(drafts)
    return [draft.body for draft in drafts]


texts = st.one_of(
    st.text(max_size=60),
    st.sampled_from(TEXTS),
    st.sampled_from(TEXTS).flatmap(lambda text: st.integers(0, len(text)).map(lambda end: text[:end])),
    st.sampled_from(TEXTS).flatmap(lambda text: st.integers(0, len(text)).map(lambda start: text[start:])),
    st.sampled_from(["(", '["', "'", '"', "password", "--token", ": ", "=", "4111 1111", "Cookie:", "://", "x" * 2000]),
)


@given(st.lists(texts, max_size=80))
def test_each_text_comes_out_as_by_itself(together: Sequence[str]) -> None:
    assert masked(Redactor(), *together) == [Redactor().text(text) for text in together]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_found_among_texts_without_one(name: str) -> None:
    _, text = SECRETS[name]
    before, found, after = masked(Redactor(), "order 7 placed", text, "order 8 placed")
    assert (before, after) == ("order 7 placed", "order 8 placed")
    assert found == Redactor().text(text) != text


def test_what_begins_a_text_is_found_behind_a_line_break_too() -> None:
    assert "hunter2" not in Redactor().text(ARGUMENTS)
    assert "hunter2" not in Redactor().text(f"run:\n{ARGUMENTS}")
    assert "hunter2" not in masked(Redactor(), "order 7 placed", ARGUMENTS)[1]


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "password", "who@example.com"]), texts, max_size=3)))
def test_attributes_come_out_as_by_themselves(attributes: list[dict[str, Any]]) -> None:
    redactor, alone = Redactor(), Redactor()
    redactor.drafts([a_draft("x", {"a": 1, "b": 2})])
    drafts = [a_draft("x", dict(one)) for one in attributes]
    redactor.drafts(drafts)
    expected = [alone.attributes(one) for one in attributes]
    assert [draft.own for draft in drafts] == [
        one if changed is None else changed for one, changed in zip(attributes, expected, strict=True)
    ]


@pytest.mark.parametrize("value", [4111111111111111, -4111111111111111.0, ["4111 1111 1111 1111"], b"4111111111111111"])
def test_a_card_in_a_value_of_another_type_is_masked_on_the_second_look_too(value: Any) -> None:
    redactor = Redactor()
    for _ in range(2):
        draft = a_draft("x", {"n": value, "m": 7})
        redactor.drafts([draft])
        assert draft.own["n"] != value
        assert draft.own["m"] == 7


def test_what_is_shared_is_redacted_once_and_stays_shared() -> None:
    redactor, shared = Redactor(), Shared({"user": "alice@example.com", "http.route": "/orders"})
    drafts = [a_draft("x", {}, shared) for _ in range(2)]
    redactor.drafts(drafts[:1])
    redactor.drafts(drafts[1:])
    assert drafts[0].shared[0] is drafts[1].shared[0]
    assert drafts[0].shared[0] == {"user": "[REDACTED]", "http.route": "/orders"}
    assert shared["user"] == "alice@example.com"


def test_two_redactors_do_not_take_the_word_of_one_another() -> None:
    shared = Shared({"user": "alice@example.com"})
    lenient, strict = a_draft("x", {}, shared), a_draft("x", {}, shared)
    Redactor(RedactionConfig(redact=())).drafts([lenient])
    Redactor().drafts([strict])
    assert lenient.shared[0]["user"] == "alice@example.com"
    assert strict.shared[0]["user"] == "[REDACTED]"


def test_a_value_whose_text_cannot_be_made_is_masked() -> None:
    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError("no")

    draft = a_draft(Hostile(), {"x": Hostile()})
    Redactor().drafts([draft])
    assert draft.body == "[REDACTED]"
    assert draft.own == {"x": "[REDACTED]"}
