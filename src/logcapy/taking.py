"""What is done with a draft in the thread of the caller: what surrounds it is noted, and it is put into the queues.

It stands apart from LogCapy's processor because that one is the SDK's kind of processor and stays interpreted, while
this is compiled where the hot modules are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from opentelemetry.trace import Span
from opentelemetry.trace.propagation import _SPAN_KEY

from . import _sdk
from ._guard import describe_error, say
from .draft import NOTHING_SHARED, Draft, RedactMany, Shared

#: What a draft that goes says of it; None for one that does not go.
Admit = Callable[[Draft], "Shared | None"]
#: Finds what a record gets that is emitted in a span, or outside any, with a severity.
Find = Callable[["Span | None", int], Shared]

# Of this module, where it is compiled: a name from elsewhere is looked up in a dict each time.
_KEY: Final = _SPAN_KEY
_OWN_SPAN: Final = _sdk.OWN_SPAN
_NOTHING: Final = NOTHING_SHARED


class DraftTaker:
    """Takes drafts for a processor that is the only one of its provider.

    Args:
        enrichers: What finds the surroundings, by the name to tell of a failure with; what the first ones find wins.
        redact: Takes the secrets out of many; run by the workers of the queues.
        queues: Where a draft is put.
        admit: Asked before anything else is done with a draft; None where all go. It may be set later.
    """

    __slots__ = ("_finds", "_puts", "_redact", "admit")

    def __init__(
        self,
        enrichers: Iterable[tuple[str, Find]],
        redact: RedactMany,
        queues: Iterable[Callable[[Draft], None]],
        admit: Admit | None = None,
    ) -> None:
        self._finds = tuple(enrichers)
        self._puts = tuple(queues)
        self._redact = redact
        self.admit = admit

    def take(self, draft: Draft, context: dict[str, Any]) -> None:
        """Take a draft that was made in a context. Never raises."""
        span: Span | None = context[_KEY] if _KEY in context else None  # noqa: SIM401 - compiled, `get` of a subclass of dict is slow
        if span is None:
            draft.span_context = None
        elif type(span) is _OWN_SPAN:
            draft.span_context = span._context
        else:
            draft.span_context = span.get_span_context()
        surroundings = _NOTHING
        admit = self.admit
        if admit is not None:
            mark = admit(draft)
            if mark is None:
                return
            surroundings = mark
        for name, find in self._finds:
            try:
                found = find(span, draft.severity)
            except Exception as error:  # noqa: BLE001 - a record without its enrichment is better than none
                say_failed(name, error)
                continue
            if found:
                surroundings = surroundings.join(found) if surroundings else found
        draft.surroundings = surroundings
        draft.redact = self._redact
        for put in self._puts:
            put(draft)


def say_failed(name: str, error: Exception) -> None:
    """Tell of a transform that raised."""
    say(f"transform:{name}", f"{name} failed, the record goes on without it: {describe_error(error)}")
