"""The spool on a real disk: in and out, full, old, and without a disk that works."""

from __future__ import annotations

import errno
import os
import struct
import threading
import time
from collections import Counter
from pathlib import Path
from zlib import crc32

import pytest

from logcapy.deliver.spool import Spool
from logcapy.deliver.spool.clock import Clock
from logcapy.deliver.spool.disk import FileSystemDisk
from logcapy.deliver.spool.frames import HEADER_BYTES, encode_head
from logcapy.deliver.spool.segment import Frame, Segment, SegmentReader

from .spool_disk import MemoryDisk, Platter
from .spool_trials import Accounts, drain

KIB = 1024


def first(spool: Spool) -> Frame:
    frame = spool.oldest()
    assert frame is not None
    return frame


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    return Accounts(tmp_path / "otlp_http-000000000000")


def on_memory(platter: Platter, **settings: object) -> Accounts:
    """Accounts of a spool on a disk in memory."""
    if "spool" not in platter.root.names:
        MemoryDisk(platter).make_folder("/spool")
    return Accounts(Path("/spool/otlp"), **settings)  # type: ignore[arg-type]


def test_frames_come_back_in_order_and_the_same_one_until_it_is_done(accounts: Accounts) -> None:
    spool = accounts.open()
    assert spool.append([(b"one", 1), (b"two", 2)]) == 3
    assert spool.append([(b"three", 3)]) == 3
    assert first(spool) is first(spool)
    assert (spool.records, first(spool).count) == (6, 1)
    assert drain(spool) == [(b"one", 1), (b"two", 2), (b"three", 3)]
    assert (spool.records, spool.oldest()) == (0, None)
    spool.close()


def test_a_spool_that_is_empty_leaves_nothing_behind(accounts: Accounts) -> None:
    spool = accounts.open()
    spool.append([(b"one", 1)])
    drain(spool)
    spool.close()
    assert list(accounts.folder.iterdir()) == []


def test_what_is_left_at_the_end_is_taken_over_by_the_next_process(accounts: Accounts) -> None:
    spool = accounts.open()
    spool.append([(b"one", 1), (b"two", 2)])
    spool.done(first(spool))
    spool.close()
    assert spool.records == 2
    following = accounts.open()
    assert following.records == 0
    following.tend()
    assert (following.records, accounts.adopted) == (2, 2)
    assert drain(following) == [(b"two", 2)]
    following.close()


def test_new_frames_do_not_wait_for_an_orphan_and_an_orphan_not_for_ever(accounts: Accounts) -> None:
    old = accounts.open()
    old.append([(b"old", 1)] * 2)
    old.close()
    spool = accounts.open()
    spool.tend()
    spool.append([(b"new", 1)] * 20)
    order = [body for body, _ in drain(spool)]
    assert order[0] == b"new"
    assert order.index(b"old") < order.count(b"new")
    spool.close()


def test_a_full_spool_gives_up_the_oldest_segment_and_counts_it(accounts: Accounts) -> None:
    accounts.max_bytes = 64 * KIB
    spool = accounts.open()
    for number in range(100):
        assert spool.append([(b"%04d" % number + bytes(2 * KIB), 3)]) == 3
        assert spool.size_bytes <= 64 * KIB
    numbers = [int(body[:4]) for body, _ in drain(spool)]
    assert numbers == list(range(100 - len(numbers), 100))
    assert 20 < len(numbers) < 33
    assert accounts.lost == {"spool_full": 3 * (100 - len(numbers))}
    spool.close()


