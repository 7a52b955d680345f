"""What compressing a request takes and saves: the same bytes, each way and level."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable

import zstandard

from .children import Children

_SECONDS = 0.2
WAYS: dict[str, Callable[[bytes], bytes]] = {
    "gzip 1": lambda body: gzip.compress(body, 1),
    "gzip 6": lambda body: gzip.compress(body, 6),
    "gzip 9": lambda body: gzip.compress(body, 9),
    "zstd 1": zstandard.ZstdCompressor(1).compress,
    "zstd 3": zstandard.ZstdCompressor(3).compress,
}


def a_request(children: Children) -> tuple[bytes, int]:
    """A full request as LogCapy sends it, and the records in it."""
    records = 512
    children.count()
    children.measure("cost", "logcapy-stdlib", "usual", records)
    sent = children.count()
    assert sent["requests"] == 2, "one of warming up, one of what is measured"
    return children.last_body(), records


def measure(way: str, body: bytes, records: int) -> dict[str, float]:
    """Processor microseconds a record, and how many times smaller the request is."""
    compress = WAYS[way]
    size, times, began = len(compress(body)), 0, time.process_time()
    while (taken := time.process_time() - began) < _SECONDS:
        compress(body)
        times += 1
    return {"each": taken / times / records * 1e6, "smaller": len(body) / size}
