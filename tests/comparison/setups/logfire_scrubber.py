"""logfire with its scrubber, which is on where nobody says otherwise, and its handler for ``logging``."""

from __future__ import annotations

import json

import logfire
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from .opened import Opened, standard


def open_setup(*, scrubs: bool) -> Opened:
    exporter = InMemorySpanExporter()
    logfire.configure(
        send_to_logfire=False,
        console=False,
        metrics=False,
        inspect_arguments=False,
        distributed_tracing=False,
        scrubbing=logfire.ScrubbingOptions() if scrubs else False,
        additional_span_processors=[SimpleSpanProcessor(exporter)],
    )

    def written() -> list[str]:
        return [
            json.dumps(
                [dict(span.attributes or {}), [dict(event.attributes or {}) for event in span.events]],
                default=str,
                ensure_ascii=False,
            )
            for span in exporter.get_finished_spans()
        ]

    return Opened(standard(logfire.LogfireLoggingHandler()), logfire.force_flush, written)
