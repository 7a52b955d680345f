"""Records of the standard library's logging become OpenTelemetry log records.

Two ways in, one translation: :class:`LogCapyHandler`, added to a logger like any handler, and :func:`install`,
which listens at ``logging.Logger.callHandlers``. The second is what ``opentelemetry-instrument`` uses, because a
handler on the root logger is lost to ``dictConfig`` (uvicorn), is not reached where ``propagate`` is off (uvicorn,
gunicorn, django.server), is removed by Celery, and, by being there, makes ``basicConfig()`` do nothing and silences
``logging.lastResort`` and Flask's own handler. Listening there touches no handler, so the console stays as it is.
"""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Mapping
from functools import wraps
from itertools import islice
from typing import Any

from opentelemetry._logs import LoggerProvider, LogRecord

from logcapy.attributes import CODE_FILE_PATH, CODE_FUNCTION_NAME, CODE_LINE_NUMBER, TRUNCATED
from logcapy.draft import STANDARD_FIELDS

from .direct import DirectWay
from .handing_on import emit
from .listening import Listener
from .logging_draft import LARGEST, message_of, pop_event_name
from .severity import severity_number, severity_text

_PLAIN = (str, bool, int, float, bytes, type(None))
#: Of the values in one extra.
_DEEPEST, _MOST_ITEMS = 16, 1000
#: Of one record.
_MOST_FIELDS = 1000


class LogCapyHandler(logging.Handler):
    """A handler that turns each record into an OpenTelemetry one. It never raises into the application.

    Args:
        level: Records below it are passed over.
        logger_provider: Where records go. Default: the global one, as it is when a record comes.
    """

    def __init__(self, level: int = logging.NOTSET, logger_provider: LoggerProvider | None = None) -> None:
        super().__init__(level)
        self._logger_provider = logger_provider  # under the name that OpenTelemetry's own handlers have it
        #: Who hears the records; its ``hear`` is what :meth:`emit` does.
        self.listener = Listener(logger_provider, _emit_translated)

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a record on, in the current context. Records born while exporting are passed over."""
        self.listener.hear(record)


def _emit_translated(record: logging.LogRecord, way: DirectWay) -> None:
    exception = record.exc_info[1] if record.exc_info else None
    emit(way.provider.get_logger(record.name), way.provider, translate(record), exception)


def translate(record: logging.LogRecord) -> LogRecord:
    """An OpenTelemetry record with the same content but the exception, in the current context.

    A message whose arguments do not fit, or whose ``__str__`` fails, arrives as its template with a note.
    """
    fields = record.__dict__
    left_out = max(0, len(fields) - _MOST_FIELDS)  # the oldest, as the SDK does it, with a warning for each
    attributes: dict[str, Any] = {
        key: value if isinstance(value, _PLAIN) else attribute_value(value)
        for key, value in islice(fields.items(), left_out, None)
        if key and key not in STANDARD_FIELDS
    }
    if left_out:
        attributes[TRUNCATED] = True
    event_name = pop_event_name(attributes)
    attributes.setdefault(CODE_FILE_PATH, record.pathname)
    attributes.setdefault(CODE_FUNCTION_NAME, record.funcName)
    attributes.setdefault(CODE_LINE_NUMBER, record.lineno)
    log_record = LogRecord(
        timestamp=int(record.created * 1e9),
        observed_timestamp=time.time_ns(),
        severity_text=severity_text(record.levelname),
        severity_number=severity_number(record.levelno),
        body=message_of(_with_short_arguments(record)),
        attributes=attributes,
        event_name=event_name,
    )
    if record.stack_info:
        attributes.setdefault("code.stacktrace", record.stack_info)
    return log_record


def _with_short_arguments(record: logging.LogRecord) -> logging.LogRecord:
    """The record, or a copy whose arguments are no longer than what can be kept of its message."""
    arguments = record.args
    if type(arguments) is not tuple or not any(type(one) is str and len(one) > LARGEST for one in arguments):
        return record
    record = copy.copy(record)
    record.args = tuple(one[: LARGEST + 1] if type(one) is str else one for one in arguments)
    return record


def attribute_value(value: Any) -> Any:
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


def _nothing(*_: object) -> None:
    """What is done by what was taken away."""


def install(handler: LogCapyHandler, before: Callable[[], None] = _nothing) -> Callable[[], None]:
    """Let a handler see every record that any logger lets through, beside the handlers that are there.

    Args:
        handler: Who sees the records.
        before: Called before each record is handed on to anybody.

    Returns:
        What takes it away again.
    """
    original = logging.Logger.callHandlers
    hear: Callable[[logging.LogRecord], None] = handler.listener.hear

    @wraps(original)
    def call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
        before()
        if record.levelno >= handler.level:
            hear(record)
        original(self, record)

    def uninstall() -> None:
        nonlocal before, hear  # somebody may have wrapped what is taken away, and call it still
        before = hear = _nothing
        if logging.Logger.callHandlers is call_handlers:
            logging.Logger.callHandlers = original  # type: ignore[method-assign]

    logging.Logger.callHandlers = call_handlers  # type: ignore[method-assign]
    return uninstall


_opened: dict[str, int] = {}


def open_loggers(levels: Mapping[str, int]) -> None:
    """Let loggers let records through from these severities on; give those back their levels that were opened before.

    Args:
        levels: Severity numbers by logger; the root logger has the empty name.
    """
    for name, level in _opened.items():
        logging.getLogger(name or None).setLevel(level)
    _opened.clear()
    for name, severity in levels.items():
        logger, level = logging.getLogger(name or None), _level_of(severity)
        if logger.getEffectiveLevel() > level:
            _opened[name] = logger.level
            logger.setLevel(level)


def _level_of(severity: int) -> int:
    """The least level of ``logging`` with a severity; ``capture.severity`` is the other way round."""
    tens, ones = divmod(severity - 1, 4)
    return 10 * tens + ones if tens else 1
