"""logfire with its batching and an exporter that does nothing: no console, no look at the caller's source."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import logfire
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from tests.benchmarks.works import Call, OrderError, Work, fail

from .opened import Opened

_DRAIN_MILLISECONDS = 300_000


class Nothing(SpanExporter):
    records = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        Nothing.records += sum((span.attributes or {}).get("logfire.span_type") == "log" for span in spans)
        return SpanExportResult.SUCCESS


def templates(work: Work) -> Call:
    """Its own way: the message is a template that names an attribute."""
    message, attributes_of = work.message.replace("%s", "{order_id}"), work.attributes_of

    def log(number: int) -> None:
        logfire.info(message, **{"order_id": number, **attributes_of(number)})

    def log_failure(number: int) -> None:
        try:
            fail(number)
        except OrderError:
            logfire.exception(message, **{"order_id": number, **attributes_of(number)})

    return log_failure if work.fails else log


def open_setup() -> Opened:
    processor = BatchSpanProcessor(Nothing(), max_queue_size=200_000)
    logfire.configure(
        send_to_logfire=False,
        console=False,
        metrics=False,
        min_level="info",
        inspect_arguments=False,
        distributed_tracing=False,
        additional_span_processors=[processor],
    )
    drain = partial(logfire.force_flush, _DRAIN_MILLISECONDS)
    return Opened(
        templates, lambda: logfire.debug("order"), drain, lambda: logfire.span("request"), lambda: Nothing.records
    )
