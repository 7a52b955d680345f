"""An attempt that failed: a log record and an event of the span, with its number, the wait and the exception."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry._logs import SeverityNumber
from opentelemetry.trace import get_current_span

from logcapy._guard import describe_error, say
from logcapy.attributes import (
    EXCEPTION_MESSAGE,
    EXCEPTION_TYPE,
    RETRY_ATTEMPT,
    RETRY_ATTEMPTS,
    RETRY_EVENT,
    RETRY_WAIT,
)

from .describing import exception_attributes
from .emitting import emit_exception


def tell_of_failed_attempt(
    exception: BaseException,
    *,
    number: int,
    of: int | None,
    wait_seconds: float | None,
    logger_name: str,
    attributes: Mapping[str, Any],
) -> None:
    """Emit the record and add the event. Never raises.

    Args:
        exception: Why it failed.
        number: Which attempt, counted from 1.
        of: How many there can be, if that is known.
        wait_seconds: Up to the next attempt; None if there is none.
        logger_name: The name of the instrumentation scope.
        attributes: More to tell on the record.
    """
    try:
        which = f"attempt {number} of {of}" if of is not None else f"attempt {number}"
        last = wait_seconds is None
        told: dict[str, Any] = {RETRY_ATTEMPT: number}
        if of is not None:
            told[RETRY_ATTEMPTS] = of
        if wait_seconds is not None:
            told[RETRY_WAIT] = wait_seconds
        emit_exception(
            exception,
            body=f"{which} failed, " + ("the last" if wait_seconds is None else f"next in {wait_seconds:.3g} s"),
            logger_name=logger_name,
            severity=SeverityNumber.ERROR if last else SeverityNumber.WARN,
            event_name=RETRY_EVENT,
            attributes={**attributes, **told},
        )
        span = get_current_span()
        if span.is_recording():
            seen = exception_attributes(exception)
            span.add_event(RETRY_EVENT, {**told, **{key: seen[key] for key in (EXCEPTION_TYPE, EXCEPTION_MESSAGE)}})
    except Exception as failure:  # noqa: BLE001 - the application tries again whether this was told or not
        say("retry", f"a failed attempt could not be recorded: {describe_error(failure)}")
