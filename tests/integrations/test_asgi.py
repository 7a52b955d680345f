"""ASGI: Starlette and FastAPI served by uvicorn, and applications called by hand."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route

from logcapy.attributes import REQUEST_KEY
from logcapy.integrations import _patch
from logcapy.integrations.asgi import LogCapyMiddleware
from logcapy.process.context import bind, context, current
from logcapy.process.serving import current_request

from .serving import Records, get, served_by_uvicorn


@pytest.fixture
def records() -> Records:
    return Records()


def _scope(**fields: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": "/a",
        "scheme": "https",
        "headers": [(b"host", b"[::1]:8000"), (b"x-correlation-id", b"c-1")],
        "client": ("10.0.0.9", 1),
        **fields,
    }


async def _nothing(*args: Any) -> None: ...


def test_of_200_concurrent_requests_each_record_has_its_own_request_and_its_own_values(records: Records) -> None:
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/async/{number}")
    async def asynchronous(number: int) -> None:
        bind(bound=number)
        records.log("early")
        await asyncio.sleep(0.01)
        with context(number=number):
            await asyncio.gather(asyncio.to_thread(records.log, "number"), asyncio.sleep(0.01))

    @app.get("/sync/{number}")
    def synchronous(number: int) -> None:
        bind(bound=number)
        time.sleep(0.005)
        with context(number=number):
            records.log("number")

    app.add_middleware(LogCapyMiddleware)
    with served_by_uvicorn(app) as port, ThreadPoolExecutor(20) as pool:

        def ask(number: int) -> int:
            return get(port, f"/{'async' if number % 2 else 'sync'}/{number}", {"X-Request-ID": f"r-{number}"})

        assert set(pool.map(ask, range(200))) == {200}
    found = records.of("number")
    assert len(found) == 200
    for attributes in found:
        number = attributes["number"]
        assert attributes["bound"] == number
        assert attributes["http.request.header.x-request-id"] == (f"r-{number}",)
        assert attributes["url.path"].endswith(f"/{number}")
    assert {attributes["number"] for attributes in found} == set(range(200))
    assert len(records.of("early")) == 100
    assert all("number" not in attributes for attributes in records.of("early"))


@pytest.fixture
def port(records: Records) -> Iterator[int]:
    """A server of ``/fail/{n}``, which binds and raises, ``/later``, which goes on after its answer, and ``/plain``."""

    async def fail(request: Request) -> PlainTextResponse:
        bind(order_id=int(request.path_params["n"]))
        raise RuntimeError("no money")

    async def plain(request: Request) -> PlainTextResponse:
        records.log("plain")
        return PlainTextResponse("")

    async def stream(request: Request) -> StreamingResponse:
        async def body() -> Any:
            records.log("streamed")
            yield b"x"

        return StreamingResponse(body())

    routes = [Route("/fail/{n}", fail), Route("/plain", plain), Route("/stream", stream)]
    app = LogCapyMiddleware(Starlette(routes=routes))
    with (
        records.listening_to("uvicorn.error"),
        records.listening_to("uvicorn.access"),
        served_by_uvicorn(app) as number,
    ):
        yield number


def test_the_servers_record_of_an_exception_after_the_request_knows_the_request_and_what_was_bound(
    records: Records, port: int
) -> None:
    assert get(port, "/fail/7", {"X-Request-ID": "r-7"}) == 500
    attributes = records.only("Exception in ASGI application")
    assert attributes["http.route"] == "/fail/{n}"
    assert attributes["http.request.header.x-request-id"] == ("r-7",)
    assert attributes["order_id"] == 7


def test_the_same_record_knows_what_fastapis_own_telemetry_does_not(records: Records) -> None:
    from fastapi import FastAPI

    from logcapy.capture.spans import LogCapySpanProcessor

    tracer_provider = TracerProvider(shutdown_on_exit=False)
    tracer_provider.add_span_processor(LogCapySpanProcessor())
    app = FastAPI(telemetry={"tracer_provider": tracer_provider})

    @app.get("/fail/{number}")
    async def fail(number: int) -> None:
        raise RuntimeError("no money")

    _patch.install()
    try:
        with records.listening_to("uvicorn.error"), served_by_uvicorn(app) as port:
            assert get(port, "/fail/7", {"User-Agent": "shop/1.0"}) == 500
            attributes = records.only("Exception in ASGI application")
    finally:
        _patch.uninstall()
    assert attributes["http.route"] == "/fail/{number}"
    assert attributes["user_agent.original"] == "shop/1.0"
    assert attributes["client.address"] == "127.0.0.1"
    assert attributes["http.response.status_code"] == 500


def test_the_servers_access_log_and_a_streamed_body_belong_to_the_request(records: Records, port: int) -> None:
    assert get(port, "/stream") == 200
    assert records.only("streamed")["http.route"] == "/stream"
    assert records.only("127.0.0.1")["http.route"] == "/stream"


def test_pipelined_requests_of_one_connection_know_nothing_of_one_another(records: Records, port: int) -> None:
    requests = [
        f"GET {path} HTTP/1.1\r\nHost: shop\r\nX-Request-ID: {name}\r\n{end}\r\n".encode()
        for path, name, end in (("/fail/1", "first", ""), ("/plain", "second", "Connection: close\r\n"))
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"".join(requests))
        while connection.recv(65536):
            pass
    attributes = records.only("plain")
    assert attributes["http.request.header.x-request-id"] == ("second",)
    assert "order_id" not in attributes
    assert records.only("Exception in ASGI")["http.request.header.x-request-id"] == ("first",)


def test_the_request_is_current_while_the_application_runs_and_gone_afterwards(records: Records) -> None:
    scope = _scope()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        bind(order_id=7)
        records.log("inside")

    async def serve() -> None:
        await LogCapyMiddleware(app)(scope, _nothing, _nothing)
        assert current_request.get() is None
        assert dict(current()) == {}

    asyncio.run(serve())
    assert records.only("inside") == {
        "order_id": 7,
        "http.request.method": "GET",
        "url.path": "/a",
        "url.scheme": "https",
        "client.address": "10.0.0.9",
        "server.address": "::1",
        "http.request.header.x-correlation-id": ("c-1",),
    }
    assert REQUEST_KEY not in scope


def test_a_middleware_within_a_middleware_does_nothing_even_for_a_copied_scope() -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(current_request.get())

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        seen.append(current_request.get())
        await LogCapyMiddleware(app)(dict(scope), receive, send)
        seen.append(current_request.get())

    asyncio.run(LogCapyMiddleware(outer)(_scope(), _nothing, _nothing))
    assert seen[0] is not None
    assert seen[0] is seen[1] is seen[2]


def test_an_application_called_within_a_request_has_a_request_of_its_own_and_none_of_its_values(
    records: Records,
) -> None:
    async def inner(scope: Any, receive: Any, send: Any) -> None:
        records.log("inner")

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        bind(order_id=7)
        await LogCapyMiddleware(inner)(_scope(path="/inner"), receive, send)
        records.log("outer")

    asyncio.run(LogCapyMiddleware(outer)(_scope(), _nothing, _nothing))
    assert records.only("inner")["url.path"] == "/inner"
    assert "order_id" not in records.only("inner")
    assert records.only("outer")["url.path"] == "/a"
    assert records.only("outer")["order_id"] == 7


def test_a_request_that_outlives_the_one_it_was_started_in_does_not_leave_that_one_behind(records: Records) -> None:
    async def serve() -> None:
        outer_is_done = asyncio.Event()

        async def inner(scope: Any, receive: Any, send: Any) -> None:
            await outer_is_done.wait()
            records.log("inner")

        async def serve_inner() -> None:
            await LogCapyMiddleware(inner)(_scope(path="/inner"), _nothing, _nothing)
            records.log("after")

        async def outer(scope: Any, receive: Any, send: Any) -> None:
            nonlocal task
            bind(order_id=7)
            task = asyncio.create_task(serve_inner())
            await asyncio.sleep(0)

        task: asyncio.Task[None]
        await LogCapyMiddleware(outer)(_scope(), _nothing, _nothing)
        outer_is_done.set()
        await task

    asyncio.run(serve())
    assert records.only("inner")["url.path"] == "/inner"
    assert "order_id" not in records.only("inner")
    assert records.only("after") == {}


@pytest.mark.parametrize("error", [RuntimeError("x"), asyncio.CancelledError(), KeyboardInterrupt()])
def test_exceptions_and_messages_pass_as_they_are(error: BaseException) -> None:
    sent = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(await receive())
        raise error

    async def receive() -> str:
        return "message"

    async def send(message: str) -> None:
        sent.append(message)

    async def serve() -> None:
        with pytest.raises(type(error)) as caught:
            await LogCapyMiddleware(app)(_scope(), receive, send)
        assert caught.value is error

    asyncio.run(serve())
    assert sent == ["message"]


def test_a_lifespan_is_no_request() -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(current_request.get())

    asyncio.run(LogCapyMiddleware(app)({"type": "lifespan"}, _nothing, _nothing))
    assert seen == [None]


def test_a_websocket_is_a_request(records: Records) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        records.log("inside")

    scope = {"type": "websocket", "path": "/chat", "scheme": "wss", "headers": []}
    asyncio.run(LogCapyMiddleware(app)(scope, _nothing, _nothing))
    assert records.only("inside") == {"url.path": "/chat", "url.scheme": "wss"}


def test_a_scope_that_cannot_be_written_costs_the_record_its_request_and_the_application_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from types import MappingProxyType

    served = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        served.append(scope)

    asyncio.run(LogCapyMiddleware(app)(MappingProxyType(_scope()), _nothing, _nothing))  # type: ignore[arg-type]
    assert len(served) == 1
    assert "log records do not know their request" in capsys.readouterr().err


def test_a_client_address_that_middleware_corrects_later_is_seen(records: Records) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        records.log("before")
        scope["client"] = ("203.0.113.5", 0)
        records.log("after")

    asyncio.run(LogCapyMiddleware(app)(_scope(), _nothing, _nothing))
    assert records.only("before")["client.address"] == "10.0.0.9"
    assert records.only("after")["client.address"] == "203.0.113.5"


def test_routes_have_the_prefixes_of_mounts(records: Records) -> None:
    async def item(request: Request) -> PlainTextResponse:
        records.log(request.url.path)
        return PlainTextResponse("")

    async def raw(scope: Any, receive: Any, send: Any) -> None:
        records.log("raw")
        await PlainTextResponse("")(scope, receive, send)

    def on_the_way(app: Any) -> Any:
        async def middleware(scope: Any, receive: Any, send: Any) -> None:
            records.log("on the way")
            await app(scope, receive, send)

        return middleware

    inner = Starlette(routes=[Route("/items/{item_id}", item)], middleware=[Middleware(on_the_way)])
    app = Starlette(
        routes=[Mount("/shop", app=inner), Mount("/raw", app=raw), Route("/{name}", item)],
        middleware=[Middleware(LogCapyMiddleware)],
    )
    with served_by_uvicorn(app) as port:
        assert [get(port, path) for path in ("/shop/items/7", "/raw/file", "/home", "/no/such")] == [200, 200, 200, 404]
    assert records.only("/shop")["http.route"] == "/shop/items/{item_id}"
    assert records.only("/shop")["url.path"] == "/shop/items/7"
    assert records.only("raw")["http.route"] == "/raw"
    assert [attributes.get("http.route") for attributes in records.of("on the way")] == [None]
    assert records.only("/home")["http.route"] == "/{name}"


def test_a_task_that_serves_other_peoples_spans_does_not_give_them_the_request_it_was_started_in(
    records: Records,
) -> None:
    from opentelemetry.trace import SpanKind, set_span_in_context

    from logcapy.capture.spans import LogCapySpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(LogCapySpanProcessor())
    tracer = provider.get_tracer("tests")

    async def serve() -> None:
        may_go_on = asyncio.Event()

        async def consume() -> None:
            await may_go_on.wait()
            span = tracer.start_span("GET /b", kind=SpanKind.SERVER, attributes={"url.path": "/b"})
            records.log("consumed", context=set_span_in_context(span))

        async def app(scope: Any, receive: Any, send: Any) -> None:
            nonlocal task
            task = asyncio.create_task(consume())

        task: asyncio.Task[None]
        await LogCapyMiddleware(app)(_scope(), _nothing, _nothing)
        may_go_on.set()
        await task

    asyncio.run(serve())
    assert records.only("consumed") == {"url.path": "/b"}


async def _raise(error: BaseException, scope: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        raise error

    with pytest.raises(type(error)):
        await LogCapyMiddleware(LogCapyMiddleware(app))(scope, _nothing, _nothing)


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_an_exception_that_leaves_the_application_is_told_once(records: Records, kind: str) -> None:
    with records.of_exceptions():
        asyncio.run(_raise(RuntimeError("no money"), _scope(type=kind)))
    attributes = records.only("unhandled exception in the request")
    assert records.bodies == ["unhandled exception in the request"]
    assert attributes["exception.type"] == "RuntimeError"
    assert attributes["url.path"] == "/a"
    assert records.severity_of("unhandled exception in the request") == "ERROR"


def test_one_instance_that_is_raised_in_two_requests_is_told_of_both(records: Records) -> None:
    error = RuntimeError("no money")
    with records.of_exceptions():
        asyncio.run(_raise(error, _scope(path="/a")))
        asyncio.run(_raise(error, _scope(path="/b")))
    assert [told["url.path"] for told in records.of("unhandled")] == ["/a", "/b"]
    assert all("exception.stacktrace" in told for told in records.of("unhandled"))


@pytest.mark.parametrize("kind", [asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_tasks_and_processes_is_no_error_of_the_request(records: Records, kind: type[BaseException]) -> None:
    with records.of_exceptions():
        asyncio.run(_raise(kind(), _scope()))
    assert records.bodies == []


def test_a_client_that_goes_away_is_no_error(records: Records) -> None:
    from starlette.requests import ClientDisconnect
    from starlette.websockets import WebSocketDisconnect

    with records.of_exceptions():
        asyncio.run(_raise(ClientDisconnect(), _scope()))
        asyncio.run(_raise(WebSocketDisconnect(), _scope(type="websocket")))
    assert records.bodies == []


def test_without_a_span_an_exception_is_told_in_the_trace_of_the_caller(records: Records) -> None:
    headers = [(b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    with records.of_exceptions():
        asyncio.run(_raise(RuntimeError("no money"), _scope(headers=headers)))
    record = records.last
    assert record.trace_id == 0x0AF7651916CD43DD8448EB211C80319C
    assert record.span_id == 0xB7AD6B7169203331


def test_within_a_span_an_exception_is_told_with_its_ids(records: Records) -> None:
    headers = [(b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("tests")
    with records.of_exceptions(), tracer.start_as_current_span("GET /a") as span:
        asyncio.run(_raise(RuntimeError("no money"), _scope(headers=headers)))
    assert records.last.span_id == span.get_span_context().span_id


def _lifespan(app: Any, *messages: str) -> list[str]:
    sent, received = [], iter(messages)

    async def receive() -> dict[str, str]:
        return {"type": next(received)}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    with pytest.raises((RuntimeError, ValueError)):
        asyncio.run(LogCapyMiddleware(LogCapyMiddleware(app))({"type": "lifespan"}, receive, send))
    return sent


def _fails_in_lifespan(at: str) -> Any:
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def lifespan(app: Any) -> Any:
        if at == "start":
            raise RuntimeError("no database")
        yield
        raise RuntimeError("no database")

    return Starlette(lifespan=lifespan)


@pytest.mark.parametrize(("at", "severity"), [("start", "FATAL"), ("end", "ERROR")])
def test_a_start_or_an_end_that_fails_is_told_once(records: Records, at: str, severity: str) -> None:
    with records.of_exceptions():
        sent = _lifespan(_fails_in_lifespan(at), "lifespan.startup", "lifespan.shutdown")
    assert sent[-1].endswith(".failed")
    assert records.bodies == ["unhandled exception in the application's lifespan"]
    assert records.severity_of(records.bodies[0]) == severity
    assert records.of("unhandled")[0]["exception.message"] == "no database"


def test_an_application_that_knows_no_lifespan_has_not_failed(records: Records) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("http only")

    with records.of_exceptions():
        assert _lifespan(app) == []
    assert records.bodies == []


class _Hostile(Exception):
    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no attributes")

    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_an_exception_that_lies_about_itself_passes_as_it_is() -> None:
    error = _Hostile()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        with context(order_id=7):
            raise error

    with pytest.raises(_Hostile) as caught:
        asyncio.run(LogCapyMiddleware(app)(_scope(), _nothing, _nothing))
    assert caught.value is error
