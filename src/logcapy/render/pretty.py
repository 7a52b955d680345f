"""A record as a person reads it: one line, and an exception folded below."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo

from logcapy.attributes import HTTP_REQUEST_METHOD, HTTP_ROUTE, URL_PATH

from .colour import BOLD, BOLD_RED, CYAN, DIM, GREEN, MAGENTA, WHITE_ON_RED, YELLOW, Paint
from .escape import inert
from .fold import Highlight, folded_exception
from .received import Received
from .severity import severity_name
from .words import quoted, shown, text_of

_COLOURS = {"TRACE": DIM, "DEBUG": DIM, "INFO": GREEN, "WARN": YELLOW, "ERROR": BOLD_RED, "FATAL": WHITE_ON_RED}
_STATUS_CODE = "http.response.status_code"
#: True of nearly every record of a request or a place; ``--full`` and ``--json`` show them.
_QUIET = ("code.", "thread.", "process.", "client.", "network.", "server.", "url.", "user_agent.")
_BELOW = "exception."
_SPOKEN = (HTTP_REQUEST_METHOD, HTTP_ROUTE, URL_PATH, _STATUS_CODE)


class Renderer:
    """Turns records into text. The name of the service is shown from the second service on.

    Args:
        paint: Colours.
        full: Show every attribute and the whole stack trace.
        time_zone: Where the clock on the wall hangs; None for this machine's.
        whole_stacks: Show the whole stack trace.
        highlight: Puts colours into the lines of a stack trace, which are inert.
    """

    def __init__(
        self,
        paint: Paint,
        *,
        full: bool = False,
        time_zone: tzinfo | None = None,
        whole_stacks: bool = False,
        highlight: Highlight | None = None,
    ) -> None:
        self._paint = paint
        self._full = full
        self._whole_stacks = full or whole_stacks
        self._highlight = highlight
        self._time_zone = time_zone
        self._first_service: str | None = None
        self._several_services = False

    def render(self, record: Received) -> str:
        """One line, and one more for each line of a folded exception; all end in a newline.

        Only the last character of each line is a control character, apart from our own colours.
        """
        head = " ".join(part for part in self._head(record) if part)
        attributes = " ".join(self._attributes(record))
        parts = [head, self._message(record), attributes, self._request(record), self._trace(record)]
        line = "  ".join(part for part in parts if part)
        below = folded_exception(record.attributes, self._paint, full=self._whole_stacks, highlight=self._highlight)
        lines = [line, *below]
        return "".join(f"{line}\n" for line in lines)

    def _head(self, record: Received) -> Iterator[str]:
        yield self._paint(self._clock(record.time_unix_nano or record.observed_time_unix_nano), DIM)
        yield self._severity(record)
        service = inert(text_of(record.resource.get("service.name")))
        self._first_service = service if self._first_service is None else self._first_service
        self._several_services = self._several_services or service != self._first_service
        if self._several_services:
            yield self._paint(service, MAGENTA)
        yield self._paint(inert(record.scope_name), CYAN)

    def _clock(self, unix_nano: int) -> str:
        if not unix_nano:
            return "--:--:--.---"
        seconds, nanoseconds = divmod(unix_nano, 1_000_000_000)
        moment = datetime.fromtimestamp(seconds, self._time_zone)
        return f"{moment:%H:%M:%S}.{nanoseconds // 1_000_000:03d}"

    def _severity(self, record: Received) -> str:
        colour = _COLOURS.get(severity_name(record.severity_number), "")
        name = severity_name(record.severity_number) or inert(record.severity_text)[:5]
        return self._paint(f"{name:5}", colour) if colour else f"{name:5}"

    def _message(self, record: Received) -> str:
        body = "" if record.body is None else inert(text_of(record.body).rstrip())
        if record.event_name:
            return " ".join(filter(None, (self._paint(inert(record.event_name), BOLD), body)))
        return body

    def _attributes(self, record: Received) -> Iterator[str]:
        for key, value in record.attributes.items():
            if not key.startswith(_BELOW) and (self._full or not (key in _SPOKEN or key.startswith(_QUIET))):
                yield self._paint(f"{quoted(key)}=", DIM) + shown(value)

    def _request(self, record: Received) -> str:
        """``POST /orders/{id} 500``: the request that the record was made in."""
        method, route, path, status = (record.attributes.get(key) for key in _SPOKEN)
        words = [text_of(word) for word in (method, route or path, status) if word is not None and word != ""]
        return "" if self._full else self._paint(inert(" ".join(words)), DIM)

    def _trace(self, record: Received) -> str:
        if not record.trace_id:
            return ""
        span = f" span={record.span_id[:8]}" if record.span_id else ""
        return self._paint(f" trace={record.trace_id[:8]}{span}", DIM)
