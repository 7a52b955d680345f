"""One record of each request when its response has ended, and the user that it knows."""

from __future__ import annotations

import asyncio
import http.client
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
from opentelemetry.trace import get_current_span
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, BaseUser, SimpleUser
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from logcapy import ConfigError
from logcapy.capture.spans import LogCapySpanProcessor
from logcapy.config import LogCapyConfig
from logcapy.integrations.asgi import LogCapyMiddleware
from logcapy.integrations.beside_access import HandlerBesideAccess
from logcapy.integrations.user import user_of_django, user_of_scope
from logcapy.integrations.wsgi import call_in_request
from logcapy.process import serving
from wiring.conftest import Program, program

from .serving import Records, get, served_by_uvicorn, served_by_wsgiref
from .zero_code import PROGRAM

__all__ = ["program"]  # the fixture

traces: list[tuple[str, str]] = []


@pytest.fixture
def records() -> Iterator[Records]:
    found = Records()
    traces.clear()
    serving.use(LogCapyConfig(access_log=True))
    with found.of_exceptions():
        yield found
    serving.use(None)


def _note_trace() -> None:
    context = get_current_span().get_span_context()
    traces.append((f"{context.trace_id:032x}", f"{context.span_id:016x}"))


def _starlette(records: Records, provider: TracerProvider) -> Any:
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

    async def order(request: Request) -> PlainTextResponse:
        _note_trace()
        await request.body()
        return PlainTextResponse("done", background=BackgroundTask(lambda: records.log("afterwards")))

    async def stream(request: Request) -> StreamingResponse:
        _note_trace()

        async def body() -> Any:
            yield b"abc"
            if "fail" in request.query_params:
                raise ValueError
            yield b"de"

        return StreamingResponse(body())

    async def fail(request: Request) -> PlainTextResponse:
        _note_trace()
        raise ValueError

    routes = [Route("/orders/{id}", order, methods=["GET", "POST"]), Route("/stream", stream), Route("/fail", fail)]
    return LogCapyMiddleware(OpenTelemetryMiddleware(Starlette(routes=routes), tracer_provider=provider))


def _flask(records: Records, provider: TracerProvider) -> Any:
    from flask import Flask, Response, request
    from opentelemetry.instrumentation.flask import FlaskInstrumentor

    from logcapy.integrations.flask import LogCapy

    app = Flask("shop")

    @app.route("/orders/<id>", methods=["GET", "POST"])
    def order(id: str) -> str:
        _note_trace()
        request.get_data()
        return "done"

    @app.get("/stream")
    def stream() -> Response:
        _note_trace()
        failing = "fail" in request.args

        def body() -> Iterator[bytes]:
            yield b"abc"
            if failing:
                raise ValueError
            yield b"de"

        return Response(body())

    @app.get("/fail")
    def fail() -> str:
        _note_trace()
        raise ValueError

    FlaskInstrumentor.instrument_app(app, tracer_provider=provider)
    LogCapy(app)
    return app


@pytest.fixture(params=[ALWAYS_ON, ALWAYS_OFF], ids=["sampled", "dropped"])
def provider(request: pytest.FixtureRequest) -> TracerProvider:
    made = TracerProvider(sampler=request.param)
    made.add_span_processor(LogCapySpanProcessor())
    return made


@pytest.fixture(params=[(_starlette, served_by_uvicorn), (_flask, served_by_wsgiref)], ids=["starlette", "flask"])
def port(request: pytest.FixtureRequest, records: Records, provider: TracerProvider) -> Iterator[int]:
    make, served = request.param
    with served(make(records, provider)) as number:
        yield number


def _access(records: Records) -> tuple[Any, dict[str, Any]]:
    """The only access record and its attributes; waited for, as it is made after the client has its answer."""
    deadline = time.monotonic() + 5
    while True:
        found = [
            data.log_record
            for data in records._exporter.get_finished_logs()
            if data.instrumentation_scope.name == "logcapy.access"
        ]
        if found or time.monotonic() > deadline:
            break
        time.sleep(0.01)
    time.sleep(0.05)  # for a second one, which there must not be
    (record,) = [
        data.log_record
        for data in records._exporter.get_finished_logs()
        if data.instrumentation_scope.name == "logcapy.access"
    ]
    return record, dict(record.attributes)


