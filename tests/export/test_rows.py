"""Rows of records: what is in them, that JSON of any text survives, and payloads that were on a disk."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from logcapy.export._rows import COLUMNS, encode_rows, rows_of, split_rows
from logcapy.types import Payload
from tests.export.test_loki import a_record

TEXTS = st.text(st.characters(codec=None) | st.sampled_from('\x00\\u"0\ud800\n\u2028'), max_size=30)


def row_of(payload: Payload) -> dict[str, object]:
    (row,) = rows_of(payload.body)
    return dict(zip(COLUMNS, row, strict=True))


@given(TEXTS, TEXTS)
def test_a_text_is_as_it_was_but_for_what_a_database_cannot_hold(body: str, value: str) -> None:
    record = a_record(body)
    record.log_record.attributes = {"key": value}
    (payload,) = encode_rows([record])
    row = row_of(payload)

    def held(text: str) -> str:
        return text.encode(errors="backslashreplace").decode().replace("\x00", "\ufffd")

    assert row["body"] == held(body)
    attributes = row["attributes"]
    assert isinstance(attributes, str)
    assert json.loads(attributes) == {"key": held(value)}
    assert payload.body.count(b"\n") == 1
    assert "\\u0000" not in attributes.replace("\\\\", "")


def test_each_row_has_an_id_of_its_own_which_its_halves_keep() -> None:
    (payload,) = encode_rows([a_record(str(number)) for number in range(5)])
    (again,) = encode_rows([a_record("x")])
    halves = split_rows(payload.body)
    assert halves is not None
    assert [count for _, count in halves] == [2, 3]
    whole = [row[0] for row in rows_of(payload.body)]
    assert len({*whole, rows_of(again.body)[0][0]}) == 6
    assert [row[0] for body, _ in halves for row in rows_of(body)] == whole
