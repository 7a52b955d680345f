"""Records that cannot wait as drafts: each is written at the call and goes the way of the SDK, or that of ``logging``.

So it is for what somebody may change after the call, for exceptions, and wherever LogCapy's processor is not the only
one. While nobody has set up a LoggerProvider records become those of the standard library, so that none is lost.
"""

from __future__ import annotations

import logging
import sys
import traceback
from contextvars import ContextVar
from types import FrameType
from typing import Final, NamedTuple

from opentelemetry._logs import LogRecord, NoOpLoggerProvider
from opentelemetry._logs._internal import ProxyLoggerProvider

from logcapy import _sdk
from logcapy.attributes import CODE_FILE_PATH, CODE_FUNCTION_NAME, CODE_LINE_NUMBER, OTEL_EVENT_NAME
from logcapy.draft import STANDARD_FIELDS

from .direct import DirectWay
from .handing_on import emit
from .logger_draft import LoggerDraft, site_at
from .logging_draft import pop_event_name
from .stdlib import attribute_value

CODE_STACKTRACE: Final = "code.stacktrace"

_nobody: Final = (NoOpLoggerProvider, ProxyLoggerProvider)
_emitting: ContextVar[bool] = ContextVar("logcapy_emitting_with_care", default=False)


class Extras(NamedTuple):
    """What a record has that drafts have not.

    Args:
        exception: What it tells of.
        stack: The stack of the call as ``logging`` formats it.
    """

    exception: BaseException | None = None
    stack: str | None = None


NO_EXTRAS: Final = Extras()


def emit_with_care(draft: LoggerDraft, name: str, way: DirectWay, extras: Extras = NO_EXTRAS) -> None:
    """Emit what a draft says, now. What is logged by that is passed over.

    Args:
        draft: Not written yet; what a processor would set need not be there.
        name: Of the logger.
        way: The provider in use.
        extras: What else the record has.
    """
    if _emitting.get():
        return
    token = _emitting.set(True)
    try:
        if is_heard(way):
            _emit_through_sdk(draft, name, way, extras)
        else:
            _emit_through_logging(draft, name, extras)
    finally:
        _emitting.reset(token)


def is_heard(way: DirectWay) -> bool:
    """Whether anybody has set up a provider whose records go anywhere."""
    provider = way.provider
    if isinstance(provider, _nobody) or getattr(provider, "_disabled", False):
        return False
    return _sdk.processors_of(provider) != ()  # type: ignore[arg-type]  # None if it is not the SDK's


def stack_of(frame: FrameType | None) -> str:
    """The stack of a call, as ``logging`` tells it with ``stack_info``."""
    return "Stack (most recent call last):\n" + "".join(traceback.format_stack(frame)).rstrip("\n")


def exception_of(exc_info: object) -> BaseException | None:
    """The exception that ``exc_info`` means: one, a tuple as of ``sys.exc_info()``, or a flag for the one handled."""
    if not exc_info:
        return None
    if isinstance(exc_info, BaseException):
        return exc_info
    found = exc_info if isinstance(exc_info, tuple) else sys.exc_info()
    return next((one for one in found if isinstance(one, BaseException)), None)


def _emit_through_sdk(draft: LoggerDraft, name: str, way: DirectWay, extras: Extras) -> None:
    attributes = {key: attribute_value(value) for key, value in {**draft.bound, **draft.own}.items() if key}
    event_name = pop_event_name(attributes)
    for key, value in site_at(draft.place).items():
        attributes.setdefault(key, value)
    if extras.stack:
        attributes.setdefault(CODE_STACKTRACE, extras.stack)
    record = LogRecord(
        timestamp=draft.timestamp,
        observed_timestamp=draft.timestamp,
        severity_text=draft.name_of_level(),
        severity_number=draft.severity_number,
        body=draft.text(),
        attributes=attributes,
        event_name=draft.event_name or event_name,
    )
    emit(way.logger(name), way.provider, record, extras.exception)


def _emit_through_logging(draft: LoggerDraft, name: str, extras: Extras) -> None:
    logger, site, exception = logging.getLogger(name), site_at(draft.place), extras.exception
    record = logger.makeRecord(
        logger.name,
        draft.level,
        site.get(CODE_FILE_PATH, "(unknown file)"),
        site.get(CODE_LINE_NUMBER, 0),
        draft.body,
        draft.arguments,
        None if exception is None else (type(exception), exception, exception.__traceback__),
        site.get(CODE_FUNCTION_NAME, "(unknown function)"),
        sinfo=extras.stack,
    )
    attributes = {**draft.bound, **draft.own}
    if draft.event_name:
        attributes[OTEL_EVENT_NAME] = draft.event_name
    for key, value in attributes.items():
        # What a LogRecord has under a name of its own stays there.
        vars(record)[f"{key}_" if key in STANDARD_FIELDS else key] = value
    logger.handle(record)
