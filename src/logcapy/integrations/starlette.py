"""Starlette and FastAPI: exceptions of requests, at the two places that decide what becomes of them.

Both hooks are on classes and do nothing for a request that LogCapy does not serve.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import Any

from logcapy._guard import describe_error, say_once
from logcapy.attributes import REQUEST_KEY

from ._methods import Method, Methods
from ._telling import note_told, tell_handled, tell_unhandled
from .asgi import ASGIApp, Receive, Scope, Send, headers_of

_WATCHED = "_logcapy_watched"


def watch_exceptions() -> None:
    """Hook in, now or when Starlette is imported. Idempotent; never raises."""
    _methods.install()


class _Watched:
    """Everything within ServerErrorMiddleware; what leaves it nobody has handled.

    Here the instrumentations' spans are still current, also where they have ended, and the answer is yet to be sent.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            # FastAPI's own telemetry, since 0.142, emits the same event just before, to a provider of its choice.
            if getattr(scope.get("fastapi.telemetry"), "logger", None) is None or not note_told(error, scope):
                tell_unhandled(error, scope, "starlette", partial(headers_of, scope))
            raise


def _server_errors(original: Callable[..., Any]) -> Callable[..., Any]:
    async def __call__(self: Any, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: N807
        if REQUEST_KEY in scope and not isinstance(self.app, _Watched):
            _watch_app(self)
        await original(self, scope, receive, send)

    return __call__


def _handled_errors(original: Callable[..., Any]) -> Callable[..., Any]:
    async def __call__(self: Any, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: N807
        if REQUEST_KEY in scope and _WATCHED not in vars(self):
            setattr(self, _WATCHED, True)
            _watch_handlers(self)
        await original(self, scope, receive, send)

    return __call__


def _watch_app(middleware: Any) -> None:
    try:
        middleware.app = _Watched(middleware.app)
    except Exception as error:  # noqa: BLE001 - a Starlette of another shape must serve its request
        say_once("starlette errors", f"{_methods.loss} of starlette: {describe_error(error)}")


def _watch_handlers(middleware: Any) -> None:
    """Replace the handlers that a middleware has; Starlette offers no way to ask which of them was called."""
    try:
        for handlers in (middleware._exception_handlers, middleware._status_handlers):
            handlers.update({key: _watched_handler(handler) for key, handler in handlers.items()})
    except Exception as error:  # noqa: BLE001 - a Starlette of another shape must serve its request
        say_once("starlette handlers", f"{_methods.loss} of starlette: {describe_error(error)}")


def _watched_handler(handler: Callable[..., Any]) -> Callable[..., Any]:
    # Starlette runs what is no coroutine function in a thread, in a copy of the context.
    if not _is_async(handler):

        @wraps(handler)
        def call(connection: Any, error: Exception) -> Any:
            response = handler(connection, error)
            tell_handled(error, connection.scope, "starlette", response, _is_client_error)
            return response

        return call

    @wraps(handler)
    async def call_async(connection: Any, error: Exception) -> Any:
        response = await handler(connection, error)
        tell_handled(error, connection.scope, "starlette", response, _is_client_error)
        return response

    return call_async


def _is_async(handler: Any) -> bool:
    while isinstance(handler, partial):
        handler = handler.func
    return iscoroutinefunction(handler) or iscoroutinefunction(getattr(handler, "__call__", None))  # noqa: B004


def _is_client_error(error: Exception) -> bool:
    """Whether an exception says that the client is wrong: an HTTPException below 500, or FastAPI's validation."""
    from starlette.exceptions import HTTPException, WebSocketException

    if isinstance(error, HTTPException):
        return error.status_code < 500
    fastapi = sys.modules.get("fastapi.exceptions")
    names = ("RequestValidationError", "WebSocketRequestValidationError")  # not ResponseValidationError
    return isinstance(error, (WebSocketException, *(getattr(fastapi, name, ()) for name in names)))


_methods = Methods(
    (
        Method("starlette.middleware.errors", "ServerErrorMiddleware", "__call__", _server_errors),
        Method("starlette.middleware.exceptions", "ExceptionMiddleware", "__call__", _handled_errors),
    ),
    loss="log records do not tell of the exceptions",
)
