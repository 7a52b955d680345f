"""Celery: each task that fails is a log record in full, each retry one more, and what waits is sent when a worker ends.

Celery's signals say what became of a task while its span is current and before Celery logs it, so the record of
``celery.app.trace`` refers to the one that is made here. A worker of the prefork pool ends by ``os._exit``, so nothing
that waits for the interpreter's exit runs there.

Sources: https://docs.celeryq.dev/en/stable/userguide/signals.html and
https://opentelemetry.io/docs/specs/semconv/messaging/messaging-exceptions/. The attributes are those that
opentelemetry-instrumentation-celery has on the task's span.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from opentelemetry.context import attach, detach
from opentelemetry.propagate import extract, get_global_textmap
from opentelemetry.trace import get_current_span

from logcapy._guard import describe_error, say
from logcapy.attributes import EXCEPTION_MARK
from logcapy.capture.describing import exception_attributes
from logcapy.capture.emitting import emit_exception
from logcapy.capture.failed_attempt import tell_of_failed_attempt
from logcapy.capture.local_root import Told, event_key, local_exceptions, local_root_of
from logcapy.capture.sightings import sighting_of

from .ending import Ending

_LOGGER: Final = "logcapy.integrations.celery"
_EVENT: Final = "messaging.process.exception"

Receiver = Callable[..., None]


def watch_tasks(ending: Ending) -> Callable[[], None]:
    """Tell of tasks that fail or are retried, and flush when a worker ends.

    Returns:
        What takes it away again.
    """
    from celery import signals  # type: ignore[import-untyped]

    def on_end_of_process(**_: Any) -> None:
        ending.finish()

    def on_end_of_worker(**_: Any) -> None:
        ending.flush()

    receivers: tuple[tuple[Any, Receiver], ...] = (
        (signals.task_failure, _on_failure),
        (signals.task_retry, _on_retry),
        (signals.worker_process_shutdown, on_end_of_process),
        (signals.worker_shutdown, on_end_of_worker),
    )
    for signal, receiver in receivers:
        signal.connect(receiver, weak=False)

    def stop() -> None:
        for signal, receiver in receivers:
            signal.disconnect(receiver)

    return stop


def _on_failure(*, sender: Any, task_id: str, exception: BaseException, einfo: Any = None, **_: Any) -> None:
    """What Celery calls before it logs that a task failed; in the main process for a worker that was lost."""
    try:
        if _is_expected(sender, exception):
            _let_event_be(exception)
            return
        original = _original_of(exception)
        with _in_trace_of(sender.request):
            emit_exception(
                original,
                body="unhandled exception in the task",
                logger_name=_LOGGER,
                event_name=_EVENT,
                attributes=_attributes_of(sender, task_id, "FAILURE"),
            )
        sighting = sighting_of(original)
        for one in (exception, getattr(einfo, "exception", None)):
            if one is not original and isinstance(one, BaseException):
                one.__dict__[EXCEPTION_MARK] = sighting  # Celery logs one of them; its record refers to this one
                _let_event_be(one)
    except Exception as failure:  # noqa: BLE001 - the task's own way goes on
        say("celery task", f"the failure of a task could not be recorded: {describe_error(failure)}")


def _on_retry(*, sender: Any, request: Any, reason: Any, **_: Any) -> None:
    """What Celery calls when a task asks to be run again; ``reason`` is its ``Retry``."""
    try:
        limit = getattr(sender, "override_max_retries", None)
        limit = sender.max_retries if limit is None else limit
        with _in_trace_of(request):
            tell_of_failed_attempt(
                reason.exc or reason.__context__ or reason,
                number=request.retries + 1,
                of=None if limit is None else limit + 1,
                wait_seconds=_seconds_until(reason.when),
                logger_name=_LOGGER,
                attributes={
                    **_attributes_of(sender, request.id, "RETRY"),
                    "celery.retry.reason": str(reason),
                },
            )
    except Exception as failure:  # noqa: BLE001 - the task's own way goes on
        say("celery task", f"the retry of a task could not be recorded: {describe_error(failure)}")


def _is_expected(task: Any, exception: BaseException) -> bool:
    """Whether a failure is an answer rather than an error: ``throws`` names it, or the task rejects its message."""
    reject = getattr(sys.modules.get("celery.exceptions"), "Reject", ())
    return isinstance(exception, (*(task.throws or ()), *((reject,) if reject else ())))


def _original_of(exception: BaseException) -> BaseException:
    """What the task raised: where that cannot be pickled, the signal brings something else that can."""
    raised = sys.exc_info()[1]
    if raised is None or raised is exception or raised.__traceback__ is None:
        return exception
    return raised if exception.__traceback__ is raised.__traceback__ else exception


def _let_event_be(exception: BaseException) -> None:
    """Make no record of the event that the instrumentation adds to the task's span for an exception.

    It does so for expected ones too, and with what stands in for one that cannot be pickled.
    """
    span = get_current_span()
    if span.is_recording():
        told = Told((event_key(exception_attributes(exception)),), span.get_span_context().span_id)
        local_exceptions(local_root_of(span)).tell(told)


def _attributes_of(task: Any, task_id: str, state: str) -> Mapping[str, Any]:
    request = task.request
    attributes: dict[str, Any] = {
        "celery.task_name": task.name,
        "celery.state": state,
        "messaging.message.id": task_id,
    }
    if request.hostname:
        attributes["celery.hostname"] = request.hostname
    if request.retries:
        attributes["celery.retries"] = request.retries
    return attributes


@contextmanager
def _in_trace_of(request: Any) -> Iterator[None]:
    """The task's span if there is one, else the trace of who sent the task, if its message tells of that."""
    if get_current_span().get_span_context().is_valid:
        yield
        return
    fields = {name: getattr(request, name, None) for name in get_global_textmap().fields}
    token = attach(extract({name: value for name, value in fields.items() if isinstance(value, str)}))
    try:
        yield
    finally:
        detach(token)


def _seconds_until(when: object) -> float:
    """Up to the next attempt; Celery gives seconds or a point of time."""
    if isinstance(when, datetime):
        return max(0.0, when.timestamp() - time.time())
    return float(when) if isinstance(when, (int, float)) else 0.0
