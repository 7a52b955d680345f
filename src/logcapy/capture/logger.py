"""LogCapy's own logger: the standard library's levels and methods, with attributes as keywords.

It makes no ``logging.LogRecord``: a call below the level costs what it costs there, and a record is a draft that waits
for the worker. What arrives is what the standard library's logger would have given. Handlers and filters of ``logging``
do not see it, unless no LoggerProvider is set up: then its records are those of ``logging.getLogger()``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from logging import CRITICAL, DEBUG, ERROR, INFO, WARNING
from types import FrameType, TracebackType
from typing import Any, Protocol, TypeAlias

from logcapy.draft import NOTHING_SHARED, Shared

from .caller_frame import calling_frame
from .careful import NO_EXTRAS, Extras, exception_of, stack_of
from .drafting import ODD_ATTRIBUTES, emit_call
from .logger_draft import LoggerDraft, place_of
from .stdlib import attribute_value

ExcInfo: TypeAlias = (
    "bool | BaseException | tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]"
)


class LevelMethod(Protocol):
    """How the methods of a :class:`CapyLogger` are called."""

    def __call__(
        self,
        message: object,
        /,
        *args: object,
        exc_info: ExcInfo | None = ...,
        stack_info: bool = ...,
        stacklevel: int = ...,
        extra: Mapping[str, object] | None = ...,
        event_name: str | None = ...,
        **attributes: object,
    ) -> None:
        """Emit a record.

        Args:
            message: What happened; a template for ``%`` if there are arguments.
            *args: The arguments, as in ``logging``.
            exc_info: The exception to tell of; True for the one that is being handled.
            stack_info: Whether to tell the stack of the call, as ``code.stacktrace``.
            stacklevel: 2 for the caller of the caller, and so on: what a wrapper passes.
            extra: More attributes, as in ``logging``; those given as keywords win.
            event_name: The name of the event, where the record is one.
            **attributes: Whatever else is known. A name of ``logging``'s own, like ``name`` or ``args``, may be used.
        """


def _as_level_method(method: Callable[..., None]) -> LevelMethod:
    """Say how a method is called; said by defaults in its signature it would cost each call below the level."""
    return method


class CapyLogger:
    """Emits records of one name. From :func:`get_logger` or :meth:`bind`; never changed, safe in any thread.

    Args:
        name: Of the logger, and of the instrumentation scope of its records.
        bound: Attributes of all its records.
    """

    __slots__ = ("__weakref__", "_bound", "_is_usual", "_levels", "name")

    def __init__(self, name: str, bound: Mapping[str, object] | None = None) -> None:
        logger = logging.getLogger(name)
        self.name = logger.name
        #: Asked for the level each time: it remembers what it has found, and forgets when a level changes.
        self._levels = logger
        self._bound = NOTHING_SHARED
        if bound:
            self._bound = Shared({key: attribute_value(value) for key, value in bound.items() if key})
        self._is_usual = ODD_ATTRIBUTES.isdisjoint(self._bound)

    @_as_level_method
    def debug(self, message: object, /, *args: object, **attributes: Any) -> None:
        """Emit a record of level DEBUG; see :class:`LevelMethod`."""
        if self._levels.isEnabledFor(DEBUG):
            emit_call(self, DEBUG, message, args, attributes)

    @_as_level_method
    def info(self, message: object, /, *args: object, **attributes: Any) -> None:
        """Emit a record of level INFO; see :class:`LevelMethod`."""
        if self._levels.isEnabledFor(INFO):
            emit_call(self, INFO, message, args, attributes)

    @_as_level_method
    def warning(self, message: object, /, *args: object, **attributes: Any) -> None:
        """Emit a record of level WARNING; see :class:`LevelMethod`."""
        if self._levels.isEnabledFor(WARNING):
            emit_call(self, WARNING, message, args, attributes)

    @_as_level_method
    def error(self, message: object, /, *args: object, **attributes: Any) -> None:
        """Emit a record of level ERROR; see :class:`LevelMethod`."""
        if self._levels.isEnabledFor(ERROR):
            emit_call(self, ERROR, message, args, attributes)

    @_as_level_method
    def exception(self, message: object, /, *args: object, **attributes: Any) -> None:
        """Emit a record of level ERROR that tells of the exception being handled; see :class:`LevelMethod`."""
        if self._levels.isEnabledFor(ERROR):
            attributes.setdefault("exc_info", True)
            emit_call(self, ERROR, message, args, attributes)

    @_as_level_method
    def critical(self, message: object, /, *args: object, **attributes: Any) -> None:
        """Emit a record of level CRITICAL; see :class:`LevelMethod`."""
        if self._levels.isEnabledFor(CRITICAL):
            emit_call(self, CRITICAL, message, args, attributes)

    def log(self, level: int, message: object, /, *args: object, **attributes: Any) -> None:
        """Emit a record of a level, a number of ``logging``; for the rest see :class:`LevelMethod`."""
        if self._levels.isEnabledFor(level):
            emit_call(self, level, message, args, attributes)

    def is_enabled_for(self, level: int) -> bool:
        """Whether a record of a level would be emitted: that of ``logging.getLogger()`` of the same name decides."""
        return self._levels.isEnabledFor(level)

    def bind(self, **attributes: object) -> CapyLogger:
        """A logger whose records have these attributes too, which are redacted and encoded once for all of them.

        What a call says under the same name wins. Values are noted now: what becomes of a list later is not seen.
        """
        return CapyLogger(self.name, {**self._bound, **attributes})

    def __reduce__(self) -> tuple[object, ...]:
        return (CapyLogger, (self.name, dict(self._bound))) if self._bound else (get_logger, (self.name,))

    def __repr__(self) -> str:
        return f"<CapyLogger {self.name}{' ' + ', '.join(self._bound) if self._bound else ''}>"

    def _take_options(self, draft: LoggerDraft, attributes: dict[str, Any], frames: int) -> Extras:
        """Tell a draft what the options of a call say; that is so many frames up."""
        frame = calling_frame(frames + attributes.pop("stacklevel", 1))
        draft.place = place_of(frame)
        draft.event_name = attributes.pop("event_name", None)
        extras = _take_extras(attributes, frame)
        draft.own = {**(attributes.pop("extra", None) or {}), **attributes}
        return extras


def get_logger(name: str | None = None) -> CapyLogger:
    """The logger of a name, always the same one.

    Its records go to the LoggerProvider that LogCapy works for, else the global one, as it is at each call.

    Args:
        name: As for ``logging.getLogger()``, whose logger of the same name has the level. Default: the name of the
            module that calls.
    """
    if name is None:
        frame = calling_frame(2)
        name = str(frame.f_globals.get("__name__", "unknown")) if frame is not None else "unknown"
    logger = _loggers.get(name)
    if logger is None:
        logger = _loggers.setdefault(name, CapyLogger(name))
    return logger


def _take_extras(attributes: dict[str, Any], frame: FrameType | None) -> Extras:
    """Take what drafts have not off the keywords of a call."""
    exception = exception_of(attributes.pop("exc_info", None))
    stack = stack_of(frame) if attributes.pop("stack_info", False) else None
    return NO_EXTRAS if exception is None and stack is None else Extras(exception, stack)


_loggers: dict[str, CapyLogger] = {}
