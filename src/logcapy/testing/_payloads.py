"""What an exporter of two halves must hold besides: payloads under their limits, which can be sent from a disk."""

from __future__ import annotations

import random
import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from logcapy.exporter import PayloadExporter
from logcapy.types import Delivered, Payload, Record, Rejected

from ._arrival import ExporterConformance
from .hostile import hostile_records, make_record

_MOST_BYTES_OF_A_RECORD = 2_000_000
#: What takes one byte, six in JSON, two, four and then two in JSON.
_CHARACTERS = ("a", "\x00", "é", "\U0001f525", '"')


class PayloadConformance(ExporterConformance):
    """Base of a test class for a :class:`logcapy.exporter.PayloadExporter`."""

    #: The destination's limits; None for none.
    max_payload_bytes: int | None = None
    max_payload_records: int | None = None
    #: Whether a payload of several records can be cut in two after it was on disk.
    splits = True

    @abstractmethod
    def make_exporter(self) -> PayloadExporter:
        """A new exporter to the destination of this test."""

    def test_each_record_is_in_exactly_one_payload_that_keeps_its_limits(self) -> None:
        exporter = self.make_exporter()
        _for_many_batches(lambda batch: self._check_payloads(exporter, batch), self.max_payload_bytes)
        exporter.shutdown()

    def test_each_hostile_record_alone_is_in_one_payload(self, service: str) -> None:
        exporter = self.make_exporter()
        for hostile in hostile_records(service):
            self._check_payloads(exporter, [hostile.record])
        assert list(exporter.encode([])) == [], "a payload of no records"
        exporter.shutdown()

    def test_a_payload_that_was_on_disk_is_sent_by_another_exporter(self, service: str) -> None:
        given = self._mixed(service)
        bodies = [(payload.body, len(payload.records)) for payload in self._encoded(given)]
        lost = sum(self._send_body(body, count) for body, count in bodies)
        arrived = self._wait(service, len(given) - lost)
        self._check_once(arrived)

    def test_halves_of_a_payload_that_was_on_disk_have_all_its_records(self, service: str) -> None:
        given = [make_record(f"good-{number:04}", service) for number in range(9)]
        pieces = [piece for payload in self._encoded(given) for piece in self._cut(payload.body, len(payload.records))]
        assert sum(count for _, count in pieces) == len(given), "records got lost between the halves"
        for body, count in pieces:
            self._send_body(body, count)
        arrived = self._wait(service, len(given))
        self._check_once(arrived)
        signs = [str(each.sign) for each in arrived]
        assert (signs if self.keeps_order else sorted(signs)) == [f"good-{number:04}" for number in range(9)]

    def test_what_split_cannot_cut_it_says_so_and_raises_nothing(self) -> None:
        exporter = self.make_exporter()
        for body in (b"", b"\x00", b"{", b"[]", b"\xff" * 100, b"nothing that this exporter made\n"):
            assert exporter.split(body) is None, f"it cut {body!r}"
        exporter.shutdown()

    def test_no_credential_is_in_a_payload(self, service: str) -> None:
        self._check_secrets(*(payload.body.decode(errors="replace") for payload in self._encoded(self._mixed(service))))

    def _mixed(self, service: str) -> list[Record]:
        good = [make_record(f"good-{number:04}", service) for number in range(20)]
        return [*good, *(each.record for each in hostile_records(service))]

    def _encoded(self, records: Sequence[Record]) -> list[Payload]:
        exporter = self.make_exporter()
        payloads = list(exporter.encode(records))
        exporter.shutdown()
        return payloads

    def _send_body(self, body: bytes, count: int) -> int:
        """Send what a spool keeps of a payload; returns how many records were refused."""
        exporter = self.make_exporter()
        # A spool knows the number of records and nothing else of them.
        nothing: Any = range(count)
        outcome = exporter.send(Payload(body, nothing), time.monotonic() + 30)
        exporter.shutdown()
        assert isinstance(outcome, (Delivered, Rejected)), f"the body alone is answered by {outcome}"
        return min(outcome.count, count) if isinstance(outcome, Rejected) else 0

    def _cut(self, body: bytes, count: int) -> list[tuple[bytes, int]]:
        """Cut until nothing can be cut any more."""
        exporter = self.make_exporter()
        halves = exporter.split(body)
        exporter.shutdown()
        if halves is None:
            assert count == 1 or not self.splits, f"a payload of {count} records is not cut"
            return [(body, count)]
        assert sum(each for _, each in halves) == count, f"{count} records are {[each for _, each in halves]} in halves"
        assert all(0 < each < count for _, each in halves), "a half is no smaller than the whole"
        return [piece for half, each in halves for piece in self._cut(half, each)]

    def _check_payloads(self, exporter: PayloadExporter, batch: Sequence[Record]) -> None:
        payloads = list(exporter.encode(batch))
        found = [id(record) for payload in payloads for record in payload.records]
        given = [id(record) for record in batch]
        in_order = found == given if self.keeps_order else sorted(found) == sorted(given)
        assert in_order, f"{len(given)} records are {len(found)} in payloads, or in another order"
        for payload in payloads:
            size, count = len(payload.body), len(payload.records)
            assert size <= (self.max_payload_bytes or size), f"a payload of {count} records has {size} bytes"
            assert count <= (self.max_payload_records or count), f"a payload has {count} records"


def _for_many_batches(check: Callable[[Sequence[Record]], None], limit: int | None) -> None:
    """Batches of records of many sizes, those near the limit among them: hypothesis's where it is installed."""
    check([_record_of(number % 7, "a") for number in range(3000)])
    top = min(limit or 0, _MOST_BYTES_OF_A_RECORD)
    near = [top // part + more for part in (1, 2, 3, 10) for more in (-300, -100, -1, 0, 1)] if top > 2000 else []
    try:
        from hypothesis import HealthCheck, given, settings
        from hypothesis import strategies as st
    except ImportError:
        chance = random.Random(14)  # noqa: S311 - nothing secret
        for _ in range(30):
            sizes = chance.choices([*range(200), *near], k=chance.randrange(12))
            check([_record_of(size, chance.choice(_CHARACTERS)) for size in sizes])
        return
    size = st.integers(0, 300) | st.sampled_from(near) if near else st.integers(0, 300)
    batches = st.lists(st.tuples(size, st.sampled_from(_CHARACTERS)), max_size=12)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(batches)
    def many(batch: list[tuple[int, str]]) -> None:
        check([_record_of(size, character) for size, character in batch])

    many()


def _record_of(size: int, character: str) -> Record:
    return make_record("good-0000", "sizes", body=character * size)
