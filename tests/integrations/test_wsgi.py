"""WSGI: any application, behind the standard library's server and called by hand."""

from __future__ import annotations

import gc
import io
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults

import pytest

from logcapy.integrations.wsgi import call_in_request
from logcapy.process.context import bind, context, current
from logcapy.process.serving import current_request

from .serving import Records, get, served_by_wsgiref


@pytest.fixture
def records() -> Records:
    return Records()


def _wrapped(app: Any) -> Any:
    return lambda environ, start_response: call_in_request(app, environ, start_response)


def _environ(**fields: Any) -> dict[str, Any]:
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    return {**environ, **fields}


def _start_response(*args: Any) -> None: ...


def test_of_200_concurrent_requests_each_record_has_its_own_request_and_its_own_values(records: Records) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        number = int(environ["PATH_INFO"][1:])
        bind(bound=number)
        with context(number=number):
            records.log("number")
        yield b"x"
        records.log("streamed")

    with served_by_wsgiref(_wrapped(app)) as port, ThreadPoolExecutor(20) as pool:
        asked = pool.map(lambda number: get(port, f"/{number}", {"X-Request-ID": f"r-{number}"}), range(200))
        assert set(asked) == {200}
    found = records.of("number")
    assert {attributes["number"] for attributes in found} == set(range(200))
    for attributes in (*found, *records.of("streamed")):
        number = attributes["bound"]
        assert attributes.get("number", number) == number
        assert attributes["http.request.header.x-request-id"] == (f"r-{number}",)
        assert attributes["url.path"] == f"/{number}"


def test_what_a_request_binds_does_not_reach_the_next_one_on_the_same_thread(records: Records) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        records.log(environ["PATH_INFO"])
        bind(order_id=7)
        yield b""

    with records.listening_to("access"), served_by_wsgiref(_wrapped(app), threads=False) as port:
        get(port, "/first", {"X-Request-ID": "r-1"})
        get(port, "/second")
    assert "order_id" not in records.only("/second")
    assert "http.request.header.x-request-id" not in records.only("/second")
    access = records.only('"GET /first')
    assert access["order_id"] == 7
    assert access["http.request.header.x-request-id"] == ("r-1",)


def test_the_request_is_current_until_the_response_is_closed(records: Records) -> None:
    closed = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            records.log("body")
            yield b"x"

        def close(self) -> None:
            records.log("close")
            closed.append(self)

    body = call_in_request(lambda *args: Body(), _environ(PATH_INFO="/a"), _start_response)
    assert list(body) == [b"x"]
    assert current_request.get() is not None
    body.close()  # type: ignore[attr-defined]
    assert len(closed) == 1
    assert current_request.get() is None
    assert records.only("body")["url.path"] == records.only("close")["url.path"] == "/a"


def test_a_response_that_nobody_closes_leaves_nothing_to_the_next_request(records: Records) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        records.log(environ["PATH_INFO"])
        bind(order_id=environ["PATH_INFO"])
        return iter([b"x"])

    list(call_in_request(app, _environ(PATH_INFO="/unclosed"), _start_response))
    body = call_in_request(app, _environ(PATH_INFO="/next"), _start_response)
    assert "order_id" not in records.only("/next")
    body.close()  # type: ignore[attr-defined]
    assert current_request.get() is None
    assert dict(current()) == {}


def test_responses_that_nobody_closes_do_not_pile_up() -> None:
    requests = []
    for _ in range(4):
        list(call_in_request(lambda *args: iter([b"x"]), _environ(), _start_response))
        requests.append(weakref.ref(current_request.get()))  # type: ignore[arg-type]
    gc.collect()
    assert [request() is not None for request in requests] == [False, False, False, True]
    current_request.set(None)


@pytest.mark.parametrize("body", [[b"x"], (b"x",), io.BytesIO(b"x"), FileWrapper(io.BytesIO(b"x"))])
def test_bodies_that_servers_treat_specially_are_handed_on_as_they_are(body: Any) -> None:
    environ = _environ(**{"wsgi.file_wrapper": FileWrapper})
    assert call_in_request(lambda *args: body, environ, _start_response) is body
    assert current_request.get() is None


def test_an_exception_passes_and_names_its_request_for_the_server_that_logs_it(records: Records) -> None:
    error = RuntimeError("no money")

    def app(environ: Any, start_response: Any) -> list[bytes]:
        bind(order_id=7)
        raise error

    def server() -> None:
        try:
            call_in_request(app, _environ(PATH_INFO="/fail"), _start_response)
        except RuntimeError:
            assert current_request.get() is None
            records.log("server")
            raise

    with pytest.raises(RuntimeError) as caught:
        server()
    assert caught.value is error
    records.log("next")
    assert records.only("server")["url.path"] == "/fail"
    assert records.only("server")["order_id"] == 7
    assert records.only("next") == {}


def test_an_exception_while_streaming_passes_and_names_its_request(records: Records) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        yield b"x"
        raise RuntimeError("no money")

    body = call_in_request(app, _environ(PATH_INFO="/fail"), _start_response)
    try:
        list(body)
    except RuntimeError:
        body.close()  # type: ignore[attr-defined]
        records.log("server")
    assert records.only("server")["url.path"] == "/fail"


def test_paths_are_whole_and_text(records: Records) -> None:
    environ = _environ(SCRIPT_NAME="/shop", PATH_INFO="/caf\xc3\xa9", REQUEST_METHOD="BREW", HTTP_HOST="shop:8000")

    def app(environ: Any, start_response: Any) -> list[bytes]:
        records.log("inside")
        return []

    call_in_request(app, environ, _start_response)
    attributes = records.only("inside")
    assert attributes["url.path"] == "/shop/café"
    assert attributes["http.request.method"] == "_OTHER"
    assert attributes["server.address"] == "shop"


def test_an_exception_is_told_once_in_the_trace_of_the_caller_where_there_is_no_span(records: Records) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"

    def app(environ: Any, start_response: Any) -> list[bytes]:
        raise RuntimeError("no money")

    with records.of_exceptions(), pytest.raises(RuntimeError):
        _wrapped(_wrapped(app))(_environ(PATH_INFO="/fail", HTTP_TRACEPARENT=traceparent), _start_response)
    assert records.bodies == ["unhandled exception in the request"]
    assert records.of("unhandled")[0]["url.path"] == "/fail"
    assert records.last.trace_id == 0x0AF7651916CD43DD8448EB211C80319C


def test_an_exception_in_a_body_is_told_once_with_its_request(records: Records) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        yield b"x"
        raise RuntimeError("no money")

    with records.of_exceptions():
        body = call_in_request(app, _environ(PATH_INFO="/fail"), _start_response)
        with pytest.raises(RuntimeError):
            list(body)
        body.close()  # type: ignore[attr-defined]
    assert records.bodies == ["unhandled exception in the request"]
    assert records.of("unhandled")[0]["url.path"] == "/fail"


def test_a_body_that_is_left_before_its_end_is_no_error(records: Records) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        yield b"x"
        yield b"y"

    with records.of_exceptions():
        body = call_in_request(app, _environ(), _start_response)
        next(iter(body))
        body.close()  # type: ignore[attr-defined]
    assert records.bodies == []
