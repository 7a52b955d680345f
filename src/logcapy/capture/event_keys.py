"""Whether two texts tell of one exception, where the exception itself is not at hand."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final, NamedTuple

from logcapy._later import compiled
from logcapy.attributes import EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE

_HEADER: Final = "Traceback (most recent call last):\n"
_LONGEST_MESSAGE: Final = 500
_LONGEST_STACK: Final = 2000
_LONGEST_SEARCHED: Final = 20_000
_PLACE: Final = r'(?m)^[ |]*(File ".*", line \d+, in .*)$'


class EventKey(NamedTuple):
    """What two tellings of one exception have in common; of bounded size.

    Args:
        type: ``exception.type``.
        message: The beginning of ``exception.message``.
        stack: The places of the end of the traceback. Further out, where the exception has gone on, it has more at
            its beginning. Recursion counts once: how often it is shown changes with the length.
    """

    type: str
    message: str
    stack: str

    def matches(self, other: EventKey) -> bool:
        """Whether both can be of one exception."""
        if self.type != other.type or self.message != other.message:
            return False
        return self.stack.endswith(other.stack) or other.stack.endswith(self.stack)


def event_key(attributes: Mapping[str, Any]) -> EventKey:
    """The key of a record or span event that tells of an exception."""
    stack = str(attributes.get(EXCEPTION_STACKTRACE, "")).rpartition(_HEADER)[2]
    found = compiled(_PLACE).findall(stack, max(0, len(stack) - _LONGEST_SEARCHED))
    places = "\n".join(place for place, _ in groupby(found))
    return EventKey(
        _type(attributes),
        _message(attributes),
        places[-_LONGEST_STACK:],
    )


def is_telling_of(attributes: Mapping[str, Any], key: EventKey) -> bool:
    """Whether ``event_key(attributes).matches(key)``; a stack is looked at only where type and message are the same."""
    if _type(attributes) != key.type or _message(attributes) != key.message:
        return False
    return event_key(attributes).matches(key)


def _type(attributes: Mapping[str, Any]) -> str:
    return str(attributes.get(EXCEPTION_TYPE, ""))


def _message(attributes: Mapping[str, Any]) -> str:
    return str(attributes.get(EXCEPTION_MESSAGE, ""))[:_LONGEST_MESSAGE]
