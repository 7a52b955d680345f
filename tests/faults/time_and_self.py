"""Rows 21, 22 and 30: LogCapy's own records, the clock, and flushing."""

from __future__ import annotations

import threading
import time
from typing import Any

import grpc

from logcapy.tail.decode import PROTOBUF, decode_logs
from servers.grpc import Reply, grpc_server
from servers.http import Answer, Request, scripted_server

from .figure import Measured, Scale, row
from .pipelines import Pipeline, all_bodies, ours, scratch, stock
from .programs import run

_ROOT_AT_DEBUG = """
from tests.faults.pipelines import ours, stock
kind, url, protocol = sys.argv[1:4]
if kind == "ours":
    import logcapy
    if protocol == "http":
        from logcapy.export.otlp_http import OTLPHttpLogRecordExporter as Exporter
    else:
        from logcapy.export.otlp_grpc import OTLPGrpcLogRecordExporter as Exporter
    handle = logcapy.configure(Exporter(url + ("/v1/logs" if protocol == "http" else "")))
    flush = handle.force_flush
else:
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    pipeline = stock(url, delay_millis=100, exporter=OTLPLogExporter(url) if protocol == "grpc" else None)
    logging.getLogger().addHandler(pipeline.logger().handlers[0])
    flush = pipeline.provider.force_flush
logging.getLogger().setLevel(logging.DEBUG)
for name in ("urllib3", "requests", "grpc", "opentelemetry"):
    logging.getLogger(name).setLevel(logging.DEBUG)
logging.getLogger("shop").info("the only record")
took = []

def ask():
    began = time.monotonic()
    flush(500)
    took.append(time.monotonic() - began)

thread = threading.Thread(target=ask, daemon=True)
thread.start()
thread.join(5)
time.sleep(2)
report(took=took, own=handle.stats().emitted - 1 if kind == "ours" else 0)
os._exit(0)
"""


@row(
    21,
    "Root logger at DEBUG, exporter failing, urllib3 and grpc logging",
    "0 records made by exporting are exported; force_flush returns in time",
)
def row_21(_scale: Scale) -> Measured:
    found = {kind: _born_of_exporting(kind) for kind in ("ours", "stock")}
    own, took, requests = found["ours"]
    stock_own, stock_took, stock_requests = found["stock"]
    return Measured(
        f"{own} records of its own in {requests} requests, force_flush(500) returns after {took}",
        own == 0 and took != "more than 5 s",
        f"1 record becomes {stock_own + 1} in {stock_requests} requests, force_flush(500) returns after {stock_took}",
    )


def _born_of_exporting(kind: str) -> tuple[int, str, int]:
    """How many other records came than the one that was logged, how long a flush took, and how many requests came."""
    with scripted_server() as server:
        server.answers = [Answer(503), Answer(hang_up=True), Answer(503), Answer()]
        over_http = run(_ROOT_AT_DEBUG, kind, server.url, "http").reported
        bodies = list(server.requests)
    with grpc_server() as grpc_one:
        grpc_one.reply = Reply(code=grpc.StatusCode.UNAVAILABLE)
        mended = threading.Timer(2, setattr, (grpc_one, "reply", Reply()))
        mended.start()
        over_grpc = run(_ROOT_AT_DEBUG, kind, f"http://127.0.0.1:{grpc_one.port}", "grpc").reported
        mended.join()
        bodies += grpc_one.calls
    records = [record for body in bodies for record in decode_logs(body.body, PROTOBUF)]
    others = {(one.scope_name, str(one.body)) for one in records if one.body != "the only record"}
    took = over_http["took"] + over_grpc["took"]
    own = max(len(others), over_http["own"] + over_grpc["own"])  # those that wait in its queue are its own too
    return own, f"{max(took):.1f} s" if len(took) == 2 else "more than 5 s", len(bodies)


#: The wall clock jumps while a request is being retried, a record lies on disk, and the process ends.
_JUMPS = """
jump, real, real_ns = [0.0], time.time, time.time_ns
time.time = lambda: real() + jump[0]
time.time_ns = lambda: real_ns() + int(jump[0] * 1e9)
from tests.faults.pipelines import ours, stock, until
kind, url, folder, days = sys.argv[1], sys.argv[2], Path(sys.argv[3]), float(sys.argv[4])
pipeline = ours(url, folder, spool_max_age=3_600_000) if kind == "ours" else stock(url, timeout_millis=10_000)
pipeline.log("waits")
time.sleep(0.7)
jump[0] = days * 86400
pipeline.log("comes after the jump")
flushed = pipeline.flush(15)
pipeline.log("at the end")
began = time.monotonic()
jump[0] = -days * 86400
pipeline.shutdown()
report(flushed=flushed, seconds=time.monotonic() - began, dropped=pipeline.dropped if kind == "ours" else 0)
"""


