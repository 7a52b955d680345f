"""Any ASGI application: log records know the request they belong to, and tell of the exceptions that leave it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any, TypeAlias

from opentelemetry._logs import SeverityNumber

from logcapy.process.request import AsgiRequest, new_request

from ._telling import forget_context, tell_lifespan, tell_unhandled
from .access import access_of
from .response_asgi import watched
from .user import user_of_scope

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class LogCapyMiddleware:
    """Pure ASGI middleware; put it outermost. Messages and exceptions pass through, responses with the request's id.

    Under ``opentelemetry-instrument`` or after ``logcapy.configure()`` Starlette, FastAPI and Django have it already,
    and adding it once more does nothing.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        from .starlette import watch_exceptions

        self.app = app
        watch_exceptions()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await call_in_request(self.app, scope, receive, send)


async def call_in_request(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Await an application, its request being the current one if the scope is that of a request or WebSocket."""
    kind = scope.get("type")
    if kind == "lifespan":
        await _call_in_lifespan(app, scope, receive, send)
        return
    request = new_request(scope, asgi_request) if kind in ("http", "websocket") else None
    if request is None:
        await app(scope, receive, send)
        return
    headers = partial(headers_of, scope)
    access = access_of(request, scope, headers) if kind == "http" else None
    failure: BaseException | None = None
    with request:
        try:
            await app(scope, receive, watched(send, request, access))
        except BaseException as error:
            failure = error
            tell_unhandled(error, scope, "asgi", headers)
            raise
        finally:
            if access is not None:
                access.end(failure, aborted=True)  # unless it has ended before
            failure = None  # or it and its traceback would keep one another alive
            forget_context(scope)


async def _call_in_lifespan(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Tell of what fails at the start or the end; an application that knows no lifespan raises before it listens.

    Source: https://asgi.readthedocs.io/en/latest/specs/lifespan.html
    """
    listens, severity = False, SeverityNumber.ERROR

    async def watched_receive() -> Any:
        nonlocal listens
        listens = True
        return await receive()

    async def watched_send(message: Any) -> None:
        nonlocal severity
        if message.get("type") == "lifespan.startup.failed":
            severity = SeverityNumber.FATAL  # servers end of it
        await send(message)

    try:
        await app(scope, watched_receive, watched_send)
    except BaseException as error:
        if listens:
            tell_lifespan(error, severity)
        raise


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers of a request by lower-case name."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope.get("headers") or ()}


def asgi_request(scope: Scope) -> AsgiRequest:
    """The request of a scope, not entered yet."""
    request = AsgiRequest(scope)
    request.find_route = lambda: route_of(scope)
    request.find_user = lambda: user_of_scope(scope)
    return request


def route_of(scope: Scope) -> str | None:
    """The template of the route that Starlette or FastAPI has chosen, with the prefixes of mounts and routers.

    None until it is final: what is found is kept for the rest of the request.
    """
    route: Any = scope.get("route")
    path = getattr(route, "path", None)
    if not isinstance(path, str):
        return None
    # FastAPI keeps the path with the prefixes of included routers beside the route, since 0.137.
    notes = scope.get("fastapi")
    included = notes.get("effective_route_context") if isinstance(notes, dict) else None
    if included is not None and getattr(included, "original_route", None) is route:
        path = getattr(included, "path", None) or path
    if "app_root_path" not in scope:
        return path
    mount = str(scope.get("root_path", ""))[len(str(scope["app_root_path"])) :]
    if not hasattr(route, "routes"):
        return mount + path
    # The route is a mount itself: its path is in root_path already, and its routes, if it has any, are to come.
    return None if route.routes else mount
