"""What a handler does with each record of the standard library's logging before anything is made of it.

It stands apart from the handler because that one is the standard library's kind of handler and stays interpreted,
while this is compiled where the hot modules are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Set
from contextvars import ContextVar
from typing import Final

from opentelemetry._logs import LoggerProvider, get_logger_provider
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY

from logcapy import _sdk
from logcapy._guard import describe_error, say

from .direct import DirectWay
from .logging_draft import emit_draft

_current_context: Final = _sdk.current_context_getter()
_SUPPRESS: Final = _SUPPRESS_INSTRUMENTATION_KEY
_translating: Final[ContextVar[bool]] = ContextVar("logcapy_translating", default=False)
#: One of each translation in any thread: empty nearly always, and cheaper to ask than the variable.
_translations: Final[set[object]] = set()


class Listener:
    """Turns records into drafts, or has them translated with care.

    Args:
        provider: Where records go; None for the global one, as it is when a record comes.
        translate: Emits a record that is no usual one.
    """

    __slots__ = ("_is_told", "_passed_over", "_provider", "_translate", "way")

    def __init__(
        self, provider: LoggerProvider | None, translate: Callable[[logging.LogRecord, DirectWay], None]
    ) -> None:
        self._provider = provider
        self._translate = translate
        #: The one that was found last.
        self.way: DirectWay | None = None
        self._passed_over: Set[str] = frozenset()
        self._is_told: Callable[[], bool] = bool

    def pass_over(self, names: Set[str], is_told: Callable[[], bool]) -> None:
        """Pass over the records of some loggers while somebody else tells what they tell."""
        self._passed_over, self._is_told = names, is_told

    def hear(self, record: logging.LogRecord) -> None:
        """Emit a record in the current context. Never raises; one that is born while exporting is passed over."""
        try:
            context = _current_context()
            if context.get(_SUPPRESS):
                return
            if _translations and _translating.get():
                return
            if record.name in self._passed_over and self._is_told():
                return
            way = self.way
            if way is None or self._provider is None:
                way = self._find_way()
            if not emit_draft(record, way, context):
                self._translate_alone(record, way)
        except Exception as error:  # noqa: BLE001 - logging must not break what it watches
            say("capture", f"a record of logger {record.name!r} could not be captured: {describe_error(error)}")

    def _find_way(self) -> DirectWay:
        provider = self._provider or get_logger_provider()  # which may be another one by the time of the next record
        if self.way is None or self.way.provider is not provider:
            self.way = DirectWay(provider)
        return self.way

    def _translate_alone(self, record: logging.LogRecord, way: DirectWay) -> None:
        """Have a record translated. What is logged by that is passed over."""
        token, translation = _translating.set(True), object()
        _translations.add(translation)
        try:
            self._translate(record, way)
        finally:
            _translations.discard(translation)
            _translating.reset(token)
