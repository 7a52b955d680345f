"""A record as a person reads it: one line, and an exception folded below."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo

from logcapy.attributes import HTTP_REQUEST_METHOD, HTTP_ROUTE, URL_PATH

from .as_json import dumps, plain
from .colour import BOLD, BOLD_RED, CYAN, DIM, GREEN, MAGENTA, WHITE_ON_RED, YELLOW, Paint
from .escape import inert
from .fold import folded_exception
from .received import Received, Value

#: Severity numbers come in ranges of four. Source:
#: https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
_SEVERITIES = (
    ("TRACE", DIM),
    ("DEBUG", DIM),
    ("INFO", GREEN),
    ("WARN", YELLOW),
    ("ERROR", BOLD_RED),
    ("FATAL", WHITE_ON_RED),
)
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
    """

    def __init__(self, paint: Paint, *, full: bool = False, time_zone: tzinfo | None = None) -> None:
        self._paint = paint
        self._full = full
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
        lines = [line, *folded_exception(record.attributes, self._paint, full=self._full)]
        return "".join(f"{line}\n" for line in lines)

    def _head(self, record: Received) -> Iterator[str]:
        yield self._paint(self._clock(record.time_unix_nano or record.observed_time_unix_nano), DIM)
        yield self._severity(record)
        service = inert(_text(record.resource.get("service.name")))
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
        if 1 <= record.severity_number <= 24:
            name, colour = _SEVERITIES[(record.severity_number - 1) // 4]
            return self._paint(f"{name:5}", colour)
        return f"{inert(record.severity_text)[:5]:5}"

    def _message(self, record: Received) -> str:
        body = "" if record.body is None else inert(_text(record.body).rstrip())
        if record.event_name:
            return " ".join(filter(None, (self._paint(inert(record.event_name), BOLD), body)))
        return body

    def _attributes(self, record: Received) -> Iterator[str]:
        for key, value in record.attributes.items():
            if not key.startswith(_BELOW) and (self._full or not (key in _SPOKEN or key.startswith(_QUIET))):
                yield self._paint(f"{_quoted(key)}=", DIM) + _shown(value)

    def _request(self, record: Received) -> str:
        """``POST /orders/{id} 500``: the request that the record was made in."""
        method, route, path, status = (record.attributes.get(key) for key in _SPOKEN)
        words = [_text(word) for word in (method, route or path, status) if word is not None and word != ""]
        return "" if self._full else self._paint(inert(" ".join(words)), DIM)

    def _trace(self, record: Received) -> str:
        if not record.trace_id:
            return ""
        span = f" span={record.span_id[:8]}" if record.span_id else ""
        return self._paint(f" trace={record.trace_id[:8]}{span}", DIM)


def _text(value: Value) -> str:
    shown = plain(value)
    return shown if isinstance(shown, str) else dumps(shown)


def _shown(value: Value) -> str:
    return _quoted(value) if isinstance(value, str) else inert(_text(value))


def _quoted(text: str) -> str:
    """A word as it is; what would not read as one word, in quotes."""
    if text.split() == [text] and not any(mark in text for mark in '"='):
        return inert(text)
    return '"' + inert(text).replace('"', '\\"') + '"'
