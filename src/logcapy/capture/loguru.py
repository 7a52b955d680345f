"""loguru: a sink that takes records as loguru has made them, and nothing of what it would render of them."""

from __future__ import annotations

from collections.abc import Callable
from time import time_ns
from typing import TYPE_CHECKING, Any

from logcapy._guard import describe_error, say
from logcapy.attributes import EXCEPTION_TYPE
from logcapy.draft import NOTHING_SHARED

from .careful import NO_EXTRAS, Extras
from .describing import name_of_type
from .drafting import ODD_ATTRIBUTES, emit_draft
from .logger_draft import LoggerDraft, named
from .severity import severity_of

if TYPE_CHECKING:
    import loguru


class LogCapySink:
    """A sink of loguru: ``LogCapySink().add_to(logger)``, or ``logger.add(LogCapySink(), format="{message}")``.

    The message is the body, ``extra`` are the attributes, as they are; level, time, name, file, line and function are
    those that loguru has found, after its patchers. An exception is described by LogCapy; ``event_name`` in ``extra``
    names the record's event.
    """

    def add_to(
        self,
        logger: loguru.Logger,
        level: str | int = "DEBUG",
        *,
        filter: Callable[[loguru.Record], bool] | None = None,
        catch: bool = True,
    ) -> int:
        """Add the sink to loguru's logger, so that loguru renders nothing for it, tracebacks included.

        It takes a record where loguru asks whether to render it, in the thread that logs: so it is in its span, and
        needs no ``enqueue``, as what waits is in LogCapy's queue.

        Args:
            logger: loguru's.
            level: Records below it are passed over.
            filter: Whether to take a record.
            catch: Whether errors of ``filter`` are printed by loguru, and not raised.

        Returns:
            What ``logger.remove()`` takes.
        """

        def take(record: loguru.Record) -> bool:
            if filter is None or filter(record):
                self._take(record)
            return False

        return logger.add(self, level=level, filter=take, catch=catch, format="", backtrace=False, diagnose=False)

    def __call__(self, message: loguru.Message) -> None:
        """As loguru calls it."""
        self._take(message.record)

    def _take(self, record: Any) -> None:
        try:
            _emit(record)
        except Exception as error:  # noqa: BLE001 - logging must not break what it watches
            say("capture", f"a record of loguru could not be captured: {describe_error(error)}")


def _emit(record: Any) -> None:
    level, told = record["level"], record["exception"]
    draft = LoggerDraft()
    draft.timestamp = _nanoseconds(record["time"])
    draft.level, draft.level_name = level.no, level.name
    draft.severity = severity_of(level.no)
    draft.body = record["message"]
    draft.arguments = ()
    draft.bound = NOTHING_SHARED
    draft.place = record["file"].path, record["line"], record["function"]
    draft.own = named(record["extra"])
    draft.event_name = draft.own.pop("event_name") if type(draft.own.get("event_name")) is str else None
    extras = NO_EXTRAS
    if told is not None:
        if isinstance(told.value, BaseException):
            extras = Extras(told.value)
        elif told.type is not None:  # it came through loguru's queue, which could not pickle it
            draft.own.setdefault(EXCEPTION_TYPE, name_of_type(told.type))
    emit_draft(draft, record["name"] or "loguru", extras, ODD_ATTRIBUTES.isdisjoint(draft.own))


def _nanoseconds(time: Any) -> int:
    try:
        return int(round(time.timestamp() * 1e6) * 1000)
    except Exception:  # noqa: BLE001 - a patcher has put something else there
        return time_ns()
