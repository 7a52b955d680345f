"""The way of a draft that has just been made: to the processor that takes drafts, if it is one that can wait."""

from __future__ import annotations

from typing import Final

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY

from logcapy import _sdk
from logcapy.attributes import EVENT_NAME, EXCEPTION_STACKTRACE, OTEL_EVENT_NAME

from .careful import NO_EXTRAS, Extras, emit_with_care
from .emitting import current_way
from .logger_draft import CHANGEABLE, LoggerDraft, size_of
from .logging_draft import CODE_ATTRIBUTES, SMALL

#: Attributes that a draft has no place for.
ODD_ATTRIBUTES: Final = frozenset(("", OTEL_EVENT_NAME, EVENT_NAME, EXCEPTION_STACKTRACE))

_current_context = _sdk.current_context_getter()


def emit_draft(draft: LoggerDraft, name: str, extras: Extras, is_usual: bool) -> None:
    """Emit a draft in the current context, or the record it stands for. What is born while exporting is passed over.

    Args:
        draft: Not written yet.
        name: Of the logger.
        extras: What else the record has.
        is_usual: Whether none of its attributes is one of :data:`ODD_ATTRIBUTES`.
    """
    context = _current_context()
    if context.get(_SUPPRESS_INSTRUMENTATION_KEY):
        return
    way = current_way()
    taker = way.taker()
    if taker is not None and is_usual and extras is NO_EXTRAS and type(draft.body) is str:
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
