"""Starlette and FastAPI: what becomes of an exception decides what is told of it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from logcapy.integrations import starlette
from logcapy.integrations.asgi import LogCapyMiddleware

from .serving import Records, get, served_by_uvicorn


class Refused(Exception):
    status_code = 409  # as many applications give their exceptions


@pytest.fixture
def records() -> Iterator[Records]:
    records = Records()
    with records.of_exceptions():
        yield records


async def _fail(request: Request) -> PlainTextResponse:
    kind = request.path_params["kind"]
    raise HTTPException(int(kind)) if kind.isdigit() else Refused(kind)


def _app(handlers: Any = None, *middleware: Middleware) -> Any:
    routes = [Route("/{kind}", _fail)]
    return LogCapyMiddleware(Starlette(routes=routes, exception_handlers=handlers, middleware=middleware))


def _answering(status: int) -> Any:
    def handler(request: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse("", status)

    return handler


class _AsyncHandler:
    async def __call__(self, request: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse("", 409)


async def _async_handler(status: int, request: Request, error: Exception) -> PlainTextResponse:
    return PlainTextResponse("", status)


@pytest.mark.parametrize(
    "handler", [_answering(409), _AsyncHandler(), partial(_async_handler, 409)], ids=["sync", "object", "partial"]
)
def test_handlers_of_every_shape_answer_as_before_and_are_seen(records: Records, handler: Any) -> None:
    with served_by_uvicorn(_app({Refused: handler})) as port:
        assert [get(port, "/a"), get(port, "/b")] == [409, 409]
    assert records.bodies == ["exception in the request, handled, answered with 409"] * 2
    assert {told["exception.message"] for told in records.of("exception")} == {"a", "b"}


def test_handlers_are_watched_once_however_many_requests_come(records: Records) -> None:
    depths = []

    async def handler(request: Request, error: Exception) -> PlainTextResponse:
        depths.append(len(inspect.stack(0)))
        return PlainTextResponse("", 409)

    with served_by_uvicorn(_app({Refused: handler})) as port:
        assert [get(port, "/a") for _ in range(3)] == [409] * 3
    assert depths == depths[:1] * 3


@pytest.mark.parametrize(
    ("raised", "key", "answer", "severity"),
    [
        ("a", Refused, 200, "WARN"),
        ("a", Refused, 500, "ERROR"),
        ("404", HTTPException, 404, None),
        ("404", 404, 200, None),
        ("404", 404, 502, "ERROR"),
        ("503", HTTPException, 503, "ERROR"),
        ("503", 503, 200, "WARN"),
    ],
)
def test_the_answer_of_the_handler_decides_how_severe_it_is(
    records: Records, raised: str, key: Any, answer: int, severity: str | None
) -> None:
    with served_by_uvicorn(_app({key: _answering(answer)})) as port:
        assert get(port, f"/{raised}") == answer
    assert [records.severity_of(body) for body in records.bodies] == [severity] * (severity is not None)


@pytest.mark.parametrize(("raised", "severity"), [("404", None), ("500", "ERROR"), ("503", "ERROR")])
def test_starlettes_own_handler_of_http_exceptions_is_seen_too(
    records: Records, raised: str, severity: str | None
) -> None:
    with served_by_uvicorn(_app()) as port:
        assert get(port, f"/{raised}") == int(raised)
    assert [records.severity_of(body) for body in records.bodies] == [severity] * (severity is not None)


def test_an_error_handler_for_everything_does_not_make_an_error_a_handled_one(records: Records) -> None:
    with served_by_uvicorn(_app({Exception: _answering(500)})) as port:
        assert get(port, "/a") == 500
    assert records.bodies == ["unhandled exception in the request"]


def test_what_a_handler_raises_is_told_with_what_it_was_to_handle(records: Records) -> None:
    def fail(request: Request, error: Exception) -> PlainTextResponse:
        raise RuntimeError("no template")

    with served_by_uvicorn(_app({Refused: fail})) as port:
        assert get(port, "/card") == 500
    assert records.bodies == ["unhandled exception in the request"]
    stacktrace = records.of("unhandled")[0]["exception.stacktrace"]
    assert "Refused: card" in stacktrace
    assert "RuntimeError: no template" in stacktrace


def test_what_a_middleware_of_the_application_keeps_to_itself_is_not_told(records: Records) -> None:
    def keeping(app: Any) -> Any:
        async def middleware(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, receive, send)
            except Refused:
                await PlainTextResponse("", 200)(scope, receive, send)

        return middleware

    with served_by_uvicorn(_app(None, Middleware(keeping))) as port:
        assert get(port, "/a") == 200
    assert records.bodies == []


def test_an_error_of_a_mounted_application_is_told_once(records: Records) -> None:
    inner = Starlette(routes=[Route("/{kind}", _fail)])
    app = LogCapyMiddleware(Starlette(routes=[Mount("/inner", app=inner)]))
    with served_by_uvicorn(app) as port:
        assert get(port, "/inner/a") == 500
    assert records.bodies == ["unhandled exception in the request"]
    assert records.of("unhandled")[0]["http.route"] == "/inner/{kind}"


def test_an_application_without_logcapy_is_left_alone(records: Records) -> None:
    starlette.watch_exceptions()
    app = Starlette(routes=[Route("/{kind}", _fail)], exception_handlers={Refused: _answering(409)})
    with served_by_uvicorn(app) as port:
        assert [get(port, "/a"), get(port, "/500")] == [409, 500]
    assert records.bodies == []


def test_a_starlette_of_another_shape_serves_its_requests_and_it_is_said_once(
    records: Records, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    starlette.watch_exceptions()
    monkeypatch.setattr(ExceptionMiddleware, "_status_handlers", property(lambda self: 7), raising=False)
    monkeypatch.setattr(ServerErrorMiddleware, "app", property(lambda self: self._app, _set_app_once), raising=False)
    app = LogCapyMiddleware(_OtherStarlette())
    with served_by_uvicorn(app) as port:
        assert [get(port, "/a"), get(port, "/b")] == [409, 409]
    said = [line for line in capsys.readouterr().err.splitlines() if "do not tell of the exceptions" in line]
    assert len(said) == 2
    assert all(line.startswith("logcapy: log records do not tell of the exceptions of starlette:") for line in said)


def _set_app_once(middleware: Any, app: Any) -> None:
    if hasattr(middleware, "_app"):
        raise AttributeError("app cannot be set")
    middleware._app = app


class _OtherStarlette(Starlette):
    """Its own handling of exceptions; what LogCapy looks for in the middlewares is not there."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def answer(scope: Any, receive: Any, send: Any) -> None:
            await PlainTextResponse("", 409)(scope, receive, send)

        inner = ExceptionMiddleware.__new__(ExceptionMiddleware)
        inner.app, inner._exception_handlers = answer, {}
        await ServerErrorMiddleware(inner)(scope, receive, send)


@pytest.mark.parametrize(("kind", "severity"), [("request", None), ("response", "WARN")])
def test_of_fastapis_validation_only_that_of_the_request_is_the_clients(
    records: Records, kind: str, severity: str | None
) -> None:
    from fastapi import FastAPI
    from fastapi.exceptions import ResponseValidationError

    app = FastAPI()
    app.add_exception_handler(ResponseValidationError, _answering(409))

    @app.get("/{kind}", response_model=int)
    def answer(kind: str, number: int = 0) -> str:
        return kind

    app.add_middleware(LogCapyMiddleware)
    with served_by_uvicorn(app) as port:
        assert get(port, "/request?number=x") == 422 if kind == "request" else get(port, "/response") == 409
    assert [records.severity_of(body) for body in records.bodies] == [severity] * (severity is not None)
