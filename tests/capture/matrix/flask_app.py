"""Flask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, abort, request
from werkzeug.exceptions import HTTPException, InternalServerError

from .errors import Boom, Broken, Refused

app = Flask(__name__)


@app.errorhandler(Refused)
def refuse(error: Exception) -> tuple[str, int]:
    return "", 409


@app.errorhandler(Broken)
def break_down(error: Exception) -> Response:
    return Response("", 503)


@app.errorhandler(HTTPException)
def show(error: HTTPException) -> HTTPException:
    return error


@app.before_request
def before() -> None:
    if request.path.startswith("/before-request/"):
        raise Boom(request.path)


@app.get("/ready/<token>")
def ready(token: str) -> str:
    return token


@app.get("/unhandled/<token>")
def unhandled(token: str) -> None:
    raise Boom(token)


@app.get("/handled/<token>")
def handled(token: str) -> None:
    raise Refused(token)


@app.get("/handled-with-503/<token>")
def handled_with_503(token: str) -> None:
    raise Broken(token)


@app.get("/http-404/<token>")
def http_404(token: str) -> None:
    abort(404, token)


@app.get("/http-500/<token>")
def http_500(token: str) -> None:
    raise InternalServerError(token)


@app.get("/streaming/<token>")
def streaming(token: str) -> Iterator[str]:
    yield "x"
    raise Boom(token)


_inner = app.wsgi_app


def middleware(environ: Any, start_response: Any) -> Any:
    if environ["PATH_INFO"].startswith("/middleware/"):
        raise Boom(environ["PATH_INFO"])
    return _inner(environ, start_response)


app.wsgi_app = middleware
