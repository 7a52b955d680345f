"""The way of a draft that has just been made: to the processor that takes drafts, if it is one that can wait."""

from __future__ import annotations

from sys import _getframe
from time import time_ns
from typing import Any, Final, Protocol

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY

from logcapy import _sdk
from logcapy._guard import describe_error, say
from logcapy.attributes import EVENT_NAME, EXCEPTION_STACKTRACE, OTEL_EVENT_NAME
from logcapy.draft import Shared

from .careful import NO_EXTRAS, Extras, emit_with_care
from .direct import current_way
from .logger_draft import CHANGEABLE, LoggerDraft, size_of
from .logging_draft import CODE_ATTRIBUTES, SMALL
from .severity import severity_of

#: Attributes that a draft has no place for.
ODD_ATTRIBUTES: Final = frozenset(("", OTEL_EVENT_NAME, EVENT_NAME, EXCEPTION_STACKTRACE))
#: Keywords that say something else than an attribute.
_SPECIAL: Final = frozenset(("exc_info", "stack_info", "stacklevel", "extra", "event_name")) | ODD_ATTRIBUTES
#: How many frames up the place of a call is from :func:`emit_call`, which has one itself where it is not compiled.
_FRAMES: Final = 2 if __file__.endswith(".py") else 1

# Of this module, where it is compiled: a name from elsewhere is looked up in a dict each time.
_current_context: Final = _sdk.current_context_getter()
_SUPPRESS: Final = _SUPPRESS_INSTRUMENTATION_KEY
_NO_EXTRAS: Final = NO_EXTRAS
_now: Final = time_ns
_frame_at: Final = _getframe


class Calls(Protocol):
    """Whose calls :func:`emit_call` takes."""

    name: str
    _bound: Shared
    _is_usual: bool

    def _take_options(self, draft: LoggerDraft, attributes: dict[str, Any], frames: int) -> Extras: ...


def emit_call(
    logger: Calls, level: int, message: object, arguments: tuple[object, ...], attributes: dict[str, Any]
) -> None:
    """Emit what a logger's method was called with. That method calls it itself: the place is found by its frame."""
    try:
        draft = LoggerDraft()
        draft.timestamp = _now()
        draft.severity = severity_of(level)
        draft.level = level
        draft.level_name = draft.event_name = None
        draft.body = message
        draft.arguments = arguments
        draft.bound = logger._bound
        if _SPECIAL.isdisjoint(attributes):
            try:
                caller = _frame_at(_FRAMES)
                draft.place = caller.f_code, caller.f_lasti
            except ValueError:  # there is no caller in Python
                draft.place = None
            draft.own = attributes
            emit_draft(draft, logger.name, _NO_EXTRAS, logger._is_usual)
        else:
            extras = logger._take_options(draft, attributes, _FRAMES + 1)
            emit_draft(draft, logger.name, extras, logger._is_usual and ODD_ATTRIBUTES.isdisjoint(draft.own))
    except Exception as error:  # noqa: BLE001 - logging must not break what it watches
        say("capture", f"a record of logger {logger.name!r} could not be captured: {describe_error(error)}")


def emit_draft(draft: LoggerDraft, name: str, extras: Extras, is_usual: bool) -> None:
    """Emit a draft in the current context, or the record it stands for. What is born while exporting is passed over.

    Args:
        draft: Not written yet.
        name: Of the logger.
        extras: What else the record has.
        is_usual: Whether none of its attributes is one of :data:`ODD_ATTRIBUTES`.
    """
    context = _current_context()
    if context.get(_SUPPRESS):
        return
    way = current_way()
    taker = way.taker()
    if taker is not None and is_usual and extras is _NO_EXTRAS and type(draft.body) is str:
        own = draft.own
        size = size_of(own.values(), len(draft.body))
        if draft.arguments and size != CHANGEABLE:
            size = size_of(draft.arguments, size)
        if size != CHANGEABLE and len(own) + len(draft.bound) + CODE_ATTRIBUTES <= way.most_attributes:
            logger = way.logger(name)
            if logger._logger_config.is_enabled:
                draft.logger, draft.extra_bytes = logger, size if size > SMALL else 0
                if way.count_created is not None:
                    way.count_created()
                taker.take(draft, context)
            return
    emit_with_care(draft, name, way, extras)
