"""Any object as JSON: always, within bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logcapy.export._plain_value import PlainValues, to_json
from logcapy.export.datadog import MAX_RECORD_BYTES, DatadogLogRecordExporter
from logcapy.export.splunk import MAX_PAYLOAD_BYTES, SplunkLogRecordExporter
from logcapy.exporter import PayloadExporter
from logcapy.testing.hostile import make_record

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.text(st.characters())
VALUES = st.recursive(
    SCALARS | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner) | st.dictionaries(SCALARS, inner),
    max_leaves=30,
)


@settings(deadline=None)
@given(VALUES)
def test_any_value_is_json_and_plain_json_is_itself(value: Any) -> None:
    plain = json.loads(to_json(PlainValues(10_000, 100_000).value(value)))
    assert json.loads(to_json(PlainValues(10_000, 1_000_000).value(plain))) == plain


def laughs() -> list[Any]:
    """A list that holds 10**20 texts."""
    nested: list[Any] = ["ha" * 100]
    for _ in range(20):
        nested = [nested] * 10
    return nested


DATADOG = DatadogLogRecordExporter(api_key="key")
SPLUNK = SplunkLogRecordExporter(endpoint="http://splunk.example:8088", token="token")


@pytest.mark.parametrize(("exporter", "limit"), [(DATADOG, MAX_RECORD_BYTES), (SPLUNK, MAX_PAYLOAD_BYTES // 2)])
@pytest.mark.parametrize(
    "fields",
    [
        {"body": laughs()},
        {"body": "x", "attributes": {"laughs": laughs()}},
        {"body": ["\x00" * 1_000_000] * 1000},
        {"body": "\x00" * 3_000_000, "attributes": {f"{n}": "\x00" * 1_000_000 for n in range(50)}},
        {"body": list(range(500_000))},
        {"body": "x", "attributes": {f"a{n}": n for n in range(200_000)}},
        {"body": "x", "event_name": "\x00" * 2_000_000, "severity_text": "\x00" * 2_000_000},
    ],
    ids=["laughs", "laughs in an attribute", "one text often", "NUL", "elements", "attributes", "names"],
)
def test_a_huge_record_is_cut_below_the_limit_says_so_and_can_be_told(
    exporter: PayloadExporter, limit: int, fields: dict[str, Any]
) -> None:
    (payload,) = exporter.encode([make_record("good-0000", "shop", **fields)])
    assert len(payload.body) <= limit + 2
    assert b"logcapy.truncated" in payload.body
    assert b"good-0000" in payload.body
