"""What is added to a record: the values of ``logcapy.context``, and the request that it belongs to.

Each is a ``types.Transform`` and can also be added alone to any LoggerProvider, before the processor that sends.
What a record says itself always wins.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from opentelemetry._logs import LogRecord
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.trace import Span, get_current_span

from logcapy import _sdk
from logcapy._guard import describe_error, say
from logcapy._server_span import server_span_of
from logcapy.attributes import (
    CLIENT_ADDRESS,
    HTTP_REQUEST_METHOD,
    HTTP_ROUTE,
    REQUEST_MARK,
    SERVER_ADDRESS,
    URL_PATH,
    URL_SCHEME,
    USER_AGENT_ORIGINAL,
)
from logcapy.draft import NOTHING_SHARED, Shared

from .context import bound_values
from .serving import current_request, request_behind, shortened, without_port

if TYPE_CHECKING:
    from .request import RequestContext

_STATUS_CODE: Final = "http.response.status_code"
#: The attribute of a server span under which its normalised attributes, and its name for the status, are kept
#: once they are final.
_KNOWN_MARK: Final = "_logcapy_request_attributes"
#: And the one for what it and its request tell together.
_KEPT_MARK: Final = "_logcapy_request_shared"

# Looked up once: a record asks them all.
_get_values: Final = bound_values.get
_get_request: Final = current_request.get


def _exception_before_311() -> BaseException | None:
    return sys.exc_info()[1]


_exception: Final[Callable[[], BaseException | None]] = getattr(sys, "exception", _exception_before_311)

# The stable name, and what else it was or is called; the first that a span has is taken.
# Source: https://opentelemetry.io/docs/specs/semconv/non-normative/http-migration/
_NAMES: Final = (
    (HTTP_REQUEST_METHOD, (HTTP_REQUEST_METHOD, "http.method")),
    (HTTP_ROUTE, (HTTP_ROUTE,)),
    (URL_PATH, (URL_PATH, "http.target", "http.url")),
    (URL_SCHEME, (URL_SCHEME, "http.scheme")),
    (CLIENT_ADDRESS, (CLIENT_ADDRESS, "http.client_ip", "net.sock.peer.addr", "net.peer.ip")),
    (SERVER_ADDRESS, (SERVER_ADDRESS, "net.host.name", "http.server_name", "http.host")),
    (USER_AGENT_ORIGINAL, (USER_AGENT_ORIGINAL, "http.user_agent")),
)


class Enricher(LogRecordProcessor):
    """Base of what is added to records: a subclass finds the attributes."""

    def __call__(self, record: ReadWriteLogRecord) -> None:
        """Edit the record in place."""
        log_record: Any = record.log_record  # whose context may be None, which the SDK's type does not say
        number = log_record.severity_number
        severity: int = number.value if number is not None else 0
        found = self.attributes(get_current_span(log_record.context), severity)
        if found:
            add_missing(log_record, found)

    def attributes(self, span: Span | None, severity: int) -> Shared:
        """What a record gets that is emitted in a span with a severity, OpenTelemetry's number."""
        raise NotImplementedError

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Edit the record in place, for the processors that were added after this one. Never raises."""
        try:
            self(log_record)
        except Exception as error:  # noqa: BLE001 - it would raise in the application's logging call
            name = type(self).__name__
            say(f"transform:{name}", f"{name} failed, the record goes on without it: {describe_error(error)}")

    def shutdown(self) -> None:
        """Nothing to end."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Nothing to flush."""
        return True


class ContextEnricher(Enricher):
    """Adds what ``logcapy.context`` holds where the record is emitted.

    An exception that the server logs after the request has ended gets what was bound at that end.
    """

    def attributes(self, span: Span | None, severity: int) -> Shared:  # noqa: ARG002 - one signature for all
        """The values that are bound."""
        values = _get_values()
        if not values:
            error = _exception()
            if error is not None and _get_request() is None:
                request = request_behind(error)
                if request is not None:
                    return request.values
        return values


class RequestEnricher(Enricher):
    """Adds the request, in the stable names of the semantic conventions whatever names its span has.

    What is known comes from the server span of the record's own context, then from the request that the
    integrations have noted; the latter also serves where nothing is sampled or traced.
    """

    def attributes(self, span: Span | None, severity: int) -> Shared:  # noqa: ARG002 - one signature for all
        """The attributes of the request."""
        if span is None:
            request = _request_of(None)
            return request.attributes() if request is not None else NOTHING_SHARED
        kept: _Kept | None = getattr(span, _KEPT_MARK, None)
        if kept is not None and len(kept.attributes) == kept.size:
            noted = kept.request
            if _get_request() is None if noted is None else kept.is_of_the_same_visitor(noted):
                return kept.shared
        server = server_span_of(span)
        request = _request_of(server)
        if server is None:
            return request.attributes() if request is not None else NOTHING_SHARED
        shared = Shared(request_attributes(server, request))
        if HTTP_ROUTE in shared:  # the last that is known before the application runs
            setattr(span, _KEPT_MARK, _Kept(server, request, shared))
        return shared


