"""Which records a processor takes: sampling and the buffer of traces, for both ways that a record comes by.

It stands beside the processor, as it joins what is in other rooms: the sampler, the queues and the spans.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from types import CodeType
from typing import TYPE_CHECKING, Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadWriteLogRecord
from opentelemetry.trace import StatusCode, get_current_span

from ._forking import call_in_child
from ._guard import say_once
from .attributes import CODE_FILE_PATH, CODE_FUNCTION_NAME, CODE_LINE_NUMBER
from .capture.logger_draft import site_at
from .config import LogCapyConfig
from .deliver.accounting import AtomicCounter, Stats
from .draft import Draft, Shared
from .process.sampling.sampler import REASONS, SUPPRESSED_COUNT, Sampler

if TYPE_CHECKING:
    from .process.sampling.rate import Suppressed
    from .process.sampling.trace_buffer import TraceBuffer

_LONGEST_QUOTE = 200


class Admission:
    """Says which records go, and which wait for the fate of their trace.

    Args:
        config: What to drop.
        emit: Takes a record that tells of others, past everything that could drop it.
    """

    def __init__(self, config: LogCapyConfig, emit: Callable[[ReadWriteLogRecord], None]) -> None:
        self._emit = emit
        self._begin_anew()
        call_in_child(self._begin_anew)
        self.sampler = Sampler(config, self._drop, self._tell_suppressed)
        self.buffer = self._trace_buffer(config) if config.buffer_until_error else None
        self._slow_nanoseconds = None if config.buffer_slow is None else config.buffer_slow * 1e6
        self._watched = False

    def _begin_anew(self) -> None:
        self._dropped = {reason: AtomicCounter() for reason in (*REASONS, "buffer_discarded", "buffer_full")}

    def _trace_buffer(self, config: LogCapyConfig) -> TraceBuffer:
        from .process.sampling.trace_buffer import TraceBuffer  # most applications have none

        return TraceBuffer(config.buffer_max_records, self._drop_many, most_bytes=config.max_queue_bytes)

    def of_draft(self, draft: Draft) -> Shared | None:
        """What a draft that goes says of it; None for one that does not."""
        scope = draft.logger._instrumentation_scope
        return self.sampler.admit(draft.severity, scope.name, draft.span_context, getattr(draft, "place", None), draft)

    def of_record(self, record: ReadWriteLogRecord) -> Shared | None:
        """The same of a record that comes by the SDK's way."""
        log_record = record.log_record
        number = log_record.severity_number
        severity = number.value if isinstance(number, SeverityNumber) else 0
        scope = record.instrumentation_scope
        span = get_current_span(log_record.context).get_span_context()
        return self.sampler.admit(severity, scope.name if scope is not None else "", span, _site_of(record), record)

    def wrap(self, puts: Iterable[Callable[[Any], None]]) -> list[Callable[[Any], None]]:
        """What a draft is handed to: the queues, or the buffer before them."""
        puts = list(puts)
        if self.buffer is None:
            return puts

        def put_all(draft: Any) -> None:
            for put in puts:
                put(draft)

        def hold(draft: Draft) -> None:
            if not self.holds(draft.trace_id, draft.severity, put_all, draft):
                put_all(draft)

        return [hold]

    def holds(self, trace_id: int, severity: int, hand_on: Callable[[Any], None], record: Any) -> bool:
        """Whether a record waits for the fate of its trace."""
        if self.buffer is None:
            return False
        if not self._watched and trace_id:
            self._watched = True
            say_once(
                "buffer",
                "buffer_until_error is on and no LogCapySpanProcessor has seen a recorded span: only an ERROR in the "
                "same trace lets its records leave",
            )
        return self.buffer.holds(trace_id, severity, hand_on, record, record.extra_bytes)

    def began(self, span: Any) -> None:
        """A local root began; see ``capture.local_root.RootWatch``."""
        if self.buffer is not None:
            self._watched = True
            self.buffer.began(span.get_span_context().trace_id)

    def ended(self, span: Any) -> None:
        """A local root ended: well, or not."""
        if self.buffer is not None:
            self.buffer.ended(span.get_span_context().trace_id, failed=self._has_failed(span))

    def _has_failed(self, span: Any) -> bool:
        if span.status.status_code is StatusCode.ERROR or any(event.name == "exception" for event in span.events):
            return True
        slow = self._slow_nanoseconds
        return slow is not None and span.end_time is not None and span.end_time - span.start_time > slow

    def finish(self, *, for_good: bool) -> None:
        """Tell what has not been told; at the end give up what still waits."""
        self.sampler.tell_all()
        if for_good and self.buffer is not None:
            self.buffer.give_all_up()

    def stats(self, destinations: int) -> Stats:
        """What was dropped here and what waits here, once for each destination."""
        waiting = self.buffer.size * destinations if self.buffer is not None else 0
        dropped = {reason: counter.value * destinations for reason, counter in self._dropped.items() if counter.value}
        return Stats(emitted=waiting + sum(dropped.values()), in_memory=waiting, dropped=dropped)

    def _drop(self, reason: str) -> None:
        self._dropped[reason].add_one()

    def _drop_many(self, reason: str, count: int) -> None:
        for _ in range(count):
            self._dropped[reason].add_one()

    def _tell_suppressed(self, suppressed: Suppressed) -> None:
        last = suppressed.last
        log_record = last.log_record
        body = log_record.body
        quote = f": {body[:_LONGEST_QUOTE]}" if isinstance(body, str) else ""
        record = LogRecord(
            timestamp=time.time_ns(),
            observed_timestamp=time.time_ns(),
            context=Context(),
            severity_number=log_record.severity_number,
            severity_text=log_record.severity_number.name if log_record.severity_number else None,
            body=f"{suppressed.records} records of this call were suppressed{quote}",
            attributes={SUPPRESSED_COUNT: suppressed.records, **_code_of(suppressed.site)},
        )
        self._emit(ReadWriteLogRecord(record, resource=last.resource, instrumentation_scope=last.instrumentation_scope))


def _site_of(record: ReadWriteLogRecord) -> object:
    """The call site, as a draft of ``logging`` has it; without one, the scope and the body."""
    log_record = record.log_record
    attributes = log_record.attributes or {}
    path = attributes.get(CODE_FILE_PATH)
    if path is not None:
        return path, attributes.get(CODE_LINE_NUMBER), attributes.get(CODE_FUNCTION_NAME)
    body = log_record.body
    scope = record.instrumentation_scope
    return scope.name if scope is not None else "", body if isinstance(body, str) else type(body)


def _code_of(site: object) -> dict[str, Any]:
    if isinstance(site, tuple) and isinstance(site[0], CodeType):
        return site_at(site)
    if isinstance(site, tuple) and len(site) == 3:
        return dict(zip((CODE_FILE_PATH, CODE_LINE_NUMBER, CODE_FUNCTION_NAME), site, strict=True))
    return {}
