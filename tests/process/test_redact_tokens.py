"""Every shape of a token is found by itself, whatever is asked of a text before its pattern is tried."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcapy.process.redaction.masking import MASK
from logcapy.process.redaction.tokens import _GROUPED_SHAPES, _SHAPES, _WORDS, redact_tokens

_GROUPS = (*_SHAPES, *_GROUPED_SHAPES)
_ALL = [pattern for _, pattern in (*_WORDS, *(shape for _, shapes in _GROUPS for shape in shapes))]
#: Without those that are told by what stands before them; the corpus has these.
_PATTERNS = [pattern for pattern in _ALL if not pattern.startswith("(?<=")]


def shortened(found: re.Match[str], pattern: re.Pattern[str]) -> str:
    """The shortest beginning of a find that the pattern still finds whole."""
    text = found[0]
    return next(text[:end] for end in range(1, len(text) + 1) if _is_whole(pattern, text[:end]))


def _is_whole(pattern: re.Pattern[str], text: str) -> bool:
    found = pattern.search(text)
    return found is not None and found[0] == text


@pytest.mark.parametrize("pattern", _PATTERNS)
@given(data=st.data())
def test_the_shortest_text_of_each_shape_is_masked(pattern: str, data: st.DataObject) -> None:
    shape = re.compile(pattern)
    found = shape.search(data.draw(st.from_regex(shape)))
    assert found is not None
    token = shortened(found, shape)
    assert token not in redact_tokens(f"token {token}", lambda text, rule: MASK)
