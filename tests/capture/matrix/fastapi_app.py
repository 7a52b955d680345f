"""FastAPI: with the contrib instrumentation, or with its own telemetry where that is disabled."""

from __future__ import annotations

from fastapi import BackgroundTasks, FastAPI, HTTPException, Response

from . import asgi_parts
from .errors import Boom, Broken, Refused

app = FastAPI()
app.add_middleware(asgi_parts.FailingMiddleware)
app.add_middleware(asgi_parts.WrappingMiddleware)
app.add_exception_handler(Refused, asgi_parts.refuse)
app.add_exception_handler(Broken, asgi_parts.break_down)


@app.get("/ready/{token}")
@app.get("/middleware/{token}")
async def ready(token: str) -> str:
    return token


@app.get("/unhandled/{token}")
def unhandled(token: str) -> None:
    raise Boom(token)


@app.get("/handled/{token}")
async def handled(token: str) -> None:
    raise Refused(token)


@app.get("/handled-with-503/{token}")
async def handled_with_503(token: str) -> None:
    raise Broken(token)


@app.get("/http-404/{token}")
async def http_404(token: str) -> None:
    raise HTTPException(404, token)


@app.get("/http-500/{token}")
def http_500(token: str) -> None:
    raise HTTPException(500, token)


@app.get("/invalid/{token}")
async def invalid(token: int) -> None: ...


@app.get("/background/{token}")
async def background(token: str, tasks: BackgroundTasks) -> str:
    tasks.add_task(asgi_parts.fail_in_background, token)
    return token


@app.get("/streaming/{token}")
@app.get("/wrapped-streaming/{token}")
def streaming(token: str) -> Response:
    return asgi_parts.stream(token)


app.add_api_websocket_route("/websocket/{token}", asgi_parts.socket)
app.add_api_websocket_route("/left-websocket/{token}", asgi_parts.left_socket)
