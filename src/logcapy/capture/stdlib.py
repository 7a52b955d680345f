"""Records of the standard library's logging become OpenTelemetry log records.

Two ways in, one translation: :class:`LogCapyHandler`, added to a logger like any handler, and :func:`install`,
which listens at ``logging.Logger.callHandlers``. The second is what ``opentelemetry-instrument`` uses, because a
handler on the root logger is lost to ``dictConfig`` (uvicorn), is not reached where ``propagate`` is off (uvicorn,
gunicorn, django.server), is removed by Celery, and, by being there, makes ``basicConfig()`` do nothing and silences
``logging.lastResort`` and Flask's own handler. Listening there touches no handler, so the console stays as it is.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

from opentelemetry._logs import LoggerProvider, LogRecord, SeverityNumber, get_logger_provider
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_current

from logcapy._guard import describe_error, say
from logcapy.attributes import CODE_FILE_PATH, CODE_FUNCTION_NAME, CODE_LINE_NUMBER, EVENT_NAME, OTEL_EVENT_NAME

from .handing_on import emit

#: ``color_message`` is uvicorn's: the message once more, as a template with terminal colours.
_STANDARD_FIELDS = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}
# Source: https://opentelemetry.io/docs/specs/otel/logs/data-model-appendix/#appendix-b-severitynumber-example-mappings
_SEVERITY_TEXT = {"WARNING": "WARN", "CRITICAL": "FATAL"}
_PLAIN = (str, bool, int, float, bytes, type(None))
#: Of the values in one extra.
_DEEPEST, _MOST_ITEMS = 16, 1000

_translating: ContextVar[bool] = ContextVar("logcapy_translating", default=False)


def severity_number(level: int) -> SeverityNumber:
    """The severity of a level: 1 to 9 TRACE, 10 DEBUG, 20 INFO, 30 WARN, 40 ERROR, 50 FATAL.

    The numbers between two levels are the finer steps of a severity: 21 is INFO2, 24 to 29 are INFO4.
    """
    if level < 10:
        return SeverityNumber.TRACE if level > 0 else SeverityNumber.UNSPECIFIED
    tens, ones = divmod(min(level, 59), 10)
    return SeverityNumber(1 + 4 * tens + min(ones, 3))


class LogCapyHandler(logging.Handler):
    """A handler that turns each record into an OpenTelemetry one. It never raises into the application.

    Args:
        level: Records below it are passed over.
        logger_provider: Where records go. Default: the global one, as it is when a record comes.
    """

    def __init__(self, level: int = logging.NOTSET, logger_provider: LoggerProvider | None = None) -> None:
        super().__init__(level)
        self._logger_provider = logger_provider

    def emit(self, record: logging.LogRecord) -> None:
        """Translate one record and hand it to its logger. Records born while exporting are passed over."""
        context = get_current()
        if context.get(_SUPPRESS_INSTRUMENTATION_KEY) or _translating.get():
            return
        token = _translating.set(True)
        try:
            provider = self._logger_provider or get_logger_provider()
            exception = record.exc_info[1] if record.exc_info else None
            emit(provider.get_logger(record.name), provider, translate(record), exception)
        except Exception as error:  # noqa: BLE001 - logging must not break what it watches
            say("capture", f"a record of logger {record.name!r} could not be captured: {describe_error(error)}")
        finally:
            _translating.reset(token)


def translate(record: logging.LogRecord) -> LogRecord:
    """An OpenTelemetry record with the same content but the exception, in the current context.

    A message whose arguments do not fit, or whose ``__str__`` fails, arrives as its template with a note.
    """
    attributes: dict[str, Any] = {
        key: value if isinstance(value, _PLAIN) else _attribute_value(value)
        for key, value in record.__dict__.items()
        if key not in _STANDARD_FIELDS
    }
    event_name = attributes.pop(OTEL_EVENT_NAME, None)
    old_event_name = attributes.pop(EVENT_NAME, None)
    attributes.setdefault(CODE_FILE_PATH, record.pathname)
    attributes.setdefault(CODE_FUNCTION_NAME, record.funcName)
    attributes.setdefault(CODE_LINE_NUMBER, record.lineno)
    log_record = LogRecord(
        timestamp=int(record.created * 1e9),
        observed_timestamp=time.time_ns(),
        severity_text=_SEVERITY_TEXT.get(record.levelname, record.levelname),
        severity_number=severity_number(record.levelno),
        body=_message(record),
        attributes=attributes,
        event_name=event_name or old_event_name,
    )
    if record.stack_info:
        attributes.setdefault("code.stacktrace", record.stack_info)
    return log_record


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - wrong arguments are the application's mistake, not a reason to fail
        template = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        return f"{template} <arguments could not be formatted: {describe_error(error)}>"


def _attribute_value(value: Any) -> Any:
    """A value that the SDK takes without a warning; odd types become their text, whatever their ``__str__`` does."""
    return _Plainly().value(value, 0)


class _Plainly:
    """One value made of plain ones, bounded in depth and number: what holds itself twice has no end."""

    def __init__(self) -> None:
        self._room = _MOST_ITEMS

    def value(self, value: Any, depth: int) -> Any:
        if isinstance(value, _PLAIN):
            return value
        if depth < _DEEPEST:
            if isinstance(value, (list, tuple, set, frozenset)):
                return [self.value(item, depth + 1) for item in value if self._has_room()]
            if isinstance(value, dict):
                return {
                    key if isinstance(key, str) else _text(key): self.value(item, depth + 1)
                    for key, item in value.items()
                    if key != "" and self._has_room()
                }
        return _text(value)

    def _has_room(self) -> bool:
        self._room -= 1
        return self._room >= 0


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - a hostile __str__ must not cost the record
        return f"<str() of {type(value).__name__} failed with {type(error).__name__}>"


def install(handler: logging.Handler, before: Callable[[], None] = lambda: None) -> Callable[[], None]:
    """Let a handler see every record that any logger lets through, beside the handlers that are there.

    Args:
        handler: Who sees the records.
        before: Called before each record is handed on to anybody.

    Returns:
        What takes it away again.
    """
    original = logging.Logger.callHandlers
    active = True

    @wraps(original)
    def call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
        if active:
            before()
            if record.levelno >= handler.level:
                handler.emit(record)
        original(self, record)

    def uninstall() -> None:
        nonlocal active
        active = False
        if logging.Logger.callHandlers is call_handlers:
            logging.Logger.callHandlers = original  # type: ignore[method-assign]

    logging.Logger.callHandlers = call_handlers  # type: ignore[method-assign]
    return uninstall
