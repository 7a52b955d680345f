"""Starlette, FastAPI, Flask and Django know LogCapy without a change of code.

What is patched is where a server calls the application: ``__call__`` of its class. Instrumentations work further
in (the middleware stack, ``wsgi_app``, ``MIDDLEWARE``) or replace the class by a subclass, so both fit, in any
order. What serves a framework's requests is imported with the framework.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._methods import Method, Methods

if TYPE_CHECKING:
    from .asgi import Receive, Scope, Send
    from .wsgi import Environ


def install(module: str | None = None) -> None:
    """Patch the frameworks that are imported, now and later. Idempotent; never raises.

    Args:
        module: What of it is in this module alone; None for all.
    """
    _doors.install(module)


def uninstall() -> None:
    """Put the applications' methods back; what others have wrapped since stays wrapped and does nothing any more.

    What hears of exceptions stays too: it does nothing for a request that LogCapy does not serve.
    """
    _doors.uninstall()


def _asgi(original: Callable[..., Any]) -> Callable[..., Any]:
    from .asgi import call_in_request

    # Servers tell the two generations of ASGI apart by whether this is a coroutine function.
    async def __call__(self: Any, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: N807
        if not _doors.active:
            await original(self, scope, receive, send)
            return
        await call_in_request(original.__get__(self), scope, receive, send)

    return __call__


def _wsgi(original: Callable[..., Any]) -> Callable[..., Any]:
    from .wsgi import call_in_request

    def __call__(self: Any, environ: Environ, start_response: Any) -> Any:  # noqa: N807
        if not _doors.active:
            return original(self, environ, start_response)
        return call_in_request(original.__get__(self), environ, start_response)

    return __call__


def _django_route(original: Callable[..., Any]) -> Callable[..., Any]:
    from .django import note_request, watch_exceptions

    watch_exceptions()

    def resolve_request(self: Any, request: Any) -> Any:
        if _doors.active:
            note_request(request)
        return original(self, request)

    return resolve_request


def _starlette(original: Callable[..., Any]) -> Callable[..., Any]:
    from .starlette import watch_exceptions

    watch_exceptions()
    return _asgi(original)


def _flask(original: Callable[..., Any]) -> Callable[..., Any]:
    from .flask import watch

    watch()
    return _wsgi(original)


_doors = Methods(
    (
        Method("starlette.applications", "Starlette", "__call__", _starlette),
        Method("fastapi.applications", "FastAPI", "__call__", _asgi),
        Method("flask.app", "Flask", "__call__", _flask),
        Method("django.core.handlers.base", "BaseHandler", "resolve_request", _django_route),
        Method("django.core.handlers.wsgi", "WSGIHandler", "__call__", _wsgi),
        Method("django.core.handlers.asgi", "ASGIHandler", "__call__", _asgi),
    ),
    loss="log records do not know the requests",
)