def _post(port: int, path: str, body: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", path, body)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def _is_in_its_trace(record: Any) -> bool:
    return traces == [(f"{record.trace_id:032x}", f"{record.span_id:016x}")]


def test_a_request_is_one_info_record_in_its_trace_with_status_sizes_and_duration(records: Records, port: int) -> None:
    assert _post(port, "/orders/7", b"0123456789") == 200
    record, attributes = _access(records)
    assert record.severity_text == "INFO"
    assert record.event_name == "http.server.request"
    assert record.body.startswith("POST /orders/")
    assert " 200 " in record.body
    assert record.body.endswith(" ms")
    assert _is_in_its_trace(record)
    assert attributes["http.response.status_code"] == 200
    assert attributes["http.request.body.size"] == 10
    assert attributes["http.response.body.size"] == 4
    assert 0 < attributes["logcapy.request.duration"] < 20
    assert attributes["url.path"] == "/orders/7"
    assert "logcapy.request.aborted" not in attributes


def test_a_streams_size_is_counted(records: Records, port: int) -> None:
    assert get(port, "/stream") == 200
    record, attributes = _access(records)
    assert attributes["http.response.body.size"] == 5
    assert "logcapy.request.aborted" not in attributes
    assert _is_in_its_trace(record)


def test_a_stream_that_fails_is_told_as_aborted_with_what_was_sent(records: Records, port: int) -> None:
    with suppress(http.client.IncompleteRead):
        get(port, "/stream?fail=1")
    record, attributes = _access(records)
    assert attributes["http.response.body.size"] == 3
    assert attributes["logcapy.request.aborted"] is True
    assert " 200 aborted " in record.body
    assert record.severity_text == "INFO"
    assert _is_in_its_trace(record)


def test_an_error_is_told_by_its_own_record_and_the_request_stays_info(records: Records, port: int) -> None:
    assert get(port, "/fail") == 500
    record, attributes = _access(records)
    assert record.severity_text == "INFO"
    assert _is_in_its_trace(record)
    assert attributes["http.response.status_code"] == 500
    assert len([body for body in records.bodies if body == "unhandled exception in the request"]) == 1


def test_the_record_does_not_wait_for_background_tasks(records: Records) -> None:
    with served_by_uvicorn(_starlette(records, TracerProvider())) as port:
        assert get(port, "/orders/7") == 200
        records.only("afterwards")
    (access,) = [body for body in records.bodies if body.startswith("GET /orders/")]
    assert records.bodies.index(access) < records.bodies.index("afterwards")


def test_a_client_that_goes_away_is_told_as_aborted(records: Records) -> None:
    async def endless(request: Request) -> StreamingResponse:
        async def body() -> Any:
            while True:
                yield b"x" * 10_000
                await asyncio.sleep(0.01)

        return StreamingResponse(body())

    with served_by_uvicorn(LogCapyMiddleware(Starlette(routes=[Route("/endless", endless)]))) as port:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
            client.recv(100)
        record, attributes = _access(records)
    assert attributes["logcapy.request.aborted"] is True
    assert record.body.startswith("GET /endless 200 aborted ")


def test_a_head_request_has_no_size_and_is_not_aborted(records: Records, port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("HEAD", "/stream")
    assert connection.getresponse().status == 200
    connection.close()
    _, attributes = _access(records)
    assert "http.response.body.size" not in attributes
    assert "logcapy.request.aborted" not in attributes


@pytest.mark.parametrize(("method", "aborted"), [("HEAD", None), ("GET", True)])
def test_a_body_that_no_server_asks_for_is_aborted_but_for_head_and_the_record_is_in_the_callers_trace(
    records: Records, method: str, aborted: bool | None
) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        return iter([b"abc"])

    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    environ = {"REQUEST_METHOD": method, "PATH_INFO": "/", "HTTP_TRACEPARENT": traceparent}
    body: Any = call_in_request(app, environ, lambda status, headers: None)
    body.close()
    record, attributes = _access(records)
    assert attributes.get("logcapy.request.aborted") is aborted
    assert f"{record.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"


def test_the_record_belongs_to_the_server_span_where_another_is_current_at_the_end(
    records: Records, provider: TracerProvider
) -> None:
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

    async def app(scope: Any, receive: Any, send: Any) -> None:
        _note_trace()
        with provider.get_tracer("shop").start_as_current_span("child"):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"abc"})

    with served_by_uvicorn(LogCapyMiddleware(OpenTelemetryMiddleware(app, tracer_provider=provider))) as port:
        assert get(port, "/") == 200
    record, _ = _access(records)
    assert f"{record.trace_id:032x}" == traces[0][0]
    if provider.sampler is ALWAYS_ON:
        assert _is_in_its_trace(record)


