"""The accounts."""

from __future__ import annotations

import threading

from logcapy.deliver.accounting import AtomicCounter, Stats


def test_a_counter_counts_every_step_of_every_thread_and_reading_does_not_count() -> None:
    counter = AtomicCounter()

    def count() -> None:
        for _ in range(20_000):
            counter.add_one()
            if _ % 1000 == 0:
                assert counter.value > 0

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == 80_000
    assert counter.value == 80_000


def test_the_accounts_of_several_destinations_add_up() -> None:
    total = Stats.total([Stats(3, 1, 0, 1, {"rejected": 1}), Stats(2, 0, 1, 0, {"rejected": 1})])
    assert total == Stats(5, 1, 1, 1, {"rejected": 2})
