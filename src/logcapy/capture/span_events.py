"""The exception events of a span: adding one, and leaving on a span that ends what is to be seen of them.

A finished event has no public way to be changed; the SDK's privates that this needs are touched here alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import Event, Span
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import Status

from logcapy.attributes import EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE
from logcapy.types import TextRedactor

from .local_root import event_key, is_telling_of, known_exceptions, local_root_of

EXCEPTION_EVENT: Final = "exception"
#: Events of one exception that instrumentations write one after another lie closer than this.
_SAME_MOMENT_NANOS: Final = 100_000_000


def has_events(span: Any) -> bool:
    """Whether a span has any event; without the copy that the property makes."""
    return bool(getattr(span, "_events", True))


def exception_events(span: Span) -> list[Event]:
    """The events of a span that tell of an exception."""
    return [event for event in span.events if event.name == EXCEPTION_EVENT]


def add_event(
    span: Span, told: Mapping[str, Any], redact_text: TextRedactor | None, timestamp: int | None
) -> dict[str, Any]:
    """Add the event for an exception that a record tells of, unless the application has added one.

    Returns:
        The attributes of the event.
    """
    attributes = {
        key: redact_text(told[key]) if redact_text is not None else told[key]
        for key in (EXCEPTION_TYPE, EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE)
        if key in told
    }
    key = event_key(told)
    present = sum(is_telling_of(event.attributes or {}, key) for event in exception_events(span))
    known = known_exceptions(local_root_of(span))
    if present <= (known.times_told(key, span.get_span_context().span_id) if known is not None else 0):
        span.add_event(EXCEPTION_EVENT, attributes, timestamp)
    return attributes


def tidy_events(span: Span, redact_text: TextRedactor | None, *, keep: bool) -> None:
    """Take the secrets out of the exception events of a span that ends, and one of two that are of one exception.

    Args:
        span: The span, in ``_on_ending``.
        redact_text: Takes the secrets out of a text.
        keep: False takes the exception events off.
    """
    kept: list[Event] = []
    events = span.events
    for event in events:
        # Under another name it may be a failed attempt, or an event that was a log record.
        if redact_text is not None and (event.name == EXCEPTION_EVENT or EXCEPTION_MESSAGE in (event.attributes or {})):
            _redact(event, redact_text)
        if event.name != EXCEPTION_EVENT:
            kept.append(event)
        elif keep:
            _keep(event, kept, span)
    if len(kept) != len(events):
        _replace_events(span, kept)


def redact_status(span: Span, redact_text: TextRedactor) -> None:
    """Take the secrets out of the description of a span's status: it holds the exception's message."""
    description = span.status.description
    if description:
        redacted = redact_text(description)
        if redacted is not description:  # a hostile text may equal any other
            span._status = Status(span.status.status_code, redacted)


def _keep(event: Event, kept: list[Event], span: Span) -> None:
    key = event_key(event.attributes or {})
    same = [
        index
        for index, other in enumerate(kept)
        if other.name == EXCEPTION_EVENT and is_telling_of(other.attributes or {}, key)
    ]
    if same:
        last = kept[same[-1]]
        known = known_exceptions(local_root_of(span))
        told = known.times_told(key, span.get_span_context().span_id) if known is not None else 0
        if len(same) >= told if told else event.timestamp - last.timestamp < _SAME_MOMENT_NANOS:
            if len(_stack(event)) > len(_stack(last)):  # it has come further
                kept[same[-1]] = event
            return
    kept.append(event)


def _stack(event: Event) -> str:
    return str((event.attributes or {}).get(EXCEPTION_STACKTRACE, ""))


def _redact(event: Event, redact_text: TextRedactor) -> None:
    attributes = dict(event.attributes or {})
    redacted = {key: redact_text(value) if isinstance(value, str) else value for key, value in attributes.items()}
    if any(redacted[key] is not value for key, value in attributes.items()):  # see redact_status
        event._attributes = BoundedAttributes(attributes=redacted)
        event._attributes.dropped = event.dropped_attributes


def _replace_events(span: Span, events: Sequence[Event]) -> None:
    before: Any = span._events
    after = BoundedList.from_seq(before._dq.maxlen, events)
    after.dropped = before.dropped
    span._events = after