def test_without_the_setting_there_is_no_such_record(records: Records, port: int) -> None:
    serving.use(LogCapyConfig())
    assert get(port, "/orders/7") == 200
    time.sleep(0.1)
    assert not [body for body in records.bodies if body.startswith("GET")]


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["true", "", "maybe"])
def test_under_opentelemetry_instrument_the_record_takes_the_place_of_uvicorns_which_stays_on_the_console(
    program: Program, setting: str
) -> None:
    run = program.run(PROGRAM, LOGCAPY_ACCESS_LOG=setting, OTEL_TRACES_EXPORTER="otlp", REQUEST_HEADERS="")
    scopes = [one.scope_name for one in program.records if one.scope_name in ("logcapy.access", "uvicorn.access")]
    assert scopes == ["logcapy.access" if setting == "true" else "uvicorn.access"], run.stderr
    assert '"GET /orders/7 HTTP/1.1" 200' in run.stdout
    assert any("LOGCAPY_ACCESS_LOG" in line and "maybe" in line for line in run.said) == (setting == "maybe")
    (order,) = [one for one in program.records if one.body == "order"]
    (access,) = [one for one in program.records if one.scope_name in scopes]
    assert access.trace_id == order.trace_id != ""
    if setting == "true":
        assert str(access.body).startswith("GET /orders/{order_id} 200 ")
        assert access.attributes["http.route"] == "/orders/{order_id}"


@pytest.mark.parametrize("name", ["uvicorn.access", "gunicorn.access"])
def test_the_servers_own_access_records_are_left_out_only_where_requests_are_told_of(
    records: Records, port: int, name: str
) -> None:
    handler = HandlerBesideAccess(logger_provider=records.provider)
    assert get(port, "/orders/7") == 200
    handler.emit(logging.LogRecord(name, logging.INFO, "", 0, "access", None, None))
    handler.emit(logging.LogRecord("uvicorn.error", logging.INFO, "", 0, "other", None, None))
    serving.use(LogCapyConfig())
    handler.emit(logging.LogRecord(name, logging.INFO, "", 0, "again", None, None))
    assert [body for body in records.bodies if body in ("access", "other", "again")] == ["other", "again"]


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_in_code_another_value_raises(value: Any) -> None:
    with pytest.raises(ConfigError, match="access_log"):
        LogCapyConfig(access_log=value)


def test_a_record_has_the_user_that_starlettes_authentication_has_found(records: Records) -> None:
    from starlette.authentication import AuthenticationBackend
    from starlette.middleware import Middleware
    from starlette.middleware.authentication import AuthenticationMiddleware

    class Backend(AuthenticationBackend):
        async def authenticate(self, conn: Any) -> Any:
            name = conn.headers.get("x-user")
            return (AuthCredentials(), SimpleUser(name)) if name else None

    async def here(request: Request) -> PlainTextResponse:
        records.log("here")
        return PlainTextResponse("")

    middleware = [Middleware(AuthenticationMiddleware, backend=Backend())]
    app = LogCapyMiddleware(Starlette(routes=[Route("/", here)], middleware=middleware))
    with served_by_uvicorn(app) as port:
        assert get(port, "/", {"X-User": "ada"}) == get(port, "/") == 200
    assert [attributes.get("user.id") for attributes in records.of("here")] == ["ada", None]


def test_a_starlette_user_is_asked_for_nothing_that_its_class_computes_but_its_identity() -> None:
    class User(BaseUser):
        is_authenticated = True
        identity = "u-1"

        @property
        def id(self) -> str:
            raise AssertionError("a query")

    class Hostile:
        @property
        def is_authenticated(self) -> bool:
            raise RuntimeError

    assert user_of_scope({"user": User()}) == "u-1"
    assert user_of_scope({"user": Hostile()}) is None
    assert user_of_scope({"user": object()}) is None
    assert user_of_scope({}) is None


def test_djangos_user_is_known_once_somebody_has_asked_for_it_and_never_asked_for_here() -> None:
    from django.utils.functional import SimpleLazyObject

    class User:
        pk = 7
        is_authenticated = True

    class Anonymous:
        pk = None
        is_authenticated = False

    class Held:
        pass

    queries: list[int] = []

    def load() -> User:
        queries.append(1)
        return User()

    request = Held()
    assert user_of_django(request) is None
    request.user = SimpleLazyObject(load)  # type: ignore[attr-defined]
    assert user_of_django(request) is None
    assert queries == []
    assert request.user.pk == 7  # type: ignore[attr-defined]
    assert user_of_django(request) == "7"
    assert len(queries) == 1
    request.user = Anonymous()  # type: ignore[attr-defined]
    assert user_of_django(request) is None
