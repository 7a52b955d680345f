"""What a record costs, from logger.info() to the encoded request: stock OpenTelemetry and LogCapy, in turns.

Run: python tests/benchmarks/record_cost.py [ROUNDS]. Each measurement is a process of its own: 40,000 records with two
arguments and three extras, inside a server span. LogCapy enriches and redacts, stock does neither. "caller" is
the wall time of the logging calls less that of a handler that does nothing; "all CPU" is the process's time
until everything is encoded, less the same. Ratios are to stock, pair by pair, with least and greatest.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

RECORDS = 40_000
SETUPS = ("nothing", "stock", "LogCapy")


def measure(setup: str) -> dict[str, float]:
    """Microseconds a record in this process."""
    import logging

    from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs as stock_encode
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import SpanKind

    import logcapy
    from logcapy.capture.stdlib import LogCapyHandler
    from logcapy.export.otlp import encode_logs
    from logcapy.exporter import PayloadExporter
    from logcapy.types import Delivered

    class Stock(LogRecordExporter):
        def export(self, batch):
            stock_encode(batch).SerializeToString()
            return LogRecordExportResult.SUCCESS

        def force_flush(self, timeout_millis=30000):
            return True

        def shutdown(self):
            pass

    class Ours(PayloadExporter):
        def encode(self, records):
            return encode_logs(records)

        def send(self, payload, deadline):
            return Delivered()

    provider, tracer_provider = LoggerProvider(shutdown_on_exit=False), TracerProvider(shutdown_on_exit=False)
    logger = logging.getLogger("shop")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    queue = {"max_queue_size": 2 * RECORDS}
    if setup == "nothing":
        logger.addHandler(logging.NullHandler())
    elif setup == "stock":
        from opentelemetry.instrumentation.logging.handler import LoggingHandler

        provider.add_log_record_processor(BatchLogRecordProcessor(Stock(), **queue))
        logger.addHandler(LoggingHandler(logger_provider=provider))
    else:
        batch = logcapy.BatchLogRecordProcessor(Ours(1), **queue)
        provider.add_log_record_processor(logcapy.LogCapyLogRecordProcessor(batch))
        tracer_provider.add_span_processor(logcapy.LogCapySpanProcessor())
        logger.addHandler(LogCapyHandler(logger_provider=provider))
    request = {"http.method": "POST", "http.route": "/orders", "http.target": "/orders", "net.peer.ip": "192.0.2.7"}
    with tracer_provider.get_tracer("t").start_as_current_span("POST", kind=SpanKind.SERVER, attributes=request):
        logger.info("warm")
        wall, cpu = time.perf_counter(), time.process_time()
        for number in range(RECORDS):
            extra = {"order_id": number, "total": 12.5, "customer": "c-17"}
            logger.info("order %s placed for %s", number, "ada", extra=extra)
        wall = time.perf_counter() - wall
    provider.force_flush(120_000)
    cpu = time.process_time() - cpu
    return {"caller": wall / RECORDS * 1e6, "all CPU": cpu / RECORDS * 1e6}


def main(rounds: int) -> None:
    results: dict[str, list[dict[str, float]]] = {setup: [] for setup in SETUPS}
    for _ in range(rounds):
        for setup in SETUPS:
            done = subprocess.run(
                [sys.executable, __file__, "--one", setup], capture_output=True, text=True, check=True
            )
            results[setup].append(json.loads(done.stdout))
    print(f"{rounds} rounds of {RECORDS} records; microseconds a record above a handler that does nothing")
    for figure in ("caller", "all CPU"):
        above = {
            setup: [run[figure] - floor[figure] for run, floor in zip(results[setup], results["nothing"], strict=True)]
            for setup in ("stock", "LogCapy")
        }
        ratios = [ours / stock for ours, stock in zip(above["LogCapy"], above["stock"], strict=True)]
        for setup, values in above.items():
            print(f"{figure:8} {setup:8} {statistics.median(values):6.1f} [{min(values):.1f}, {max(values):.1f}]")
        print(f"{figure:8} ratio    {statistics.median(ratios):6.2f} [{min(ratios):.2f}, {max(ratios):.2f}]")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