@row(22, "Wall clock jumps ±1 day", "retries, expiry, shutdown unaffected (monotonic)")
def row_22(_scale: Scale) -> Measured:
    found = {(kind, days): _jump(kind, days) for kind in ("ours", "stock") for days in (1, -1)}
    mine = [found["ours", days] for days in (1, -1)]
    theirs = [found["stock", days][0] for days in (1, -1)]
    return Measured(
        f"forward {mine[0][0]} and back {mine[1][0]} of 3 records delivered; retried after "
        f"{mine[0][1]:.1f} and {mine[1][1]:.1f} s as asked for (2 s), ended after {max(one[2] for one in mine):.1f} s",
        all(arrived == 3 and 1.9 <= waited <= 4 and ended <= 5.5 for arrived, waited, ended in mine),
        f"forward {theirs[0]} and back {theirs[1]} of 3 delivered",
    )


def _jump(kind: str, days: int) -> tuple[int, float, float]:
    """How many records arrive, how long a retry waits that was asked to wait for 2 s, how long the end takes."""
    with scripted_server() as server, scratch() as folder:
        times: list[float] = []

        def respond(_request: Request) -> Answer:
            times.append(time.monotonic())
            return Answer(503, {"Retry-After": "2"}) if len(times) == 1 else Answer()

        server.respond = respond
        found = run(_JUMPS, kind, server.url, folder / "spool", days).reported
        taken = set(all_bodies(server.requests[1:]))
    return len(taken), times[1] - times[0] if len(times) > 1 else 0.0, found["seconds"]


@row(
    30,
    "force_flush while records keep arriving",
    "flushes what was there when called, returns inside its timeout, False if it did not",
)
def row_30(_scale: Scale) -> Measured:
    with scratch() as folder:
        well = [_flush(ours, hangs=False), _flush(lambda url: ours(url, folder / "spool"), hangs=False)]
        hangs = [_flush(ours, hangs=True), _flush(lambda url: ours(url, folder / "other"), hangs=True)]
    stock_well = _flush(stock, hangs=False)
    stock_hangs = _flush(lambda url: stock(url, timeout_millis=2000), hangs=True)
    same = [said for said, _, _ in (well[1], hangs[1])] == [True, False]
    return Measured(
        f"well: {well[0][0]} after {well[0][1]:.1f} s, {well[0][2]} of 1,000 there; hangs: {hangs[0][0]} after "
        f"{hangs[0][1]:.1f} s of 1 s; with a spool {'the same' if same else 'not the same'}",
        all(said is True and seconds <= 10 and there == 1000 for said, seconds, there in well)
        and all(said is False and seconds <= 1.5 for said, seconds, _ in hangs),
        f"well: {stock_well[0]} after {stock_well[1]:.1f} s, {stock_well[2]} of 1,000 there; hangs: "
        + (f"{stock_hangs[0]} after {stock_hangs[1]:.1f} s" if stock_hangs[0] is not None else "not back after 5 s"),
    )


def _flush(pipeline_of: Any, *, hangs: bool) -> tuple[bool | None, float, int]:
    """What a flush says while others log, after how long, and how many records of before had been taken by then."""
    with scripted_server() as server:
        server.answers = [Answer(hang_seconds=3600)] if hangs else [Answer()]
        pipeline: Pipeline = pipeline_of(server.url)
        stop = threading.Event()
        pipeline.log(*(f"before {number}" for number in range(1000)))
        thread = threading.Thread(target=_keep_logging, args=(pipeline, stop))
        thread.start()
        said: list[tuple[bool, float, int]] = []

        def flush() -> None:
            began = time.monotonic()
            result = pipeline.flush(1 if hangs else 10)
            taken = {body for body in all_bodies(server.requests) if body.startswith("before")}
            said.append((result, time.monotonic() - began, len(taken)))

        asking = threading.Thread(target=flush, daemon=True)
        asking.start()
        asking.join(5 if hangs else 12)
        stop.set()
        thread.join()
        server.stopping.set()
        found = said[0] if said else (None, 5.0, 0)
        pipeline.shutdown(0.2)
        return found


def _keep_logging(pipeline: Pipeline, stop: threading.Event) -> None:
    while not stop.is_set():
        pipeline.log("later")
        time.sleep(0.0005)
