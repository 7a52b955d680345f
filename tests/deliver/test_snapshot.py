"""A record as it was at the call, and what it weighs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import ReadWriteLogRecord

from logcapy.deliver.snapshot import Snapshot


def a_snapshot(body: object, **attributes: object) -> Snapshot:
    return Snapshot(ReadWriteLogRecord(LogRecord(body=body, attributes=attributes)))  # type: ignore[arg-type]


def test_a_small_record_weighs_nothing_beyond_its_place() -> None:
    assert a_snapshot("order placed", total=12.5).extra_bytes == 0


def test_a_large_body_weighs_what_it_is() -> None:
    assert a_snapshot("x" * 1_000_000).extra_bytes >= 1_000_000


def test_a_large_attribute_weighs_what_it_is() -> None:
    assert a_snapshot("x", note="y" * 1_000_000).extra_bytes >= 1_000_000


def test_a_huge_body_is_cut_and_marked() -> None:
    snapshot = a_snapshot("x" * 30_000_000)
    assert len(snapshot.log_record.body) < 30_000_000
    assert snapshot.log_record.attributes["logcapy.truncated"] is True


def test_a_body_that_cannot_be_read_does_not_cost_the_record() -> None:
    class Hostile(Mapping[str, int]):
        def __getitem__(self, key: str) -> int:
            raise RuntimeError("no")

        def __iter__(self) -> Iterator[str]:
            raise RuntimeError("no")

        def __len__(self) -> int:
            return 1

    assert a_snapshot(Hostile(), order_id=7).log_record.attributes["order_id"] == 7


def test_a_later_change_of_a_list_is_not_seen() -> None:
    items = ["a"]
    snapshot = a_snapshot({"items": items})
    items.append("b")
    assert snapshot.log_record.body == {"items": ["a"]}
