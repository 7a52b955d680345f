"""Starlette, in the ASGI instrumentation's middleware: it has no instrumentation of its own here."""

from __future__ import annotations

from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

from . import asgi_parts
from .errors import Boom, Broken, Refused

_RAISED = {"unhandled": Boom, "handled": Refused, "handled-with-503": Broken}


async def fail(request: Request) -> PlainTextResponse:
    kind, token = request.path_params["kind"], request.path_params["token"]
    if kind in ("ready", "middleware"):
        return PlainTextResponse(token)
    if kind.startswith("http-"):
        raise HTTPException(int(kind[5:]), token)
    raise _RAISED[kind](token)


async def background(request: Request) -> PlainTextResponse:
    token = request.path_params["token"]
    return PlainTextResponse(token, background=BackgroundTask(asgi_parts.fail_in_background, token))


def streaming(request: Request) -> StreamingResponse:
    return asgi_parts.stream(request.path_params["token"])


app = OpenTelemetryMiddleware(
    Starlette(
        routes=[
            Route("/background/{token}", background),
            Route("/streaming/{token}", streaming),
            Route("/wrapped-streaming/{token}", streaming),
            WebSocketRoute("/websocket/{token}", asgi_parts.socket),
            WebSocketRoute("/left-websocket/{token}", asgi_parts.left_socket),
            Route("/{kind}/{token}", fail),
        ],
        middleware=[Middleware(asgi_parts.WrappingMiddleware), Middleware(asgi_parts.FailingMiddleware)],
        exception_handlers={Refused: asgi_parts.refuse, Broken: asgi_parts.break_down},
    )
)
