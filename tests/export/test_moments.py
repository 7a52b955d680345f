"""Records of one moment are set apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from logcapy.export._moments import Moments


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 30)), max_size=200))
def test_no_two_records_of_a_stream_have_one_moment_and_each_has_the_next_free_one(
    drawn: list[tuple[str, int]],
) -> None:
    moments = Moments()
    found: set[tuple[str, int]] = set()
    for stream, timestamp in drawn:
        free = moments.free(stream, timestamp)
        assert all((stream, taken) in found for taken in range(timestamp, free))
        assert (stream, free) not in found
        found.add((stream, free))


def test_a_hundred_thousand_records_of_one_moment_are_in_their_order() -> None:
    moments = Moments()
    assert [moments.free("a", 7) for _ in range(100_000)] == list(range(7, 100_007))


def test_what_is_remembered_is_bounded() -> None:
    moments = Moments()
    for timestamp in range(100_000):
        moments.free("a", timestamp * 10)
    assert len(moments._later) + len(moments._older) <= 40_000
