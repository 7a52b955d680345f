"""Rows 9 to 12: what a destination answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import formatdate

import grpc
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as StockGrpcExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as StockExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsPartialSuccess, ExportLogsServiceResponse
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, LogRecordExportResult

from logcapy.export.otlp_grpc import OTLPGrpcLogRecordExporter
from logcapy.types import Retry
from servers.grpc import GrpcServer, Reply, grpc_server
from servers.http import Answer, ScriptedServer, scripted_server
from tests.deliver.logging_to import bodies_of

from .figure import Measured, Scale, row
from .pipelines import Ours, all_bodies, ours, scratch, stock, until

RETRIED = {429, 502, 503, 504}
#: Source: https://opentelemetry.io/docs/specs/otlp/#failures
RETRIED_CODES = {"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}


@row(
    9,
    "Each HTTP status 200 to 599 and each gRPC code",
    "429, 502, 503, 504, connection errors and read timeouts are retried; all else is final; 3xx is a failure",
)
def row_09(_scale: Scale) -> Measured:
    with scripted_server() as server:
        wrong = list(_wrong_statuses(server))
        exporter = StockExporter(f"{server.url}/v1/logs", timeout=0.5)
        claimed = [status for status in range(300, 600) if _claims_success(exporter, server, status)]
    codes = list(_wrong_codes())
    return Measured(
        f"{402 - len(wrong)} of 402 (the statuses, a connection that is cut, one that times out) and "
        f"{16 - len(codes)} of 16 codes as OTLP says" + (f"; wrong: {[*wrong, *codes][:5]}" if wrong or codes else ""),
        not wrong and not codes,
        f"{len(claimed)} failures count as exported, {claimed[0]} to {claimed[-1]}" if claimed else "no failure counts",
    )


def _wrong_statuses(server: ScriptedServer) -> Iterator[str]:
    """What had another fate than OTLP says."""
    pipeline = ours(server.url, timeout_millis=500, delay_millis=1)
    answers = [(str(status), Answer(status), status in RETRIED) for status in range(200, 600)]
    answers += [("cut", Answer(hang_up=True), True), ("timeout", Answer(hang_seconds=0.8), True)]
    for name, answer, retried in answers:
        server.requests.clear()
        server.answers = [answer, Answer()]
        before = pipeline.stats
        pipeline.log(name)
        until(lambda: not pipeline.stats.in_memory)
        stats = pipeline.stats
        delivered = retried or 200 <= answer.status <= 299
        fate = stats.exported - before.exported, sum(stats.dropped.values()) - sum(before.dropped.values())
        if (len(server.requests), fate) != (2 if retried else 1, (1, 0) if delivered else (0, 1)):
            yield name
    pipeline.shutdown()


def _wrong_codes() -> Iterator[str]:
    with grpc_server() as server:
        exporter = OTLPGrpcLogRecordExporter(f"http://127.0.0.1:{server.port}")
        (payload,) = exporter.encode([_readable("x")])
        for code in grpc.StatusCode:
            if code is grpc.StatusCode.OK:
                continue
            server.reply = Reply(code=code)
            outcome = exporter.send(payload, time.monotonic() + 5)
            if isinstance(outcome, Retry) != (code.name in RETRIED_CODES):
                yield code.name
        exporter.shutdown()


def _claims_success(exporter: StockExporter, server: ScriptedServer, status: int) -> bool:
    server.answers = [Answer(status)]
    return exporter.export([_readable("x")]) is LogRecordExportResult.SUCCESS


def _readable(body: str) -> ReadableLogRecord:
    memory = InMemoryLogRecordExporter()
    pipeline = stock("", exporter=memory)
    pipeline.log(body)
    pipeline.shutdown()
    return memory.get_finished_logs()[0]


@row(10, "Retry-After: 0, 15, a date, 1e9, junk", "honoured, with a floor and a cap of 600 s; the data is kept")
def row_10(_scale: Scale) -> Measured:
    date = lambda: formatdate(time.time() + 4, usegmt=True)  # noqa: E731 - said when the answer is made
    waits = {"2": 2.0, "date": 2.5, "1000000000": 600.0, "soon": 0.0, "-5": 0.0, "1.5": 0.0, "0": 0.0}
    found: dict[str, float] = {}
    kept = True
    for text, least in waits.items():
        found[text], safe = _wait_after(date() if text == "date" else text, measure=0 < least < 10)
        kept = kept and safe
    honoured = all(least - 0.05 <= found[text] <= (least + 60 if least < 600 else 600) for text, least in waits.items())
    with scripted_server() as server:
        server.answers = [Answer(503, {"Retry-After": "0"})]
        pipeline = ours(server.url)
        pipeline.log("x")
        time.sleep(1.5)
        ours_in_time = len(server.requests)
        pipeline.shutdown(0.1)
        server.requests.clear()
        StockExporter(f"{server.url}/v1/logs", timeout=1.5).export([_readable("x")])
        stock_in_time = len(server.requests)
    with scripted_server() as server:
        server.answers = [Answer(503, {"Retry-After": "15"}), Answer()]
        result = StockExporter(f"{server.url}/v1/logs").export([_readable("x")])
    return Measured(
        f"2 s: {found['2']:.1f} s, a date 3 to 4 s away: {found['date']:.1f} s, 1e9: {found['1000000000']:.0f} s; "
        f"0: {ours_in_time} requests in 1.5 s; " + ("nothing lost" if kept else "records lost"),
        honoured and kept and ours_in_time <= 20,
        f"0: {stock_in_time} requests in 1.5 s; 15: the batch is "
        + ("delivered" if result is LogRecordExportResult.SUCCESS else "lost"),
    )


def _wait_after(text: str, *, measure: bool) -> tuple[float, bool]:
    """The wait after a ``Retry-After``, lived through or as it is planned, and whether the record is safe."""
    with scripted_server() as server, scratch() as folder:
        server.answers = [Answer(503, {"Retry-After": text}), Answer()]
        pipeline = ours(server.url, folder / "spool")
        pipeline.log("kept")
        until(lambda: pipeline.queue.failing_since is not None)
        started = time.monotonic()
        sender = pipeline.queue._spooling.sender  # type: ignore[union-attr]  # what it has in mind is told nowhere
        until(lambda: sender.rests_until or pipeline.stats.exported, 5)
        wait = max(0.0, sender.rests_until - started)
        if measure:
            until(lambda: pipeline.stats.exported == 1, 20)
            wait = time.monotonic() - started
        stats = pipeline.stats
        pipeline.shutdown(0.2)
        return wait, stats.exported + stats.on_disk == 1


@row(
    11,
    "413, or a body over the limit",
    "split in halves until it fits; only a record too large by itself is dropped, and counted",
)
def row_11(_scale: Scale) -> Measured:
    bodies = [f"{number} " + "x" * 200 for number in range(512)]
    bodies[77] = "77 " + "x" * 50_000
    figures = []
    for pipeline_of in (_ours_in_memory, _ours_from_disk, stock):
        with scripted_server() as server, scratch() as folder:
            _answer_413_over(server, 20_000)
            pipeline = pipeline_of(server.url) if pipeline_of is stock else pipeline_of(server.url, folder / "spool")
            pipeline.log(*bodies)
            pipeline.flush()
            taken = {
                body for request in server.requests if len(request.body) <= 20_000 for body in bodies_of(request.body)
            }
            dropped = dict(pipeline.stats.dropped) if isinstance(pipeline, Ours) else {}
            figures.append((len(taken), dropped))
            pipeline.shutdown()
    large, stock_large = _over_the_grpc_limit(OTLPGrpcLogRecordExporter), _over_the_grpc_limit(StockGrpcExporter)
    memory, disk, (stock_taken, _) = figures
    return Measured(
        f"511 of 512 from memory and disk, 1 counted as too_large; 10 MB over gRPC: {large} of 512"
        if memory == disk == (511, {"too_large": 1})
        else f"from memory {memory}, from disk {disk}; over gRPC {large}",
        memory == disk == (511, {"too_large": 1}) and large == 512,
        f"{stock_taken} of 512; 10 MB over gRPC: {stock_large} of 512",
    )


def _ours_in_memory(url: str, _folder: object) -> Ours:
    return ours(url, delay_millis=60_000)


def _ours_from_disk(url: str, folder: object) -> Ours:
    return ours(url, folder, delay_millis=60_000)  # type: ignore[arg-type]


def _answer_413_over(server: ScriptedServer, limit: int) -> None:
    server.respond = lambda request: Answer(413 if len(request.body) > limit else 200)


def _over_the_grpc_limit(exporter_of: type) -> int:
    """How many of 512 records of 20 kB a gRPC server gets, which takes 4 MiB at once."""
    with grpc_server() as server:
        pipeline_of = ours if exporter_of is OTLPGrpcLogRecordExporter else stock
        exporter = exporter_of(f"http://127.0.0.1:{server.port}")
        pipeline = pipeline_of("", exporter=exporter, delay_millis=5_000)
        pipeline.log(*(f"{number} " + "x" * 20_000 for number in range(512)))
        pipeline.flush()
        pipeline.shutdown()
        return len(set(all_bodies(server.calls)))


@row(12, "partial_success", "counted exactly as rejected, never sent again")
def row_12(_scale: Scale) -> Measured:
    partial = ExportLogsPartialSuccess(rejected_log_records=7, error_message="no")
    answer = ExportLogsServiceResponse(partial_success=partial).SerializeToString()
    fates = []
    with scripted_server() as server, grpc_server() as grpc_one:
        server.answers = [Answer(200, {"Content-Type": "application/x-protobuf"}, answer)]
        grpc_one.reply = Reply(body=answer)
        over_grpc = OTLPGrpcLogRecordExporter(f"http://127.0.0.1:{grpc_one.port}")
        for pipeline in (ours(server.url, delay_millis=5000), ours("", exporter=over_grpc, delay_millis=5000)):
            pipeline.log(*(str(number) for number in range(100)))
            said_all = pipeline.flush()
            fates.append((pipeline.stats.exported, dict(pipeline.stats.dropped), said_all))
            pipeline.shutdown()
        requests = _sent(server, grpc_one)
        claimed = StockExporter(f"{server.url}/v1/logs").export([_readable("x")]) is LogRecordExportResult.SUCCESS
    exact = all(fate == (93, {"rejected": 7}, False) for fate in fates)
    return Measured(
        "93 exported, 7 rejected of 100, by HTTP and gRPC; each sent once"
        if exact and requests == (1, 1)
        else str(fates),
        exact and requests == (1, 1),
        "100 count as exported" if claimed else "100 count as failed",
    )


def _sent(server: ScriptedServer, grpc_one: GrpcServer) -> tuple[int, int]:
    return len(server.requests), len(grpc_one.calls)
