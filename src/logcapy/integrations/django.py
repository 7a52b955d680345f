"""Django: log records know the request they belong to."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction

from logcapy.process.request import WsgiRequest, new_request

from .asgi import asgi_request
from .wsgi import note_route

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

    def __call__(self, request: HttpRequest) -> Any:
        """Serve one request."""
        if self._is_async:
            return self._serve(request)
        with _request_context(request):
            return self.get_response(request)

    async def _serve(self, request: HttpRequest) -> Any:
        with _request_context(request):
            return await self.get_response(request)


def note_route_of(request: Any) -> None:
    """Let a request know its route once Django does: ``resolver_match.route``, as it stands in the URLconf.

    Without a leading slash, as on the spans of opentelemetry-instrumentation-django.
    """
    note_route(_carrier(request), lambda: getattr(request.resolver_match, "route", None))


def _carrier(request: Any) -> Any:
    scope = getattr(request, "scope", None)
    return scope if scope is not None else getattr(request, "environ", {})


def _request_context(request: Any) -> AbstractContextManager[None]:
    make = WsgiRequest if getattr(request, "scope", None) is None else asgi_request
    noted = new_request(_carrier(request), make)
    note_route_of(request)
    return noted or nullcontext()
