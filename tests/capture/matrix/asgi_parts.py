"""What the applications of FastAPI and Starlette have in common."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.websockets import WebSocket

from .errors import Boom


class FailingMiddleware:
    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)
        if scope.get("path", "").startswith("/middleware/"):
            raise Boom(scope["path"])


class WrappingMiddleware(BaseHTTPMiddleware):
    """What ``@app.middleware("http")`` makes, for some paths."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path", "").startswith("/wrapped-"):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def dispatch(self, request: Request, call_next: Any) -> Any:
        return await call_next(request)


async def refuse(request: Request, error: Exception) -> PlainTextResponse:
    return PlainTextResponse("", status_code=409)


def break_down(request: Request, error: Exception) -> PlainTextResponse:
    return PlainTextResponse("", status_code=503)


async def fail_in_background(token: str) -> None:
    await asyncio.sleep(0.01)
    raise Boom(token)


def stream(token: str) -> StreamingResponse:
    async def body() -> AsyncIterator[str]:
        yield "x"
        await asyncio.sleep(0.01)
        raise Boom(token)

    return StreamingResponse(body())


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.receive_text()
    raise Boom(websocket.path_params["token"])


async def left_socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.receive_text()
    await websocket.receive_text()
