"""Django: log records know the request they belong to, and tell of its exceptions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction

from logcapy._guard import describe_error, say
from logcapy.process.request import RequestContext, WsgiRequest, new_request

from . import asgi, wsgi
from ._methods import Method, Methods
from ._telling import note_context, tell_handled, tell_unhandled
from .access import Access, access_of
from .user import session_of_django, user_of_django

if TYPE_CHECKING:
    from django.http import HttpRequest  # type: ignore[import-untyped]


class LogCapyMiddleware:
    """Put ``"logcapy.integrations.django.LogCapyMiddleware"`` first in ``MIDDLEWARE``; for WSGI and ASGI.

    Under ``opentelemetry-instrument`` or after ``logcapy.configure()`` Django has it already, and adding it once more
    does nothing.

    Args:
        get_response: What comes after this middleware.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        watch_exceptions()

    def __call__(self, request: HttpRequest) -> Any:
        """Serve one request."""
        if self._is_async:
            return self._serve(request)
        with _request_context(request) as answered:
            return answered(self.get_response(request))

    async def _serve(self, request: HttpRequest) -> Any:
        with _request_context(request) as answered:
            return answered(await self.get_response(request))


def note_request(request: Any) -> None:
    """Let a request know its route once Django does, and the context that its server span is current in.

    The route is ``resolver_match.route``, as it stands in the URLconf: without a leading slash, as on the spans of
    opentelemetry-instrumentation-django.
    """
    carrier = _carrier(request)
    note_context(carrier)
    _note(carrier, request)


def watch_exceptions() -> None:
    """Hear of exceptions, of those that nobody has handled by Django's signal. Idempotent; never raises."""
    from django.core.signals import got_request_exception  # type: ignore[import-untyped]

    got_request_exception.connect(_on_got_request_exception, dispatch_uid="logcapy")
    _methods.install()


def _on_got_request_exception(sender: object, request: Any = None, **extra: object) -> None:  # noqa: ARG001
    """Nobody has handled it. The span is still open, and Django has not logged it yet."""
    error, carrier = sys.exc_info()[1], _carrier(request)
    if error is not None:
        tell_unhandled(error, carrier, "django", partial(_headers_of, carrier))


def _process_exception(original: Callable[..., Any]) -> Callable[..., Any]:
    def process_exception_by_middleware(self: Any, exception: Exception, request: Any) -> Any:
        response = original(self, exception, request)
        if response is not None:
            tell_handled(exception, _carrier(request), "django", response, _is_client_error)
        return response

    return process_exception_by_middleware


def _is_client_error(error: BaseException) -> bool:
    """Whether Django answers an exception with a status below 500. Source: django.core.handlers.exception."""
    from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation  # type: ignore[import-untyped]
    from django.http import Http404
    from django.http.multipartparser import MultiPartParserError  # type: ignore[import-untyped]

    return isinstance(error, (Http404, PermissionDenied, BadRequest, SuspiciousOperation, MultiPartParserError))


def _carrier(request: Any) -> Any:
    scope = getattr(request, "scope", None)
    return scope if scope is not None else getattr(request, "environ", {})


def _headers_of(carrier: Any) -> dict[str, str]:
    return asgi.headers_of(carrier) if "headers" in carrier else wsgi.headers_of(carrier)


def _note(carrier: Any, request: Any) -> None:
    noted = wsgi.request_of(carrier)
    if noted is not None:
        noted.find_route = lambda: getattr(request.resolver_match, "route", None)
        noted.find_user = lambda: user_of_django(request)
        noted.find_session = lambda: session_of_django(request)


@contextmanager
def _request_context(request: Any) -> Iterator[Callable[[Any], Any]]:
    """Within it the request is the current one; what it gives is told the response and returns it."""
    make = WsgiRequest if getattr(request, "scope", None) is None else asgi.asgi_request
    carrier = _carrier(request)
    noted = new_request(carrier, make)
    _note(carrier, request)
    if noted is None:
        yield lambda response: response
        return
    access = access_of(noted, carrier, partial(_headers_of, carrier))
    with noted:
        yield partial(_answered, noted, access)


def _answered(request: RequestContext, access: Access | None, response: Any) -> Any:
    """Django ends the response after its middleware: the size of a streaming one is not known here."""
    try:
        if request.id is not None:
            response.headers.setdefault(*request.id)
        if access is not None:
            access.start(response.status_code)
            access.add(None if response.streaming else response.content)
            access.end()
    except Exception as error:  # noqa: BLE001 - a response of another shape goes out as it is
        say("answered", f"a response is not told of in full: {describe_error(error)}")
    return response


_methods = Methods(
    (Method("django.core.handlers.base", "BaseHandler", "process_exception_by_middleware", _process_exception),),
    loss="log records do not tell of the handled exceptions",
)
