"""Flask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from flask import Flask, abort

from logcapy.integrations import _patch
from logcapy.integrations.flask import LogCapy
from logcapy.process.serving import current_request

from .serving import Records, get, served_by_wsgiref


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def app(records: Records) -> Flask:
    app = Flask("shop")

    @app.before_request
    def before() -> None:
        records.log("before")

    @app.get("/orders/<order_id>")
    def order(order_id: str) -> str:
        records.log("order")
        return order_id

    @app.get("/stream")
    def stream() -> Iterator[str]:
        yield "x"
        records.log("streamed")

    @app.errorhandler(404)
    def missing(error: Exception) -> tuple[str, int]:
        records.log("missing")
        return "", 404

    @app.get("/gone/<order_id>")
    def gone(order_id: str) -> str:
        abort(404)

    return app


def test_the_route_is_known_from_the_first_function_of_the_application_on(app: Flask, records: Records) -> None:
    LogCapy(app)
    with served_by_wsgiref(app) as port:
        assert get(port, "/orders/7") == 200
    assert records.only("before")["http.route"] == records.only("order")["http.route"] == "/orders/<order_id>"


def test_a_streamed_body_and_an_error_handler_know_their_request(app: Flask, records: Records) -> None:
    LogCapy(app)
    with served_by_wsgiref(app) as port:
        assert [get(port, "/stream"), get(port, "/gone/7")] == [200, 404]
    assert records.only("streamed")["http.route"] == "/stream"
    assert records.only("missing")["http.route"] == "/gone/<order_id>"


def test_a_request_without_a_route_has_no_route_and_not_the_one_of_the_request_before(
    app: Flask, records: Records
) -> None:
    LogCapy(app)
    with served_by_wsgiref(app, threads=False) as port:
        assert [get(port, "/orders/7"), get(port, "/no/such")] == [200, 404]
    assert "http.route" not in records.only("missing")
    assert records.only("missing")["url.path"] == "/no/such"


def test_the_extension_may_be_added_later_and_twice(app: Flask, records: Records) -> None:
    extension = LogCapy()
    extension.init_app(app)
    wrapped = app.wsgi_app
    extension.init_app(app)
    LogCapy(app)
    assert app.wsgi_app == wrapped
    with app.test_client() as client, client.get("/orders/7"):
        pass
    assert records.only("order")["http.route"] == "/orders/<order_id>"
    assert current_request.get() is None


def test_taking_the_patch_away_leaves_the_extension_as_it_is(app: Flask, records: Records) -> None:
    LogCapy(app)
    _patch.install()
    _patch.uninstall()
    with served_by_wsgiref(app) as port:
        assert get(port, "/orders/7") == 200
    assert records.only("order")["http.route"] == "/orders/<order_id>"


def test_another_application_is_left_alone(app: Flask, records: Records) -> None:
    LogCapy(Flask("other"))
    with app.test_client() as client, client.get("/orders/7"):
        pass
    assert records.only("order") == {}


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/fail", 500, "unhandled exception in the request"),
        ("/refuse", 409, "exception in the request, handled, answered with 409"),
        ("/break", 503, "exception in the request, answered with 503"),
        ("/abort/500", 500, "exception in the request, answered with 500"),
        ("/abort/404", 404, None),
        ("/abort/400", 400, None),
        ("/redirected", 308, None),
        ("/kept", 200, None),
    ],
)
def test_what_becomes_of_an_exception_decides_what_is_told_of_it(
    records: Records, path: str, status: int, body: str | None
) -> None:
    with records.of_exceptions(), served_by_wsgiref(_failing_app()) as port:
        assert [get(port, path), get(port, path)] == [status, status]
    assert records.bodies == ([] if body is None else [body] * 2)
    assert all(told["url.path"] == path for told in records.of(""))


def _failing_app(*, add: bool = True) -> Flask:
    app = Flask("quiet_shop")
    app.logger.disabled = True

    class Refused(Exception): ...

    class Broken(Exception): ...

    app.register_error_handler(Refused, lambda error: ("", 409))
    app.register_error_handler(Broken, lambda error: ("", {"X-Broken": "1"}))

    @app.after_request
    def after(response: Any) -> Any:
        if "X-Broken" in response.headers:
            response.status_code = 503
        return response

    @app.get("/<kind>")
    def fail(kind: str) -> str:
        if kind == "kept":
            try:
                abort(500)
            except Exception:
                return ""
        raise {"fail": RuntimeError, "refuse": Refused, "break": Broken}[kind]

    @app.get("/abort/<int:status>")
    def give_up(status: int) -> None:
        abort(status)

    @app.get("/redirected/")
    def redirected() -> str:
        return ""

    if add:
        LogCapy(app)
    return app


def test_an_application_without_logcapy_tells_nothing(records: Records) -> None:
    LogCapy(Flask("other"))
    with records.of_exceptions(), served_by_wsgiref(_failing_app(add=False)) as port:
        assert [get(port, "/fail"), get(port, "/refuse"), get(port, "/abort/500")] == [500, 409, 500]
    assert records.bodies == []


@pytest.mark.parametrize("path", ["/refuse", "/fail", "/abort/404"])
def test_nothing_of_a_request_stays_in_its_environ(records: Records, path: str) -> None:
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    environ["PATH_INFO"] = path
    with records.of_exceptions():
        body: Any = _failing_app()(environ, lambda status, headers: lambda data: None)
        list(body)
        body.close()
    assert [name for name in environ if name.startswith("logcapy.")] == []