class _Kept:
    """What a server span and its request tell, kept with a span until something more comes to be known."""

    __slots__ = ("_visitor", "attributes", "request", "shared", "size")

    def __init__(self, server: Span, request: RequestContext | None, shared: Shared) -> None:
        self.shared = shared
        self.attributes = _sdk.attributes_of_span(server)
        self.size = len(self.attributes)
        self.request = request
        self._visitor = request.visitor() if request is not None else None

    def is_of_the_same_visitor(self, request: RequestContext) -> bool:
        """Whether the request's user and session are those that were known then."""
        return request.has_constant_visitor() or request.visitor() == self._visitor


def request_attributes(span: Span | None, request: RequestContext | None) -> dict[str, Any]:
    """What a span and a request tell of the request; where both know it, the span's word counts. A new dict.

    Args:
        span: Any span of the request; it need not be recording or unended.
        request: The request itself. Without it, what the span remembers.
    """
    server = server_span_of(span) if span is not None else None
    if server is None:
        return dict(request.attributes()) if request is not None else {}
    if request is None:
        request = getattr(server, REQUEST_MARK, None)
    if request is None:
        return dict(_span_attributes(server))
    known = {**request.attributes(), **_span_attributes(server)}
    client = request.client_behind_proxies()  # instrumentations believe anybody's word, or nobody's
    if client is not None:
        known[CLIENT_ADDRESS] = client
    return known


def _request_of(server: Span | None) -> RequestContext | None:
    """The request that a server span belongs to; the current one if there is no span.

    The span remembers it: a record may be emitted in another thread, after the request, or by a task that serves
    one request after another and was started by yet another one.
    """
    remembered: RequestContext | None = getattr(server, REQUEST_MARK, None)
    if remembered is not None:
        return remembered
    request = _get_request()
    if request is None:
        request = request_behind(_exception())
    if server is None or request is None:
        return request
    started = getattr(server, "start_time", None) or 0
    if request.has_span or (request.ended is not None and started > request.ended):
        return None
    request.has_span = True
    setattr(server, REQUEST_MARK, request)
    return request


def _span_attributes(server: Span) -> dict[str, Any]:
    attributes: Mapping[str, Any] = getattr(server, "attributes", None) or {}
    known: tuple[dict[str, Any], str] | None = getattr(server, _KNOWN_MARK, None)
    if known is None:
        known = _normalised(attributes), _STATUS_CODE if HTTP_REQUEST_METHOD in attributes else "http.status_code"
        if HTTP_ROUTE in known[0]:  # the last that instrumentations set before the application runs
            setattr(server, _KNOWN_MARK, known)
    found, status_name = known
    status_code = attributes.get(status_name)
    return {**found, _STATUS_CODE: status_code} if status_code else found


def _normalised(attributes: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, spellings in _NAMES:
        for spelling in spellings:
            value = attributes.get(spelling)
            if value:
                convert = _CONVERSIONS.get(spelling)
                found[name] = shortened(convert(value) if convert is not None else value)
                break
    return found


def _path(target: Any) -> str:
    """The path of a URL or of a request's target, without its query."""
    text = str(target)
    if text.startswith("/"):  # a target may begin with two slashes, which a URL's reader takes for a host
        return text.partition("?")[0].partition("#")[0]
    try:
        return urlsplit(text).path
    except ValueError:
        return text.partition("?")[0]


def _host(value: Any) -> str:
    return without_port(str(value))


_CONVERSIONS: Final[Mapping[str, Callable[[Any], str]]] = {
    "http.target": _path,
    "http.url": _path,
    SERVER_ADDRESS: _host,
    "net.host.name": _host,
    "http.server_name": _host,
    "http.host": _host,
}


def add_missing(log_record: LogRecord, found: Mapping[str, Any]) -> None:
    """Add what the record does not have. The SDK's attributes drop their oldest when they are full, so never that."""
    attributes = log_record.attributes
    if not isinstance(attributes, BoundedAttributes):
        log_record.attributes = {**found, **attributes} if attributes else dict(found)
        return
    for name, value in found.items():
        if name in attributes:
            continue
        if attributes.maxlen is not None and len(attributes) >= attributes.maxlen:
            attributes.dropped += 1
        else:
            attributes[name] = value
