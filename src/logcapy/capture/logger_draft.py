"""Drafts of loggers with keyword attributes: LogCapy's own, structlog and loguru.

The place of the call is noted as the code object and the instruction in it, which cost the caller next to nothing;
which line that is, the worker finds out, once for each place.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from types import CodeType, FrameType
from typing import Any, Final, TypeAlias

from logcapy.attributes import CODE_FILE_PATH, CODE_FUNCTION_NAME, CODE_LINE_NUMBER
from logcapy.draft import NOTHING_SHARED, Draft, Shared

from .logging_draft import FROZEN, LARGEST, formatted, message_without_arguments, site_of
from .severity import severity_text
from .stdlib import attribute_value

#: A code object and the offset of an instruction; a path, a line and a function's name; None if nothing is known.
Place: TypeAlias = "tuple[CodeType, int] | tuple[str, int, str] | None"

#: What :func:`size_of` says of values that somebody may change after the call.
CHANGEABLE: Final = -1
_MOST_SITES: Final = 4096

#: With the code object, so that no other gets its id.
_sites: dict[tuple[int, int], tuple[CodeType, Shared]] = {}


class LoggerDraft(Draft):
    """Message, arguments and attributes as the caller gave them.

    Beside what the base class wants, the way of logging sets ``body`` (the message's template), ``own``, ``timestamp``,
    ``event_name`` and what is declared here.
    """

    __slots__ = ("arguments", "bound", "level", "level_name", "place")

    #: For ``%`` with the body, where there are any.
    arguments: tuple[object, ...]
    #: What the logger is bound to.
    bound: Shared
    #: A number of ``logging``, and its name where that is not the one that ``logging`` has for it.
    level: int
    level_name: str | None
    place: Place

    def write(self) -> None:
        """Format the message and put the attributes together: the call's win over the logger's."""
        if self.arguments:  # none of them a mapping, and the body a text: else it would not have waited
            self.body = formatted(self.body, self.arguments)
        self.severity_text = self.name_of_level()
        own, bound, site = self.own, self.bound, site_at(self.place)
        self.complete(site)
        if bound:
            if self.shared and all(bound.keys().isdisjoint(part) for part in (*self.shared, own)):
                self.shared = (*self.shared, bound)
            else:
                self.own, self.shared = {**self.surroundings, **site, **bound, **own}, ()

    def text(self) -> str:
        """The message with its arguments; if they do not fit, without them and with a note."""
        arguments: Any = self.arguments
        if len(arguments) == 1 and type(first := arguments[0]) not in FROZEN and isinstance(first, Mapping) and first:
            arguments = first  # as in logging
        try:
            return str(self.body) % arguments if arguments else str(self.body)
        except Exception as error:  # noqa: BLE001 - wrong arguments are the application's mistake
            return message_without_arguments(self.body, error)

    def name_of_level(self) -> str:
        """As OpenTelemetry has it."""
        return severity_text(self.level_name or logging.getLevelName(self.level))


def size_of(values: Iterable[object], size: int) -> int:
    """The size of texts of ``size`` characters with these values; :data:`CHANGEABLE` if that needs care."""
    for value in values:
        kind = type(value)
        if kind is str:
            size += len(value)  # type: ignore[arg-type]  # mypy does not see what the line above says
        elif kind is not int and kind not in FROZEN:
            return CHANGEABLE
    return size if size <= LARGEST else CHANGEABLE


def place_of(frame: FrameType | None) -> Place:
    """Where a frame is now."""
    return None if frame is None else (frame.f_code, frame.f_lasti)


def named(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """A copy of attributes, whatever keys they have."""
    return {key if type(key) is str else str(attribute_value(key)): value for key, value in attributes.items()}


def site_at(place: Place) -> Shared:
    """The attributes of a place."""
    if place is None:
        return NOTHING_SHARED
    if len(place) == 3:
        return site_of(*place)
    code, instruction = place
    key = (id(code), instruction)
    known = _sites.get(key)
    if known is None:
        if len(_sites) >= _MOST_SITES:
            _sites.clear()
        site = {
            CODE_FILE_PATH: code.co_filename,
            CODE_FUNCTION_NAME: code.co_name,
            CODE_LINE_NUMBER: _line_of(code, instruction),
        }
        known = _sites[key] = code, Shared(site)
    return known[1]


def _line_of(code: CodeType, instruction: int) -> int:
    for start, end, line in code.co_lines():
        if start <= instruction < end and line is not None:
            return line
    return code.co_firstlineno
