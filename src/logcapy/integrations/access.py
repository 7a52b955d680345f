"""One record of each request when its response has ended, in its trace, in place of the server's own access log.

It is made where LogCapy serves the request, and not from the server's: there status, sizes and route are known as
values, and the trace is. Sizes are those of bodies as the application gives them.

Source: https://opentelemetry.io/docs/specs/semconv/registry/attributes/http/ for the names; for the duration the
semantic conventions have a metric and no attribute.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sized
from typing import Any, Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context, get_current
from opentelemetry.propagate import extract
from opentelemetry.trace import NonRecordingSpan, get_current_span, set_span_in_context

from logcapy._guard import describe_error, say
from logcapy._server_span import server_span_of
from logcapy.attributes import HTTP_REQUEST_METHOD, HTTP_ROUTE, URL_PATH
from logcapy.capture.emitting import logger_of
from logcapy.capture.sightings import note_sighting
from logcapy.process.request import RequestContext
from logcapy.process.serving import request_settings

from ._telling import CONTEXT_KEY, Carrier
from .beside_access import note_request

STATUS_CODE: Final = "http.response.status_code"
REQUEST_SIZE: Final = "http.request.body.size"
RESPONSE_SIZE: Final = "http.response.body.size"
#: Seconds from the request's arrival at the application to the end of its response.
DURATION: Final = "logcapy.request.duration"
#: True where the response did not come to its end.
ABORTED: Final = "logcapy.request.aborted"

_EVENT: Final = "http.server.request"


class Access:
    """What is seen of one response, and the record of it.

    Args:
        request: Whose response it is; the current one until :meth:`end`.
        carrier: Its ASGI scope or WSGI environ.
        headers: The headers of the request, read only where no span is known.
    """

    def __init__(self, request: RequestContext, carrier: Carrier, headers: Callable[[], Mapping[str, str]]) -> None:
        note_request()
        self._request = request
        self._carrier = carrier
        self._headers = headers
        self._context: Context | None = None
        self._started = time.perf_counter()
        self._status: int | None = None
        self._size: int | None = None
        self._ended = False

    def start(self, status: int | None) -> None:
        """The response begins: the application's server span, if there is one, is current or about to end."""
        self._status = status
        self._size = 0
        if get_current_span().get_span_context().is_valid:
            self._context = get_current()

    def add(self, chunk: Any) -> None:
        """One piece more of the body; None if it is not at hand. What has no length is the server's to refuse."""
        length = len(chunk) if isinstance(chunk, Sized) else None
        self._size = None if length is None or self._size is None else self._size + length

    def end(self, error: BaseException | None = None, *, aborted: bool = False) -> None:
        """Tell of the request, once. Never raises.

        Args:
            error: The exception that ended it.
            aborted: Whether the response did not come to its end.
        """
        if self._ended:
            return
        self._ended = True
        try:
            logger_of("logcapy.access").emit(self._record(error, aborted or error is not None))
        except Exception as failure:  # noqa: BLE001 - telling of a request must not cost it
            say("access", f"a request could not be recorded: {describe_error(failure)}")

    def _record(self, error: BaseException | None, aborted: bool) -> LogRecord:
        duration = time.perf_counter() - self._started
        known = self._request.attributes()
        words = [known.get(HTTP_REQUEST_METHOD), known.get(HTTP_ROUTE) or known.get(URL_PATH), self._status]
        text = " ".join(str(word) for word in words if word is not None)
        attributes: dict[str, Any] = {DURATION: duration}
        size = None if words[0] == "HEAD" else self._size  # whose body the server drops
        numbers = (STATUS_CODE, self._status), (REQUEST_SIZE, self._request_size()), (RESPONSE_SIZE, size)
        attributes.update({name: value for name, value in numbers if value is not None})
        if aborted:
            attributes[ABORTED] = True
        now = time.time_ns()
        return LogRecord(
            timestamp=now,
            observed_timestamp=now,
            context=self._context_to_tell_in(error),
            severity_number=SeverityNumber.INFO,
            severity_text="INFO",
            body=f"{text}{' aborted' if aborted else ''} {duration * 1000:.0f} ms",
            attributes=attributes,
            event_name=_EVENT,
        )

    def _request_size(self) -> int | None:
        sent = self._request.header("content-length")
        if not sent and "CONTENT_LENGTH" in self._carrier:
            sent = [self._carrier["CONTENT_LENGTH"]]
        return int(sent[0]) if sent and sent[0].isascii() and sent[0].isdecimal() and len(sent[0]) < 19 else None

    def _context_to_tell_in(self, error: BaseException | None) -> Context:
        """The context of the server span, ended or not; else that of the request's caller."""
        for context in (get_current(), self._carrier.get(CONTEXT_KEY), self._context):
            span = get_current_span(context) if context is not None else None
            if span is not None and span.get_span_context().is_valid:
                return set_span_in_context(server_span_of(span) or span, context)
        sighting = note_sighting(error, get_current_span()) if error is not None else None
        if sighting is not None and sighting.span_context.is_valid:
            return set_span_in_context(NonRecordingSpan(sighting.span_context))
        return extract(self._headers())


def access_of(request: RequestContext, carrier: Carrier, headers: Callable[[], Mapping[str, str]]) -> Access | None:
    """What is to be seen of a request's response; None where no record is asked for."""
    return Access(request, carrier, headers) if request_settings().access_log else None
