"""structlog: a processor that ends the chain, so that nothing is rendered to be parsed again."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from datetime import datetime
from time import time_ns
from types import FrameType
from typing import Any, Final

import structlog

from logcapy._guard import describe_error, say
from logcapy.attributes import EXCEPTION_STACKTRACE
from logcapy.draft import NOTHING_SHARED

from .caller_frame import calling_frame
from .careful import CODE_STACKTRACE, NO_EXTRAS, Extras, exception_of, is_heard, stack_of
from .direct import current_way
from .drafting import ODD_ATTRIBUTES, emit_draft
from .logger_draft import LoggerDraft, named, place_of
from .severity import severity_of

#: What structlog's methods and ``add_log_level`` call the levels of ``logging``, and Twisted and syslog beside them.
_LEVELS: Final = {
    "critical": logging.CRITICAL,
    "fatal": logging.CRITICAL,
    "exception": logging.ERROR,
    "error": logging.ERROR,
    "err": logging.ERROR,
    "failure": logging.ERROR,
    "warning": logging.WARNING,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "msg": logging.INFO,
    "debug": logging.DEBUG,
}
#: Since 2001 and up to 5138, in seconds: a number beyond is no time.
_FIRST_SECOND, _LAST_SECOND = 1e9, 1e11
#: ``2026-11-22T21:30:00``.
_SHORTEST_TIME: Final = 19

# Where the coroutine is that awaits an asynchronous method; older releases have no such variable.
_calling_stack = getattr(structlog.contextvars, "_ASYNC_CALLING_STACK", None)


class LogCapyRenderer:
    """The last of structlog's processors: hands each event on as a record instead of rendering it.

    ``event`` is the body, all other keys are attributes, as they are. ``exc_info`` is described by LogCapy, so
    ``format_exc_info`` and ``dict_tracebacks`` are better left out. ``level``, ``logger`` and ``timestamp`` become
    the record's own where structlog's processors have put them; ``event_name`` too. Without ``logger`` the record has
    the name of structlog's logger, or that of the module that logs. While no LoggerProvider is set up the event goes
    to structlog's logger as text.

    Args:
        ends_chain: False hands the event to the processors behind this one too: to a renderer for a console, say.
    """

    def __init__(self, *, ends_chain: bool = True) -> None:
        self._ends_chain = ends_chain
        self._as_text = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)

    def __call__(self, logger: Any, method_name: str, event_dict: MutableMapping[str, Any]) -> Any:
        """As structlog calls it.

        Raises:
            structlog.DropEvent: structlog has nothing left to do, as always when the event has been taken.
        """
        way = current_way()
        if way.taker() is None and not is_heard(way):
            return self._as_text(logger, method_name, event_dict) if self._ends_chain else event_dict
        try:
            _emit(logger, method_name, dict(event_dict))
        except Exception as error:  # noqa: BLE001 - logging must not break what it watches
            say("capture", f"an event of structlog could not be captured: {describe_error(error)}")
        if self._ends_chain:
            raise structlog.DropEvent
        return event_dict


def _emit(logger: Any, method_name: str, event: dict[str, Any]) -> None:
    frame = _frame_of_application()
    draft = LoggerDraft()
    draft.level = _take_level(method_name, event)
    draft.severity = severity_of(draft.level)
    draft.level_name = None
    draft.timestamp = _take_time(event)
    draft.event_name = _take_text(event, "event_name")
    draft.body = event.pop("event", "")
    draft.arguments = _take_arguments(event)
    draft.bound = NOTHING_SHARED
    draft.place = place_of(frame)
    extras = _take_extras(event, frame)
    name = _take_text(event, "logger") or getattr(logger, "name", None)
    if type(name) is not str:
        name = "structlog" if frame is None else frame.f_globals.get("__name__") or "structlog"
    draft.own = named(event)
    emit_draft(draft, name, extras, ODD_ATTRIBUTES.isdisjoint(draft.own))


def _take_level(method_name: str, event: dict[str, Any]) -> int:
    """The level that a processor has told, else that of the method that was called."""
    told = event.get("level")
    level = _level_of(told) if type(told) is str else None
    if level is None:
        level = _level_of(method_name)
    else:
        del event["level"]
    number = event.get("level_number")
    if type(number) is int and (level is None or number == level):
        level = number
        del event["level_number"]
    return logging.INFO if level is None else level


def _level_of(name: str) -> int | None:
    level = _LEVELS.get(name)
    if level is None:
        found = logging.getLevelName(name.upper())
        level = found if type(found) is int else None
    return level


def _take_time(event: dict[str, Any]) -> int:
    """What ``TimeStamper`` has put, in nanoseconds; what is no time with a date stays an attribute."""
    told = event.get("timestamp")
    try:
        if type(told) is str and len(told) >= _SHORTEST_TIME:
            seconds = datetime.fromisoformat(told.replace("Z", "+00:00")).timestamp()
        elif type(told) is float or type(told) is int:
            seconds = told
        else:
            return time_ns()
    except ValueError:
        return time_ns()
    if not _FIRST_SECOND <= seconds < _LAST_SECOND:
        return time_ns()
    del event["timestamp"]
    return round(seconds * 1e6) * 1000


def _take_text(event: dict[str, Any], key: str) -> str | None:
    return event.pop(key) if type(event.get(key)) is str else None


def _take_arguments(event: dict[str, Any]) -> tuple[object, ...]:
    """What ``PositionalArgumentsFormatter`` would have formatted."""
    return event.pop("positional_args") if type(event.get("positional_args")) is tuple else ()


def _take_extras(event: dict[str, Any], frame: FrameType | None) -> Extras:
    """The exception and the stack; where processors have made texts of them, those become attributes."""
    exception = exception_of(event.pop("exc_info", None))
    stack = stack_of(frame) if event.pop("stack_info", None) else None
    for key, attribute in (("exception", EXCEPTION_STACKTRACE), ("stack", CODE_STACKTRACE)):
        if type(event.get(key)) is str:
            event.setdefault(attribute, event.pop(key))
    return NO_EXTRAS if exception is None and stack is None else Extras(exception, stack)


def _frame_of_application() -> FrameType | None:
    """Where structlog was called."""
    frame = None if _calling_stack is None else _calling_stack.get(None)
    if frame is None:
        frame = calling_frame(4)
    while frame is not None:
        name = frame.f_globals.get("__name__")
        if type(name) is not str or not (name == "structlog" or name.startswith("structlog.")):
            return frame
        frame = frame.f_back
    return None