def test_a_full_spool_refuses_the_newest_if_told_so(accounts: Accounts) -> None:
    accounts.max_bytes, accounts.evict_oldest = 64 * KIB, False
    spool = accounts.open()
    stored = [spool.append([(b"%04d" % number + bytes(2 * KIB), 3)]) for number in range(100)]
    assert stored == sorted(stored, reverse=True)
    assert spool.refused_because == "spool_full"
    assert [int(body[:4]) for body, _ in drain(spool)] == list(range(sum(stored) // 3))
    assert accounts.lost == {}
    assert spool.append([(b"again", 1)]) == 1
    assert spool.refused_because == ""
    spool.close()


def test_a_payload_that_is_larger_than_the_spool_is_refused_and_costs_no_other(accounts: Accounts) -> None:
    accounts.max_bytes = 64 * KIB
    spool = accounts.open()
    assert spool.append([(b"small", 1)]) == 1
    assert spool.append([(bytes(65 * KIB), 5)]) == 0
    assert (spool.refused_because, spool.records, accounts.lost) == ("spool_full", 1, {})
    spool.close()


def test_a_frame_that_is_evicted_while_it_is_sent_is_counted_once(accounts: Accounts) -> None:
    accounts.max_bytes = 32 * KIB
    spool = accounts.open()
    spool.append([(bytes(3 * KIB), 7), (bytes(KIB), 2)])
    frame = first(spool)
    for _ in range(12):
        spool.append([(bytes(4 * KIB), 1)])
    assert first(spool) is frame
    before = spool.records
    spool.done(frame)
    assert before - spool.records == 7
    assert accounts.lost["spool_full"] == 2 + 12 - (before - 7)
    spool.close()


def test_an_old_frame_is_given_up_and_counted_but_not_while_it_may_be_on_its_way(tmp_path: Path) -> None:
    now = [0.0]
    accounts = Accounts(tmp_path / "otlp", max_age_seconds=60)
    spool = accounts.open(clock=Clock(lambda: now[0], lambda: 1e9))
    spool.append([(b"old", 5)])
    now[0] = 30
    spool.append([(b"younger", 2)])
    assert first(spool).body == b"old"
    now[0] = 61
    assert spool.oldest_age_seconds == 61
    spool.tend()
    assert accounts.lost == {}
    assert first(spool).body == b"younger"
    assert accounts.lost == {"spool_expired": 5}
    spool.done(first(spool))
    spool.append([(b"last", 1)])
    now[0] = 200
    spool.tend()
    assert accounts.lost == {"spool_expired": 6}
    assert (spool.records, spool.oldest_age_seconds) == (0, None)
    spool.close()


@pytest.mark.parametrize("days", [-1, 1])
def test_a_jump_of_the_wall_clock_expires_nothing(tmp_path: Path, days: int) -> None:
    accounts = Accounts(tmp_path / "otlp", max_age_seconds=60)
    wall = [1e9]
    spool = accounts.open(clock=Clock(lambda: 5.0, lambda: wall[0]))
    spool.append([(b"one", 1)])
    wall[0] += days * 86400
    spool.tend()
    assert spool.oldest_age_seconds == 0
    assert drain(spool) == [(b"one", 1)]
    spool.close()


def test_the_age_goes_on_after_the_end_of_the_process_that_stored(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "otlp", max_age_seconds=60)
    spool = accounts.open(clock=Clock(lambda: 5.0, lambda: 1e9))
    spool.append([(b"old", 3)])
    spool.close()
    following = accounts.open(clock=Clock(lambda: 0.0, lambda: 1e9 + 61))
    following.tend()
    assert (accounts.adopted, accounts.lost, following.records) == (3, {"spool_expired": 3}, 0)
    following.close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("call", ["write", "create", "sync", "truncate", "rename", "unlink"])
def test_a_disk_that_fails_raises_nothing_and_is_used_again_when_it_works(call: str, number: int) -> None:
    platter = Platter()
    accounts = on_memory(platter, fsync="batch", evict_oldest=False)
    spool = accounts.open(disk=MemoryDisk(platter))
    stored = spool.append([(b"before", 1)])
    platter.failures[call] = (number, 1000)
    for _ in range(5):
        stored += spool.append([(b"meanwhile", 1)])
        frame = spool.oldest()
        if frame is not None:
            spool.done(frame)
            stored -= 1
        spool.tend()
        assert spool.records == stored
    platter.failures.clear()
    assert spool.append([(b"after", 1)]) == 1
    assert drain(spool)[-1] == (b"after", 1)
    assert accounts.lost == {}
    spool.close()


def test_a_full_disk_costs_the_oldest_records_when_the_newest_are_wanted() -> None:
    platter = Platter()
    accounts = on_memory(platter, max_bytes=256 * KIB)
    spool = accounts.open(disk=MemoryDisk(platter))
    platter.capacity = 100 * KIB
    for number in range(60):
        assert spool.append([(b"%04d" % number + bytes(4 * KIB), 1)]) == 1
    numbers = [int(body[:4]) for body, _ in drain(spool)]
    assert numbers == list(range(60 - len(numbers), 60))
    assert accounts.lost == {"spool_full": 60 - len(numbers)}
    spool.close()


def test_a_full_disk_keeps_the_whole_frames_of_a_short_write_and_no_part_of_one() -> None:
    platter = Platter()
    accounts = on_memory(platter, evict_oldest=False)
    spool = accounts.open(disk=MemoryDisk(platter))
    platter.capacity = 2500
    assert spool.append([(bytes(1000), 2), (bytes(1000), 3), (bytes(1000), 4)]) == 5
    assert spool.refused_because == "spool_full"
    assert sum(len(node.data) for node in platter.files()) == 2064
    platter.capacity = float("inf")
    assert spool.append([(b"next", 1)]) == 1
    assert [count for _, count in drain(spool)] == [2, 3, 1]
    spool.close()


def test_a_page_that_cannot_be_read_costs_its_frames_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    class Scratched(MemoryDisk):
        def read(self, descriptor: int, size: int, offset: int) -> bytes:
            if offset < 12_288 and offset + size > 8192:
                raise OSError(errno.EIO, "scratched")
            return super().read(descriptor, size, offset)

    now = [0.0]
    platter = Platter()
    accounts = on_memory(platter)
    spool = accounts.open(disk=Scratched(platter), clock=Clock(lambda: now[0], lambda: 1e9))
    for number in range(30):
        spool.append([(b"%04d" % number + bytes(964), 1)])
    read = []
    for _ in range(20):
        read += [int(body[:4]) for body, _ in drain(spool)]
        now[0] += 31
    assert read == [*range(8), *range(13, 30)]
    assert accounts.lost == {"spool_damaged": 5}
    spool.close()


def test_a_disk_that_cannot_be_read_for_some_time_costs_nothing() -> None:
    now = [0.0]
    platter = Platter()
    accounts = on_memory(platter)
    spool = accounts.open(disk=MemoryDisk(platter), clock=Clock(lambda: now[0], lambda: 1e9))
    spool.append([(b"one", 1)])
    platter.failures["read"] = (errno.EIO, 10**9)
    for _ in range(100):
        assert spool.oldest() is None
        now[0] += 31
    platter.failures.clear()
    assert drain(spool) == [(b"one", 1)]
    assert accounts.lost == {}
    spool.close()


def test_somebody_who_deletes_the_folder_costs_its_records_and_no_later_ones(accounts: Accounts) -> None:
    accounts.max_bytes = 64 * KIB
    spool = accounts.open()
    spool.append([(bytes(8 * KIB), 4)])
    for path in sorted(accounts.folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    accounts.folder.rmdir()
    assert spool.append([(bytes(8 * KIB), 1)]) == 1
    assert accounts.lost == {"spool_damaged": 4}
    assert drain(spool) == [(bytes(8 * KIB), 1)]
    spool.close()


def test_a_spool_that_cannot_begin_begins_when_it_can() -> None:
    now = [0.0]
    platter = Platter()
    accounts = on_memory(platter)
    platter.failures["make_folder"] = (errno.EROFS, 2)
    spool = accounts.open(disk=MemoryDisk(platter), clock=Clock(lambda: now[0], lambda: 1e9))
    assert spool.append([(b"one", 1)]) == 0
    assert spool.refused_because == "spool_failed"
    now[0] += 1.5
    spool.append([(b"two", 1)])
    now[0] += 1.5
    assert spool.append([(b"three", 1)]) == 1
    spool.close()


def test_a_folder_that_is_removed_to_make_room_before_the_spool_could_begin_is_made_again(accounts: Accounts) -> None:
    class FullAtFirst(FileSystemDisk):
        full = True

        def make_folder(self, path: str, within: int | None = None) -> None:
            if within is not None and self.full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
            super().make_folder(path, within)

    now = [0.0]
    disk = FullAtFirst()
    spool = accounts.open(disk=disk, clock=Clock(lambda: now[0]))
    assert spool.append([(b"one", 1)]) == 0
    accounts.folder.rmdir()
    disk.full = False
    now[0] += 1.5
    assert spool.append([(b"two", 1)]) == 0  # finds that the folder is gone
    assert spool.append([(b"three", 1)]) == 1
    assert drain(spool) == [(b"three", 1)]
    spool.close()


@pytest.mark.parametrize(("fsync", "survives"), [("batch", True), ("interval", True), ("none", False)])
def test_a_loss_of_power_takes_what_was_not_synced(fsync: str, survives: bool) -> None:
    found = Counter[bool]()
    for seed in range(20):
        now = [0.0]
        platter = Platter(seed)
        accounts = on_memory(platter, fsync=fsync)
        platter.root.synced_names = dict(platter.root.names)
        spool = accounts.open(disk=MemoryDisk(platter), clock=Clock(lambda now=now: now[0], lambda: 1e9))  # type: ignore[misc]
        spool.append([(b"one", 1)])
        now[0] = 0.6
        if fsync == "interval":
            spool.tend()
        platter.lose_power()
        after = accounts.open(disk=MemoryDisk(platter))
        found[drain(after) == [(b"one", 1)]] += 1
        after.close()
    assert (found[True] == 20) == survives


def test_threads_may_use_a_spool_at_once(accounts: Accounts) -> None:
    spool = accounts.open()
    read: list[bytes] = []

    def write(letter: bytes) -> None:
        for number in range(300):
            assert spool.append([(letter + b"%04d" % number, 1)]) == 1

    writers = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b")]
    for writer in writers:
        writer.start()
    deadline = time.monotonic() + 30
    while len(read) < 600 and time.monotonic() < deadline:
        spool.tend()
        frame = spool.oldest()
        if frame is not None:
            read.append(frame.body)
            spool.done(frame)
    for writer in writers:
        writer.join()
    assert [body for body in read if body.startswith(b"a")] == [b"a%04d" % number for number in range(300)]
    assert [body for body in read if body.startswith(b"b")] == [b"b%04d" % number for number in range(300)]
    spool.close()


def test_a_count_that_no_frame_has_is_an_error_of_the_caller(accounts: Accounts) -> None:
    spool = accounts.open()
    with pytest.raises(ValueError, match="1 to"):
        spool.append([(b"none", 0)])
    spool.close()


def test_after_the_end_nothing_is_stored_and_nothing_is_due(accounts: Accounts) -> None:
    spool = accounts.open()
    spool.close()
    spool.close()
    assert (spool.append([(b"late", 1)]), spool.refused_because, spool.tend(), spool.oldest()) == (
        *(0, "spool_failed"),
        *(None, None),
    )


def test_segments_are_removed_when_all_in_them_is_done_and_the_last_one_soon_after(tmp_path: Path) -> None:
    now = [0.0]
    accounts = Accounts(tmp_path / "otlp", max_bytes=64 * KIB)
    spool = accounts.open(clock=Clock(lambda: now[0], lambda: 1e9))
    for _ in range(7):
        spool.append([(bytes(4 * KIB), 1)])
    assert len(list(accounts.folder.rglob("*.seg"))) == 7
    drain(spool)
    assert len(list(accounts.folder.rglob("*.seg"))) == 1
    now[0] = 2
    spool.tend()
    assert list(accounts.folder.rglob("*.seg")) == []
    assert spool.append([(b"more", 1)]) == 1
    assert drain(spool) == [(b"more", 1)]
    spool.close()


def test_a_segment_is_what_the_page_says(accounts: Accounts) -> None:
    spool = accounts.open(clock=Clock(lambda: 0.0, lambda: 1e9))
    spool.append([(b"one", 7), (b"three", 2)])
    spool.close()
    (segment,) = accounts.folder.rglob("*.seg")
    salt = int(segment.stem.split("-")[2], 16)
    data = segment.read_bytes()
    for body, count, sequence in ((b"one", 7, 0), (b"three", 2, 7)):
        magic, checksum, *fields = struct.unpack_from(">4sIIQIQ", data)
        assert (magic.hex(" "), fields) == ("c1 4c 43 01", [len(body), sequence, count, 10**12])
        assert checksum == crc32(data[8 : 32 + len(body)], salt)
        assert data[32 : 32 + len(body)] == body
        data = data[32 + len(body) :]
    assert data == b""


def test_a_payload_that_quotes_a_frame_is_no_frame_when_the_frame_around_it_is_damaged(accounts: Accounts) -> None:
    spool = accounts.open()
    quoted = encode_head(b"forged", 3, 0, 0, 0) + b"forged"
    spool.append([(quoted, 3), (b"next", 1)])
    spool.close()
    (segment,) = accounts.folder.rglob("*.seg")
    data = bytearray(segment.read_bytes())
    data[4] ^= 1
    segment.write_bytes(data)
    following = accounts.open()
    assert drain(following) == [(b"next", 1)]
    assert accounts.lost == {"spool_damaged": 3}
    following.close()


def test_what_a_killed_process_had_written_in_part_is_counted_by_the_head_of_its_frame() -> None:
    platter = Platter()
    accounts = on_memory(platter)
    spool = accounts.open(disk=(disk := MemoryDisk(platter)))
    spool.append([(b"whole", 1), (bytes(100), 5)])
    (segment,) = (node for node in platter.files() if node.data)
    del segment.data[-50:]
    disk.close_all()
    following = accounts.open(disk=MemoryDisk(platter))
    assert drain(following) == [(b"whole", 1)]
    assert (accounts.adopted, accounts.lost) == (6, {"spool_damaged": 5})
    following.close()


def test_forged_heads_that_each_claim_the_whole_segment_do_not_make_it_be_read_over_and_over() -> None:
    class Counting(MemoryDisk):
        bytes_read = 0

        def read(self, descriptor: int, size: int, offset: int) -> bytes:
            data = super().read(descriptor, size, offset)
            self.bytes_read += len(data)
            return data

    size, heads = 1024 * KIB, []
    for start in range(0, size, HEADER_BYTES):
        head = bytearray(encode_head(b"", 1, 0, 0, 0))
        head[8:12] = (size - start - HEADER_BYTES).to_bytes(4, "big")
        heads.append(bytes(head))
    disk = Counting(Platter())
    segment = Segment(0, 0, 0, size)
    descriptor = disk.create(segment.name, disk.open_folder("/"))
    disk.write(descriptor, b"".join(heads))
    assert SegmentReader(disk, descriptor, segment).next(0) is None
    assert disk.bytes_read < 200 * size


def test_a_write_that_fails_and_cannot_be_taken_back_is_not_sent_by_this_process_or_the_next() -> None:
    platter = Platter()
    accounts = on_memory(platter, fsync="batch")
    spool = accounts.open(disk=(disk := MemoryDisk(platter)))
    spool.append([(b"one", 1)])
    platter.failures.update(sync=(errno.EIO, 1), truncate=(errno.EIO, 1))
    assert spool.append([(b"ghost", 1)]) == 1  # at the second attempt, in the next segment
    assert sum(b"ghost" in node.data for node in platter.files()) == 2
    disk.close_all()
    following = accounts.open(disk=MemoryDisk(platter))
    assert drain(following) == [(b"one", 1), (b"ghost", 1)]
    assert accounts.adopted == 2
    following.close()


def test_a_record_from_the_future_is_as_old_as_the_time_since_it_was_taken_over(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "otlp", max_age_seconds=60)
    spool = accounts.open(clock=Clock(lambda: 0.0, lambda: 2e9))
    spool.append([(b"one", 1)])
    spool.close()
    now = [0.0]
    following = accounts.open(clock=Clock(lambda: now[0], lambda: 1e9))
    following.tend()
    now[0] = 50
    assert (following.oldest_age_seconds, accounts.lost) == (50, {})
    now[0] = 61
    following.tend()
    assert accounts.lost == {"spool_expired": 1}
    following.close()


def test_a_segment_that_cannot_be_removed_is_removed_later() -> None:
    platter = Platter()
    accounts = on_memory(platter, max_bytes=64 * KIB)
    spool = accounts.open(disk=MemoryDisk(platter))
    spool.append([(bytes(8 * KIB), 1)])
    spool.append([(bytes(8 * KIB), 1)])
    platter.failures["unlink"] = (errno.EIO, 100)
    drain(spool)
    assert sum(len(node.data) > KIB for node in platter.files()) == 2
    platter.failures.clear()
    spool.tend()
    assert sum(len(node.data) > KIB for node in platter.files()) == 1
    spool.close()
