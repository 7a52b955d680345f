"""Drafts of the standard library's log records: the usual ones, which nobody can change any more.

A record is usual if message, arguments and extras are texts and numbers. Then a copy of its fields is all that the
caller has to pay for: the message is formatted by the worker, and comes out as it would have at the call.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from logcapy._guard import describe_error
from logcapy.attributes import (
    CODE_FILE_PATH,
    CODE_FUNCTION_NAME,
    CODE_LINE_NUMBER,
    EVENT_NAME,
    EXCEPTION_STACKTRACE,
    OTEL_EVENT_NAME,
)
from logcapy.draft import SPECIAL_KEYS, STANDARD_FIELDS, Draft, Shared

from .direct import DirectWay
from .severity import severity_of, severity_text

#: Extras come after the fields that a LogRecord's constructor sets.
_FIRST_EXTRA: Final = len(vars(logging.LogRecord("", 0, "", 0, "", None, None)))
FROZEN: Final = frozenset((str, int, float, bool, type(None), bytes))
#: Records whose texts are not longer than this in all are small.
SMALL: Final = 2048
#: A record with more than that is no usual one: it is cut before it waits.
LARGEST: Final = 4 * 1024 * 1024
CODE_ATTRIBUTES: Final = 3
_MOST_SITES: Final = 4096

_LogRecord: Final = logging.LogRecord
_get_message: Final = logging.LogRecord.getMessage
#: By path, line and function of a call: what all its records have, and the keys of the extras that the last one had.
_sites: Final[dict[tuple[str, int, str], tuple[Shared, list[str]]]] = {}


class LoggingDraft(Draft):
    """What a record's message, its extras and the place of its call are made of.

    Beside what the base class wants, ``body`` is the message's template and ``own`` the extras.
    """

    __slots__ = ("arguments", "created", "site")

    #: For ``%`` with the template, where there are any.
    arguments: Any
    #: In seconds, as the record has it.
    created: float
    #: What all records of the place of its call have.
    site: Shared

    def write(self) -> None:
        """Format the message and put the attributes together."""
        self.timestamp = int(self.created * 1e9)
        level_name: str = self.severity_text  # type: ignore[assignment]  # it has one
        self.severity_text = severity_text(level_name)
        if self.arguments:
            self.body = formatted(self.body, self.arguments)
        self.complete(self.site)

    @property
    def place(self) -> tuple[str, int, str]:
        """Path, line and function of the call."""
        site = self.site
        return site[CODE_FILE_PATH], site[CODE_LINE_NUMBER], site[CODE_FUNCTION_NAME]

    def tidied(self) -> dict[str, Any]:
        """Attributes are told from what every LogRecord has, and from the name of the event."""
        own = self.own
        if not SPECIAL_KEYS.isdisjoint(own):
            self.event_name = pop_event_name(own)
            own = self.own = {key: value for key, value in own.items() if key and key not in STANDARD_FIELDS}
        return own


def emit_draft(record: logging.LogRecord, way: DirectWay, context: dict[str, Any]) -> bool:
    """Emit a record as a draft; False where it is no usual one, or nobody takes drafts."""
    taker = way.taker()
    if taker is None or type(record) is not _LogRecord or _LogRecord.getMessage is not _get_message:
        return False
    fields = record.__dict__
    message, arguments, level_name = fields["msg"], fields["args"], fields["levelname"]
    if type(message) is not str or type(level_name) is not str or fields["exc_info"] or fields["stack_info"]:
        return False
    size = len(message)
    if arguments:
        if type(arguments) is not tuple:
            return False
        for value in arguments:
            kind = type(value)
            if kind is str:
                size += len(value)
            elif kind is not int and kind not in FROZEN:
                return False
    place = fields["pathname"], fields["lineno"], fields["funcName"]
    known = _sites.get(place)
    site, keys = known if known is not None else _new_site(place)
    own: dict[str, Any] = {}
    extras = len(fields) - _FIRST_EXTRA
    if extras:
        if extras + CODE_ATTRIBUTES > way.most_attributes or EXCEPTION_STACKTRACE in fields:
            return False
        if len(keys) != extras:
            keys = _note_keys(place, site, fields)
        try:
            for key in keys:
                value = own[key] = fields[key]
                kind = type(value)
                if kind is str:
                    size += len(value)
                elif kind is not int and kind not in FROZEN:
                    return False
        except KeyError:  # as many extras as the last record of this place had, but others
            _note_keys(place, site, fields)
            return emit_draft(record, way, context)
    if size > LARGEST:
        return False
    logger = way.logger(fields["name"])
    if not logger._logger_config.is_enabled:
        return True
    draft = LoggingDraft()
    draft.logger = logger
    draft.severity = severity_of(fields["levelno"])
    draft.extra_bytes = size if size > SMALL else 0
    draft.body = message
    draft.arguments = arguments
    draft.own = own
    draft.created = fields["created"]
    draft.severity_text = level_name
    draft.event_name = None
    draft.site = site
    if way.count_created is not None:
        way.count_created()
    taker.take(draft, context)
    return True


def message_of(record: logging.LogRecord) -> str:
    """The message of a record, whatever its arguments do."""
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - wrong arguments are the application's mistake, not a reason to fail
        return message_without_arguments(record.msg, error)


def formatted(template: str, arguments: tuple[object, ...]) -> str:
    """A template with its arguments; if they do not fit, without them and with a note."""
    try:
        return template % arguments
    except Exception as error:  # noqa: BLE001 - wrong arguments are the application's mistake
        return message_without_arguments(template, error)


def message_without_arguments(message: object, error: Exception) -> str:
    """The template of a message whose arguments do not fit, with a note."""
    template = message if isinstance(message, str) else type(message).__name__
    return f"{template} <arguments could not be formatted: {describe_error(error)}>"


def pop_event_name(attributes: dict[str, Any]) -> Any:
    """Take the name of an event off its attributes; the newer spelling wins."""
    name = attributes.pop(OTEL_EVENT_NAME, None)
    old_name = attributes.pop(EVENT_NAME, None)
    return name or old_name


def site_of(path: str, line: int, function: str) -> Shared:
    """The attributes of a call site. Source: https://opentelemetry.io/docs/specs/semconv/registry/attributes/code/."""
    place = path, line, function
    return (_sites.get(place) or _new_site(place))[0]


def _new_site(place: tuple[str, int, str]) -> tuple[Shared, list[str]]:
    if len(_sites) >= _MOST_SITES:
        _sites.clear()
    path, line, function = place
    keys: list[str] = []
    known = Shared({CODE_FILE_PATH: path, CODE_FUNCTION_NAME: function, CODE_LINE_NUMBER: line}), keys
    _sites[place] = known
    return known


def _note_keys(place: tuple[str, int, str], site: Shared, fields: dict[str, Any]) -> list[str]:
    """The keys of a record's extras: nearly always those of the next record of its place, too."""
    keys = [*fields][_FIRST_EXTRA:]
    _sites[place] = site, keys
    return keys
