"""Trials of the spool that are worth repeating often: segments damaged, hostile bytes; and what all trials use.

Each function runs ``trials`` of them in a folder and returns what it counted; it raises AssertionError where a record
is missing that is not counted. The tests run the short form, ``make faults`` the long one.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from logcapy.deliver.spool import Spool
from logcapy.deliver.spool.frames import HEADER_BYTES, MAGIC, encode_head
from logcapy.deliver.spool.segment import Segment, SegmentReader

from .spool_disk import MemoryDisk, Platter

SOURCE = Path(__file__).parents[2] / "src"


@dataclass
class Accounts:
    """A spool that writes down what it tells.

    Args:
        folder: Of the destination.
    """

    folder: Path
    max_bytes: int = 1 << 30
    fsync: str = "none"
    evict_oldest: bool = True
    max_age_seconds: float | None = None
    lost: Counter[str] = field(default_factory=Counter)
    adopted: int = 0

    def open(self, **settings: object) -> Spool:
        return Spool(
            self.folder,
            max_bytes=self.max_bytes,
            max_age_seconds=self.max_age_seconds,
            fsync=self.fsync,
            evict_oldest=self.evict_oldest,
            lost=self._lose,
            adopted=self._adopt,
            **settings,  # type: ignore[arg-type]
        )

    def _lose(self, reason: str, count: int) -> None:
        assert count > 0
        self.lost[reason] += count

    def _adopt(self, count: int) -> None:
        self.adopted += count


def drain(spool: Spool) -> list[tuple[bytes, int]]:
    """All that a spool has, taken over first and acknowledged."""
    spool.tend()
    frames = []
    while (frame := spool.oldest()) is not None:
        frames.append((frame.body, frame.count))
        spool.done(frame)
    return frames


def damage_trials(folder: Path, trials: int, kind: str, seed: int = 0) -> Counter[str]:
    """A segment of a closed spool is damaged; the next process reads all but the touched frames.

    Row 5.

    Args:
        folder: Where; empty.
        trials: How often.
        kind: ``bit``, ``zeros`` (4 KiB) or ``truncated``.
        seed: Of the places.

    Returns:
        ``stored``, ``read``, ``lost``.
    """
    chance = random.Random(seed)
    counts: Counter[str] = Counter()
    for trial in range(trials):
        place = folder / f"{kind}-{trial}"
        frames, spans = _store(place, chance)
        (segment,) = place.rglob("*.seg")
        touched = _damage(segment, kind, chance)
        accounts = Accounts(place)
        spool = accounts.open()
        found = drain(spool)
        expected = [
            frame for frame, (start, end) in zip(frames, spans, strict=True) if not _overlap(start, end, touched)
        ]
        lost = sum(count for _, count in frames) - sum(count for _, count in expected)
        assert found == expected, f"trial {trial}: {len(found)} frames of {len(expected)} were read"
        assert accounts.lost == (Counter(spool_damaged=lost) if lost else Counter()), f"trial {trial}"
        assert accounts.adopted == sum(count for _, count in frames)
        assert spool.records == 0
        assert spool.append([(b"after", 1)]) == 1
        drain(spool)
        spool.close()
        counts.update(stored=accounts.adopted, read=sum(count for _, count in found), lost=lost, trials=1)
    return counts


def _store(place: Path, chance: random.Random) -> tuple[list[tuple[bytes, int]], list[tuple[int, int]]]:
    """Frames of many sizes in one segment; returns them, and where each one is."""
    spool = Accounts(place).open()
    sizes = [chance.choice((0, 1, 100, 3000, 9000)) + chance.randrange(50) for _ in range(60)]
    frames = [(chance.randbytes(size) + MAGIC, chance.randint(1, 512)) for size in sizes]
    for frame in frames:
        assert spool.append([frame]) == frame[1]
    spool.close()
    spans, start = [], 0
    for body, _ in frames:
        spans.append((start, start + HEADER_BYTES + len(body)))
        start = spans[-1][1]
    return frames, spans


def _damage(segment: Path, kind: str, chance: random.Random) -> tuple[int, int]:
    """Damage a file; returns the bytes that changed, from and to."""
    data = bytearray(segment.read_bytes())
    size = len(data)
    start = chance.randrange(size)
    if kind == "bit":
        data[start] ^= 1 << chance.randrange(8)
        end = start + 1
    elif kind == "zeros":
        end = min(size, start + 4096)
        data[start:end] = bytes(end - start)
    else:
        end = size
        del data[start:]
    segment.write_bytes(data)
    return start, end


def _overlap(start: int, end: int, touched: tuple[int, int]) -> bool:
    return start < touched[1] and touched[0] < end


def hostile_trials(folder: Path, trials: int, seed: int = 0) -> Counter[str]:
    """Segments that somebody made up are read to their end, without an error and without more memory than the file.

    Row 28.

    Returns:
        ``trials``, ``read``.
    """
    chance = random.Random(seed)
    counts: Counter[str] = Counter()
    place = folder / "1700000000000-1-00000000"
    for trial in range(trials):
        place.mkdir(mode=0o700, parents=True)
        folder.chmod(0o700)
        for _ in range(chance.randint(1, 3)):
            name, data = _hostile_segment(chance)
            (place / name).write_bytes(data)
        if chance.random() < 0.5:
            (place / "cursor").write_bytes(_hostile_cursor(chance))
        accounts = Accounts(folder)
        spool = accounts.open()
        found = drain(spool)
        assert spool.records == 0, f"trial {trial} (seed {seed}): {spool.records} are left"
        assert accounts.adopted == sum(count for _, count in found) + sum(accounts.lost.values()), f"trial {trial}"
        spool.close()
        assert not place.exists(), f"trial {trial} (seed {seed})"
        counts.update(trials=1, read=len(found))
    return counts


def reader_trials(trials: int, seed: int = 0) -> Counter[str]:
    """The same for the reader alone, which a million of them are meant for.

    Returns:
        ``trials``, ``read``.
    """
    chance = random.Random(seed)
    counts: Counter[str] = Counter()
    disk = MemoryDisk(Platter())
    root = disk.open_folder("/")
    for trial in range(trials):
        name, data = _hostile_segment(chance)
        descriptor = disk.create(name, root)
        disk.write(descriptor, data)
        segment = Segment.named(name, len(data) + chance.choice((0, 0, 50)))
        assert segment is not None
        reader, offset = SegmentReader(disk, descriptor, segment), 0
        while (frame := reader.next(offset)) is not None:
            assert offset < frame.end <= len(data), f"trial {trial} (seed {seed})"
            offset = frame.end
            counts["read"] += 1
        disk.close(descriptor)
        disk.unlink(name, root)
        counts["trials"] += 1
    return counts


def _hostile_segment(chance: random.Random) -> tuple[str, bytes]:
    segment = Segment(
        chance.choice((0, 0, 7, 2**61, chance.randrange(2**16))), chance.randrange(4), chance.randrange(4), 0
    )
    parts = []
    for _ in range(chance.randint(0, 12)):
        sequence = chance.choice((0, segment.first, 2**62 - 1, 2**64 - 1, chance.randrange(2**16)))
        body = chance.choice((b"", MAGIC * 9, chance.randbytes(chance.randrange(200)), bytes(50)))
        count = chance.choice((0, 1, 1, 5, 2**24, 2**32 - 1))
        head = bytearray(encode_head(body, count, sequence, chance.choice((0, 2**64 - 1)), segment.salt))
        if chance.random() < 0.5:
            head[8:12] = chance.choice(
                (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x00", b"\x01\xff\xff\xff")
            )
        if chance.random() < 0.3:
            head[chance.randrange(32)] ^= 1 << chance.randrange(8)
        parts.append(chance.choice((bytes(head), bytes(head) + body, bytes(head) + body, chance.randbytes(40), MAGIC)))
    return segment.name, b"".join(parts)


def _hostile_cursor(chance: random.Random) -> bytes:
    from logcapy.deliver.spool import cursor

    fields = tuple(chance.choice((0, 1, 7, 2**61, 2**62, 2**64 - 1, chance.randrange(2**16))) for _ in range(4))
    packed = cursor._CURSOR.pack(cursor._MAGIC, cursor.crc32(cursor._CHECKED.pack(*fields)), *fields)
    return chance.choice((packed, packed, packed[:-1], packed + b"x", b"", chance.randbytes(40)))
