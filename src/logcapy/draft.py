"""A record before it is written out: what the caller has in hand and cannot change any more, and nothing made of it.

The caller pays for a draft only. Its message is formatted, its attributes are put together and redacted by the worker
of a queue, for a whole batch. What many records have in common (the request, the call site) is one object for all of
them, which is redacted and encoded once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import Logger, ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan, SpanContext, set_span_in_context

from .attributes import EVENT_NAME, OTEL_EVENT_NAME
from .shared import NOTHING_SHARED, Shared

__all__ = ["NOTHING_SHARED", "SPECIAL_KEYS", "STANDARD_FIELDS", "Draft", "RedactMany", "Shared"]

#: What every record of ``logging`` has, and uvicorn's message with terminal colours: no attributes.
STANDARD_FIELDS: Final = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}
#: Keys that an extra of ``logging`` has no attribute for.
SPECIAL_KEYS: Final = STANDARD_FIELDS | {"", OTEL_EVENT_NAME, EVENT_NAME}

_SEVERITIES: Final[dict[int, SeverityNumber]] = {number.value: number for number in SeverityNumber}


class Draft:
    """Base of the drafts that the ways of logging make. A record for encoders, once :meth:`write` was called.

    The way of logging sets ``logger``, ``severity`` and ``extra_bytes``; the processor that takes the draft sets
    ``span_context``, ``surroundings`` and ``redact``; :meth:`write` makes all the rest of it.
    """

    __slots__ = (
        "body",
        "event_name",
        "extra_bytes",
        "logger",
        "own",
        "redact",
        "severity",
        "severity_text",
        "shared",
        "span_context",
        "surroundings",
        "timestamp",
    )

    dropped_attributes = 0
    #: The SDK's logger that emits it.
    logger: Logger
    #: OpenTelemetry's severity number.
    severity: int
    #: By how many bytes it is larger than a small record.
    extra_bytes: int
    #: Of the span it was emitted in.
    span_context: SpanContext | None
    #: What all records have that are emitted where it was.
    surroundings: Shared
    #: Takes out the secrets of many; None once that is done.
    redact: RedactMany | None
    #: What it has in common with others, and what it has not; no key is in two of them.
    shared: tuple[Shared, ...]
    own: dict[str, Any]
    timestamp: int
    severity_text: str | None
    body: Any
    event_name: Any

    def write(self) -> None:
        """Make the record. Called once, by the worker."""
        raise NotImplementedError

    def complete(self, site: Shared) -> None:
        """Put the attributes together, no key twice. For :meth:`write` of a subclass.

        Args:
            site: What all records of its place in the code have.
        """
        surroundings = self.surroundings
        if (surroundings.leaves_sites and surroundings.free.issuperset(self.own)) or surroundings.frees(
            self.tidied(), SPECIAL_KEYS
        ):
            self.shared = (surroundings, site) if surroundings else (site,)
        else:
            self.own = {**surroundings, **site, **self.own}
            self.shared = ()

    def tidied(self) -> dict[str, Any]:
        """``own`` as it is to leave; called where a key is among its keys that has not been seen, or is odd."""
        return self.own

    @property
    def resource(self) -> Resource:
        """Of the provider."""
        return self.logger._resource

    @property
    def instrumentation_scope(self) -> InstrumentationScope:
        """Of the logger."""
        return self.logger._instrumentation_scope

    @property
    def log_record(self) -> Draft:
        """The fields, for encoders: an SDK record has them one level deeper."""
        return self

    @property
    def attributes(self) -> dict[str, Any]:
        """All attributes in one, in the order in which they are encoded."""
        merged: dict[str, Any] = {}
        for shared in self.shared:
            merged.update(shared)
        merged.update(self.own)
        return merged

    @property
    def observed_timestamp(self) -> int:
        """The same as the timestamp: it was observed where and when it happened."""
        return self.timestamp

    @property
    def severity_number(self) -> SeverityNumber:
        """As the SDK has it."""
        return _SEVERITIES[self.severity]

    @property
    def trace_id(self) -> int:
        """0 outside a span."""
        return self.span_context.trace_id if self.span_context is not None else 0

    @property
    def span_id(self) -> int:
        """0 outside a span."""
        return self.span_context.span_id if self.span_context is not None else 0

    @property
    def trace_flags(self) -> int:
        """0 outside a span."""
        return self.span_context.trace_flags if self.span_context is not None else 0

    def readable(self) -> ReadableLogRecord:
        """The record as the SDK's exporters expect it."""
        log_record = LogRecord(
            timestamp=self.timestamp,
            observed_timestamp=self.timestamp,
            context=set_span_in_context(NonRecordingSpan(self.span_context or INVALID_SPAN_CONTEXT)),
            severity_text=self.severity_text,
            severity_number=self.severity_number,
            body=self.body,
            attributes=self.attributes,
            event_name=self.event_name,
        )
        log_record.context = Context()
        return ReadableLogRecord(
            log_record=log_record,
            resource=self.resource,
            instrumentation_scope=self.instrumentation_scope,
            limits=self.logger._log_record_limits,
        )


#: Takes the secrets out of written drafts, in place.
RedactMany = Callable[[Sequence[Draft]], None]
