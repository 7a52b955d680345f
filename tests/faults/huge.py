"""Rows 15 and 28: what is too much, from the application, from the disk and from the destination."""

from __future__ import annotations

import contextlib
import gzip
import random
import socket
import threading
from collections.abc import Iterator
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from logcapy.attributes import TRUNCATED
from logcapy.export._otlp_response import partial_success, retry_delay_seconds, status_message
from logcapy.export._retry_after import retry_after_seconds
from servers.http import Answer, scripted_server
from tests.deliver.spool_trials import hostile_trials, reader_trials

from .figure import Measured, Scale, row
from .pipelines import scratch
from .programs import Ran, run

#: ``LOGCAPY_MAX_QUEUE_BYTES``: what the records of a queue may hold.
_CAP_MIB = 64

_HUGE = """
import logcapy
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
what, url, megabytes = sys.argv[1], sys.argv[2], int(sys.argv[3])
handle = logcapy.configure(OTLPHttpLogRecordExporter(url + "/v1/logs"))
logger = logging.getLogger("shop")
logger.info("warm")
handle.force_flush()

def log(*arguments, **options):
    global grew, seconds
    before, began = peak_mib(), time.monotonic()
    logger.info(*arguments, **options)
    seconds = time.monotonic() - began
    handle.force_flush(60_000)
    grew = peak_mib() - before

def recurse(depth):
    if depth:
        recurse(depth - 1)
    raise ValueError("too deep")

def fail():
    try:
        recurse(100_000)
    except ValueError:
        log("order failed", exc_info=True)

if what == "message":
    log("x" * (megabytes << 20))
elif what == "argument":
    log("order %s", "x" * (megabytes << 20))
elif what == "attributes":
    log("order", extra={f"key{number}": number for number in range(1_000_000)})
else:
    sys.setrecursionlimit(200_000)
    threading.stack_size(1 << 29)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
report(grew=grew, seconds=seconds, emitted=handle.stats().emitted - 1)
os._exit(0)
"""


@row(
    15,
    "A huge message or argument (1 GB in the long form); 1,000,000 attributes; 100,000-frame recursion",
    f"cut to the limits and marked; memory < twice {_CAP_MIB} MiB beyond the input",
)
def row_15(scale: Scale) -> Measured:
    found = {what: _log_huge(what, scale.huge_megabytes) for what in ("message", "argument", "attributes", "recursion")}
    words = [
        f"{what}: {fate}, {grew:.0f} MiB more, {seconds:.1f} s in the caller"
        for what, (fate, grew, seconds) in found.items()
    ]
    return Measured(
        f"{scale.huge_megabytes} MB; " + "; ".join(words),
        all(fate == "marked" and grew < 2 * _CAP_MIB for fate, grew, _ in found.values()),
    )


def _log_huge(what: str, megabytes: int) -> tuple[str, float, float]:
    """What became of one huge record, the memory it took beyond itself in MiB, and the seconds of the call."""
    with scripted_server() as server:
        ran: Ran = run(_HUGE, what, server.url, megabytes, timeout=120)
        records = [
            record
            for request in server.requests
            for resource_logs in ExportLogsServiceRequest.FromString(request.body).resource_logs
            for scope_logs in resource_logs.scope_logs
            for record in scope_logs.log_records
            if record.body.string_value != "warm"
        ]
    if ran.returncode is None:
        return "not done in 120 s", 0.0, 120.0
    found = ran.reported
    if found["emitted"] != 1:
        return f"{found['emitted']} records instead of 1", found["grew"], found["seconds"]
    marked = any(
        record.dropped_attributes_count or any(attribute.key == TRUNCATED for attribute in record.attributes)
        for record in records
    )
    return "marked" if marked else f"not marked, {len(records)} of 1 arrive", found["grew"], found["seconds"]


_ANSWERED = """
from tests.faults.pipelines import ours
before = peak_mib()
took = []
for url in sys.argv[1:]:
    pipeline = ours(url, timeout_millis=1000)
    began = time.monotonic()
    pipeline.log("x")
    pipeline.flush(3)
    took.append(time.monotonic() - began)
    pipeline.shutdown(0.1)
report(grew=peak_mib() - before, longest=max(took))
"""


@row(
    28,
    "Hostile spool segment, hostile response (gzip bomb, 1 GB of headers, endless body)",
    "no crash; every length capped before it is allocated",
)
def row_28(scale: Scale) -> Measured:
    with scratch() as folder:
        folders = hostile_trials(folder / "spool", scale.segments)["trials"]
    segments = reader_trials(scale.answers)["trials"]
    answers = _hostile_answers(scale.answers)
    grew, longest = _hostile_servers()
    return Measured(
        f"{folders} made-up folders, {segments} segments and {answers} answers without a crash; bomb, headers, endless "
        f"body, a wrong length of 1 TB: {grew:.0f} MiB more, {longest:.1f} s at most with a timeout of 1 s",
        answers == scale.answers and grew < 16 and longest < 3.5,
    )


def _hostile_answers(count: int) -> int:
    """Read made-up answers; each reader is total, so that what it raises ends the count."""
    chance = random.Random(0)
    seeds = [b"\x0a\x06\x08\x07\x12\x02no", b"\x12\x02no\x1a\x05\x0a\x03abc", b"\x0a\xff\xff\xff\xff\xff\x7f", b""]
    for _ in range(count):
        body = bytearray(chance.choice(seeds) + chance.randbytes(chance.randrange(12)))
        for _ in range(chance.randrange(4)):
            if body:
                body[chance.randrange(len(body))] = chance.randrange(256)
        data = bytes(body)
        rejected, reason = partial_success(data)
        assert rejected >= 0
        assert len(reason) <= len(data)
        assert len(status_message(data)) <= len(data)
        retry_delay_seconds(data)
        seconds = retry_after_seconds({"Retry-After": data.decode("latin-1"), "Date": data[::-1].decode("latin-1")})
        assert seconds is None or 0 < seconds <= 600
    return count


def _hostile_servers() -> tuple[float, float]:
    """By how many MiB a process grows that is answered so, and the longest that it takes for one of them."""
    bomb = gzip.compress(bytes(1 << 28))
    answers: list[dict[str, Any]] = [
        {"headers": {"Content-Encoding": "gzip"}, "body": bomb},
        {"body": bytes(65536), "endless": True},
        {"body": b"x", "declared_length": 1 << 40},
        {"drip_headers": True, "drip_seconds": 0.01},
    ]
    with contextlib.ExitStack() as servers:
        urls = [servers.enter_context(_endless_headers())]
        for answer in answers:
            server = servers.enter_context(scripted_server())
            server.answers = [Answer(**answer)]
            urls.append(server.url)
        found = run(_ANSWERED, *urls).reported
    return found["grew"], found["longest"]


@contextlib.contextmanager
def _endless_headers() -> Iterator[str]:
    """A server that answers with header after header, up to 1 GB."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        thread = threading.Thread(target=_send_headers, args=(listening, stop))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            stop.set()
            thread.join()


def _send_headers(listening: socket.socket, stop: threading.Event) -> None:
    line = b"X-More: " + b"x" * 32_000 + b"\r\n"
    while not stop.is_set():
        with contextlib.suppress(OSError):
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(2)
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                for _ in range((1 << 30) // len(line)):
                    connection.sendall(line)
