"""Exceptions of requests become log records: which ones, how severe, in which trace, and once.

Each is told at the first point where it is certain what became of it, which is within the server span of the
common instrumentations, ended or not, sampled or not: there the record knows its trace and its request. What the
framework's logger or the server says of the same exception comes later, often without a trace, and refers to it.

Source: https://opentelemetry.io/docs/specs/semconv/http/http-exceptions/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from functools import wraps
from typing import Any, Final, TypeVar

from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context, get_current
from opentelemetry.propagate import extract
from opentelemetry.trace import get_current_span

from logcapy._guard import describe_error, say
from logcapy.attributes import REQUEST_KEY
from logcapy.capture.emitting import emit_exception
from logcapy.capture.sightings import note_sighting
from logcapy.process.context import values_behind

#: Where a carrier (an ASGI scope or a WSGI environ) keeps the OpenTelemetry context of its server span.
CONTEXT_KEY: Final = "logcapy.otel_context"

_EVENT: Final = "http.server.request.exception"
_TOLD_MARK: Final = "_logcapy_told"
#: What frameworks and servers raise into an application whose client has gone away.
_CLIENT_WENT_AWAY: Final = frozenset(
    ("WebSocketDisconnect", "ClientDisconnect", "ClientDisconnected", "RequestAborted")
)

Carrier = MutableMapping[str, Any]
_Telling = TypeVar("_Telling", bound=Callable[..., Any])


def _guarded(tell: _Telling) -> _Telling:
    """The door: whatever an exception is like, the application's own way with it goes on."""

    @wraps(tell)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return tell(*args, **kwargs)
        except Exception as failure:  # noqa: BLE001 - an exception may lie about its very attributes
            say("telling", f"an exception of a request could not be recorded: {describe_error(failure)}")
            return None

    return call  # type: ignore[return-value]


@_guarded
def tell_unhandled(
    error: BaseException, carrier: Carrier, framework: str, headers: Callable[[], Mapping[str, str]]
) -> None:
    """Tell of an exception that the application has let out of a request, unless it ends tasks or processes.

    Args:
        error: What happened.
        carrier: The request's ASGI scope or WSGI environ; nothing is told of one that LogCapy does not serve.
        framework: Who called the application: the last part of the logger's name.
        headers: The headers of the request, read only where no span is known.
    """
    if _is_of_the_client(error):
        _note_no_error(error)
    elif isinstance(error, Exception):
        _tell(error, carrier, framework, SeverityNumber.ERROR, "unhandled exception in the request", headers)


@_guarded
def tell_handled(
    error: BaseException,
    carrier: Carrier,
    framework: str,
    response: Any,
    is_client_error: Callable[[Any], bool],
) -> None:
    """Tell of an exception that an error handler has taken.

    Args:
        error: What happened.
        carrier: The request's ASGI scope or WSGI environ.
        framework: Whose handler it was.
        response: What the handler answered; it need not have a ``status_code``, as with a WebSocket.
        is_client_error: Whether an exception itself says that the client is wrong (404, 422): then it is no error,
            unless the answer says otherwise.
    """
    status = getattr(response, "status_code", None)
    if status is not None and status >= 500:
        _tell(error, carrier, framework, SeverityNumber.ERROR, f"exception in the request, answered with {status}")
    elif not is_client_error(error) and not _is_of_the_client(error):
        answered = "" if status is None else f", answered with {status}"
        _tell(error, carrier, framework, SeverityNumber.WARN, f"exception in the request, handled{answered}")


@_guarded
def note_told(error: BaseException, carrier: Carrier) -> bool:
    """Leave an exception to the record that told of it, if there is one; False if there is none."""
    sighting = note_sighting(error, get_current_span())
    if sighting is None or not sighting.told:
        return False
    _is_first(error, carrier.get(REQUEST_KEY))
    return True


def _note_no_error(error: BaseException) -> None:
    """Let the event that instrumentations make of an exception on their span become no record."""
    sighting = note_sighting(error, get_current_span())
    if sighting is not None:
        sighting.claim("no error", "")


@_guarded
def tell_lifespan(error: BaseException, severity: SeverityNumber) -> None:
    """Tell of an exception at the start or the end of an ASGI application, outside of any request."""
    if isinstance(error, Exception) and _is_first(error, "lifespan"):
        body = "unhandled exception in the application's lifespan"
        emit_exception(error, body=body, logger_name="logcapy.integrations.asgi", severity=severity)


def note_context(carrier: Carrier) -> None:
    """Remember the context of the server span, for what happens after the instrumentation has left it."""
    if REQUEST_KEY in carrier:
        carrier[CONTEXT_KEY] = get_current()


def forget_context(carrier: Carrier) -> None:
    """End what :func:`note_context` has begun: the span would keep its request's carrier, and that the span."""
    carrier.pop(CONTEXT_KEY, None)


def _tell(
    error: BaseException,
    carrier: Carrier,
    framework: str,
    severity: SeverityNumber,
    body: str,
    headers: Callable[[], Mapping[str, str]] = dict,
) -> None:
    request = carrier.get(REQUEST_KEY)
    if request is None or not _is_first(error, request):
        return
    emit_exception(
        error,
        body=body,
        logger_name=f"logcapy.integrations.{framework}",
        severity=severity,
        event_name=_EVENT,
        attributes=values_behind(error, request),
        context=_context_of(error, carrier, headers),
    )


def _is_first(error: BaseException, request: object) -> bool:
    """Whether nothing has been told of an exception in a request; an instance may be raised in many of them."""
    marks = getattr(error, "__dict__", None)
    if marks is None:
        return True
    if marks.get(_TOLD_MARK) is request:
        return False
    marks[_TOLD_MARK] = request
    return True


def _context_of(error: BaseException, carrier: Carrier, headers: Callable[[], Mapping[str, str]]) -> Context | None:
    """The context to tell an exception in: the current one, the server span's, or the caller's of the request."""
    if get_current_span().get_span_context().is_valid:
        return None
    noted: Context | None = carrier.get(CONTEXT_KEY)
    sighting = note_sighting(error, get_current_span())
    if noted is not None or (sighting is not None and sighting.span_context.is_valid):
        return noted  # without one the record gets the trace of the span that saw the exception
    return extract(headers())


def _is_of_the_client(error: BaseException) -> bool:
    return any(kind.__name__ in _CLIENT_WENT_AWAY for kind in type(error).__mro__)
