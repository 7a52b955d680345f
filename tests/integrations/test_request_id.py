"""The id of a request: taken, made, told and returned."""

from __future__ import annotations

import asyncio
import http.client
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

from logcapy import ConfigError, environment
from logcapy.config import LogCapyConfig
from logcapy.integrations import _patch
from logcapy.integrations.asgi import LogCapyMiddleware
from logcapy.process import serving
from wiring.conftest import Program, program

from .serving import Records, served_by_uvicorn, served_by_wsgiref
from .zero_code import PROGRAM

__all__ = ["program"]  # the fixture

KEY = "http.request.header.x-request-id"


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    serving.use(LogCapyConfig())
    yield
    serving.use(None)


def ask(port: int, path: str = "/", *, method: str = "GET", **headers: str) -> tuple[int, list[str], bytes]:
    """The status, the values of the id's header, and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.headers.get_all("x-request-id") or [], response.read()
    finally:
        connection.close()


def starlette(records: Records) -> Any:
    async def plain(request: Request) -> PlainTextResponse:
        records.log("here")
        return PlainTextResponse("plain")

    async def own(request: Request) -> PlainTextResponse:
        return PlainTextResponse("", headers={"X-Request-Id": "mine"})

    async def stream(request: Request) -> StreamingResponse:
        async def body() -> Any:
            for _ in range(3):
                yield b"abc"

        return StreamingResponse(body())

    async def fail(request: Request) -> PlainTextResponse:
        raise ValueError

    async def talk(websocket: Any) -> None:
        await websocket.accept()
        await websocket.close()

    routes = [Route("/", plain), Route("/own", own), Route("/stream", stream), Route("/fail", fail)]
    return LogCapyMiddleware(Starlette(routes=[*routes, WebSocketRoute("/talk", talk)]))


def flask(records: Records) -> Any:
    from flask import Flask, Response

    from logcapy.integrations.flask import LogCapy

    app = Flask("shop")

    @app.get("/")
    def plain() -> str:
        records.log("here")
        return "plain"

    @app.get("/own")
    def own() -> Response:
        return Response("", headers={"X-Request-Id": "mine"})

    @app.get("/stream")
    def stream() -> Response:
        return Response(b"abc" for _ in range(3))

    @app.get("/fail")
    def fail() -> str:
        raise ValueError

    LogCapy(app)
    return app


@pytest.fixture(params=["added", "patched too"])
def port(request: pytest.FixtureRequest, records: Records, framework: Any) -> Iterator[int]:
    make, served = framework
    if request.param == "patched too":
        _patch.install()
    try:
        with served(make(records)) as number:
            yield number
    finally:
        _patch.uninstall()


@pytest.fixture(params=[(starlette, served_by_uvicorn), (flask, served_by_wsgiref)], ids=["starlette", "flask"])
def framework(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_a_valid_id_is_told_and_returned_once(port: int, records: Records) -> None:
    sent = "aA0._~+/=:@-" + "x" * 116
    assert ask(port, x_request_id=sent)[1] == [sent]
    assert records.only("here")[KEY] == (sent,)


@pytest.mark.parametrize("sent", ["a b", "", "x" * 129, "a,b", "a;b", '"', "\xe9", "{jndi}"])
def test_an_id_that_is_not_valid_is_ignored_and_a_new_one_told_and_returned(
    port: int, records: Records, sent: str
) -> None:
    (returned,) = ask(port, x_request_id=sent)[1]
    assert re.fullmatch("[0-9a-f]{32}", returned)
    assert records.only("here")[KEY] == (returned,)


def test_each_request_without_an_id_is_given_its_own(port: int, records: Records) -> None:
    returned = [ask(port)[1] for _ in range(3)]
    assert [list(found[KEY]) for found in records.of("here")] == returned
    assert len({one for (one,) in returned}) == 3


def test_what_the_application_returns_itself_stays(port: int) -> None:
    assert ask(port, "/own", x_request_id="r-1")[1] == ["mine"]


def test_streams_heads_missing_pages_and_errors_have_their_status_body_and_the_id(port: int) -> None:
    assert ask(port, "/stream", x_request_id="r-1") == (200, ["r-1"], b"abcabcabc")
    assert ask(port, method="HEAD", x_request_id="r-1") == (200, ["r-1"], b"")
    assert ask(port, "/none", x_request_id="r-1")[:2] == (404, ["r-1"])
    assert ask(port, "/fail", x_request_id="r-1")[:2] == (500, ["r-1"])


@pytest.mark.parametrize("made", ["added", "patched"])
def test_nothing_is_made_or_returned_where_it_is_off_or_logcapy_is_not_set_up(
    records: Records, framework: Any, made: str
) -> None:
    make, served = framework
    if made == "patched":
        serving.use(LogCapyConfig(request_id_header="off"))
        _patch.install()
    else:
        serving.use(None)
    try:
        with served(make(records)) as port:
            assert ask(port)[1] == []
            assert ask(port, x_request_id="r-1")[1] == []
    finally:
        _patch.uninstall()


def test_another_header_can_be_chosen(port: int, records: Records) -> None:
    serving.use(LogCapyConfig(request_id_header="X-Trace"))
    assert ask(port, x_trace="t-1", x_correlation_id="c-1")[1] == []
    found = records.only("here")
    assert found["http.request.header.x-trace"] == ("t-1",)
    assert found["http.request.header.x-correlation-id"] == ("c-1",)


def test_a_websocket_is_accepted_with_the_id(records: Records) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/talk", "headers": [(b"x-request-id", b"r-1")], "query_string": b""}
    asyncio.run(starlette(records)(scope, receive, send))
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]
    assert sent[0]["headers"] == [(b"x-request-id", b"r-1")]


def test_headers_that_no_server_takes_are_left_to_the_server() -> None:
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [None]})

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(LogCapyMiddleware(app)({"type": "http", "headers": []}, send, send))  # type: ignore[arg-type]
    assert sent == [{"type": "http.response.start", "status": 200, "headers": [None]}]


@pytest.mark.slow
@pytest.mark.parametrize(("setting", "returned"), [("", "['r-1']"), ("X-Request-ID", "['r-1']"), ("off", "None")])
def test_under_opentelemetry_instrument_the_variable_decides(program: Program, setting: str, returned: str) -> None:
    run = program.run(PROGRAM, LOGCAPY_REQUEST_ID_HEADER=setting, REQUEST_HEADERS="x-request-id: r-1")
    assert f"returned {returned}" in run.stdout, run.stderr
    (order,) = [record for record in program.records if record.body == "order"]
    assert order.attributes[KEY] == ["r-1"]


@pytest.mark.slow
def test_a_name_that_no_header_has_is_told_and_the_default_holds(program: Program) -> None:
    run = program.run(PROGRAM, LOGCAPY_REQUEST_ID_HEADER="x request", REQUEST_HEADERS="x-request-id: r-1")
    assert "returned ['r-1']" in run.stdout
    assert any("LOGCAPY_REQUEST_ID_HEADER" in line and "x request" in line for line in run.said)


@pytest.mark.parametrize("value", ["", "a b", "a:b", "x\r\ny", "é", None, 1])
def test_in_code_such_a_name_raises(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="request_id_header"):
        LogCapyConfig(request_id_header=value)
    if isinstance(value, str) and value.strip():
        monkeypatch.setenv("LOGCAPY_REQUEST_ID_HEADER", value)
        with pytest.raises(ConfigError, match="LOGCAPY_REQUEST_ID_HEADER"):
            environment.logcapy_config(environment.raise_error)
