"""The span that a unit of work ends with in this process, and what it remembers of the exceptions in its spans.

A local root is a SERVER or CONSUMER span, or one without a parent in this process. When it ends, all has been logged
that the application was going to log of an exception. Whether two texts tell of one exception is said here too, as the
exceptions themselves are not at hand.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from opentelemetry.trace import Span, SpanKind

from logcapy._later import compiled
from logcapy._value import Value
from logcapy.attributes import (
    EXCEPTION_MESSAGE,
    EXCEPTION_STACKTRACE,
    EXCEPTION_TYPE,
    LOCAL_EXCEPTIONS_MARK,
    LOCAL_ROOT_MARK,
)

from .sightings import Sighting

if TYPE_CHECKING:

    class RootWatch(Protocol):
        """Who wants to know of local roots. Never raises."""

        def began(self, span: Any) -> None:
            """A local root began."""
            ...

        def ended(self, span: Any) -> None:
            """A local root ended."""
            ...


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
    return EventKey(_type(attributes), _message(attributes), _places(stack[-_LONGEST_SEARCHED:]))


@lru_cache(64)  # of one exception they are asked for up to nine times
def _places(stack: str) -> str:
    found = compiled(_PLACE).findall(stack)
    return "\n".join(place for place, _ in groupby(found))[-_LONGEST_STACK:]


def is_telling_of(attributes: Mapping[str, Any], key: EventKey) -> bool:
    """Whether ``event_key(attributes).matches(key)``; a stack is looked at only where type and message are the same."""
    if _type(attributes) != key.type or _message(attributes) != key.message:
        return False
    return event_key(attributes).matches(key)


def _type(attributes: Mapping[str, Any]) -> str:
    return str(attributes.get(EXCEPTION_TYPE, ""))


def _message(attributes: Mapping[str, Any]) -> str:
    return str(attributes.get(EXCEPTION_MESSAGE, ""))[:_LONGEST_MESSAGE]


_MOST_TOLD: Final = 64
_MOST_PENDING: Final = 32
_LONGEST_WAIT_SECONDS: Final = 10.0


class Told(Value):
    """An exception that a record told of in full: its keys, as it was told and as its span event was written."""

    keys: tuple[EventKey, ...]
    span_id: int

    def matches(self, key: EventKey) -> bool:
        """Whether this may be the exception of ``key``."""
        return any(one.matches(key) for one in self.keys)


class Pending(Value):
    """An exception event of a span that no record has told of yet.

    Args:
        span: Whose event it is.
        key: To recognise it by.
        attributes: Of the event.
        timestamp: Of the event, in nanoseconds.
        sighting: What the exception remembers, where it was at hand.
        since: When it began to wait, in seconds of the monotonic clock.
    """

    span: Any
    key: EventKey
    attributes: Mapping[str, Any]
    timestamp: int
    sighting: Sighting | None
    since: float

    def is_same(self, other: Pending) -> bool:
        """Whether both are events of one exception."""
        if self.sighting is not None and other.sighting is not None:
            return self.sighting is other.sighting
        return self.key.matches(other.key)


class LocalExceptions:
    """The exceptions of one local root's spans. Bounded, and holds no exception."""

    def __init__(self) -> None:
        self._told: deque[Told] = deque(maxlen=_MOST_TOLD)
        self._pending: deque[Pending] = deque()

    def tell(self, told: Told) -> None:
        """Remember that a record told of an exception."""
        self._told.append(told)

    def times_told(self, key: EventKey, span_id: int) -> int:
        """How many exceptions like this records have told of in one span."""
        return sum(told.span_id == span_id and told.matches(key) for told in list(self._told))

    def is_told(self, pending: Pending) -> bool:
        """Whether a record has told of the exception of an event."""
        if pending.sighting is not None:
            return bool(pending.sighting.told)
        return any(told.matches(pending.key) for told in list(self._told))

    def wait(self, pending: Pending) -> None:
        """Let an event wait for a record; one further out takes the place of one further in."""
        for earlier in list(self._pending):
            if earlier.is_same(pending):
                self._remove(earlier)
        self._pending.append(pending)

    def due(self, *, all_of_them: bool) -> list[Pending]:
        """Take what need not wait any longer."""
        taken: list[Pending] = []
        while self._pending:
            first = self._pending[0]
            waited = time.monotonic() - first.since
            if not (all_of_them or waited > _LONGEST_WAIT_SECONDS or len(self._pending) > _MOST_PENDING):
                break
            if self._remove(first):
                taken.append(first)
        return taken

    def _remove(self, pending: Pending) -> bool:
        try:
            self._pending.remove(pending)
        except ValueError:  # another thread was faster
            return False
        return True


def begins_here(span: Any) -> bool:
    """Whether a unit of work begins in this process with a span, which may have ended."""
    parent = span.parent
    return parent is None or parent.is_remote or span.kind in (SpanKind.SERVER, SpanKind.CONSUMER)


def remember_local_root(span: Span, parent: Span) -> None:
    """Note on a span that starts the local root above it; one attribute on the span object."""
    kind = getattr(span, "kind", None)
    if kind is SpanKind.SERVER or kind is SpanKind.CONSUMER:
        return
    root: Span = getattr(parent, LOCAL_ROOT_MARK, parent)
    if root.is_recording():  # not where the parent is in another process, or has outlived its root
        setattr(span, LOCAL_ROOT_MARK, root)


def local_root_of(span: Span) -> Span:
    """The local root of a span, which may have ended; the span itself if it is one."""
    root: Span = getattr(span, LOCAL_ROOT_MARK, span)
    return root


def known_exceptions(root: Span) -> LocalExceptions | None:
    """What a local root remembers, if there was anything to remember."""
    known: LocalExceptions | None = getattr(root, LOCAL_EXCEPTIONS_MARK, None)
    return known


def local_exceptions(root: Span) -> LocalExceptions:
    """What a local root remembers; the same for two threads that ask at once."""
    known: LocalExceptions = vars(root).setdefault(LOCAL_EXCEPTIONS_MARK, LocalExceptions())
    return known
