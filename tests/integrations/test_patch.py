"""Frameworks patched without a change of code."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from logcapy.integrations import _patch

from .serving import Records, get, served_by_uvicorn, served_by_wsgiref


@pytest.fixture(autouse=True)
def unpatched() -> Iterator[None]:
    yield
    _patch.uninstall()


@pytest.fixture
def records() -> Records:
    return Records()


def _flask(records: Records) -> Any:
    from flask import Flask

    app = Flask("shop")

    @app.get("/orders/<order_id>")
    def order(order_id: str) -> str:
        records.log("order")
        return order_id

    return app


def _starlette(records: Records) -> Any:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def order(request: Request) -> PlainTextResponse:
        records.log("order")
        return PlainTextResponse("")

    return Starlette(routes=[Route("/orders/{order_id}", order)])


def test_installing_twice_patches_once_and_uninstalling_puts_the_methods_back() -> None:
    import flask
    from starlette.applications import Starlette

    originals = flask.Flask.__call__, Starlette.__call__
    _patch.install()
    patched = flask.Flask.__call__, Starlette.__call__
    _patch.install()
    assert (flask.Flask.__call__, Starlette.__call__) == patched
    assert all(one is not other for one, other in zip(patched, originals, strict=True))
    _patch.uninstall()
    assert (flask.Flask.__call__, Starlette.__call__) == originals
    _patch.uninstall()


def test_an_application_made_before_is_covered_and_one_can_install_again(records: Records) -> None:
    app = _flask(records)
    for _ in range(2):
        _patch.install()
        with served_by_wsgiref(app) as port:
            get(port, "/orders/7")
        _patch.uninstall()
        with served_by_wsgiref(app) as port:
            get(port, "/orders/7")
    assert [attributes.get("http.route") for attributes in records.of("order")] == ["/orders/<order_id>", None] * 2


def test_what_others_wrap_around_the_patch_stays_and_does_nothing_of_ours_any_more(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    from starlette.applications import Starlette

    _patch.install()
    ours, calls = Starlette.__call__, []

    async def theirs(self: Any, scope: Any, receive: Any, send: Any) -> None:
        calls.append(scope["path"])
        await ours(self, scope, receive, send)

    monkeypatch.setattr(Starlette, "__call__", theirs)
    _patch.uninstall()
    assert Starlette.__call__ is theirs
    with served_by_uvicorn(_starlette(records)) as port:
        get(port, "/orders/7")
    _patch.install()
    with served_by_uvicorn(_starlette(records)) as port:
        get(port, "/orders/7")
    assert calls == ["/orders/7"] * 2
    assert [attributes.get("http.route") for attributes in records.of("order")] == [None, "/orders/{order_id}"]
    monkeypatch.undo()


def test_a_patched_application_can_have_the_middleware_too(records: Records) -> None:
    from logcapy.integrations.flask import LogCapy

    _patch.install()
    app = _flask(records)
    LogCapy(app)
    with served_by_wsgiref(app) as port:
        get(port, "/orders/7")
    assert records.only("order")["http.route"] == "/orders/<order_id>"


def test_a_framework_of_another_shape_is_left_alone_and_told_of_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    strange = ModuleType("fastapi.applications")
    strange.FastAPI = type("FastAPI", (), {"__call__": 7})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fastapi.applications", strange)
    _patch.install()
    _patch.install()
    assert strange.FastAPI.__call__ == 7
    said = [line for line in capsys.readouterr().err.splitlines() if "requests of fastapi" in line]
    assert said == ["logcapy: log records do not know the requests of fastapi: TypeError: FastAPI.__call__ is a int"]


def test_installing_imports_no_framework() -> None:
    program = (
        "import sys; from logcapy.integrations import _patch; _patch.install();"
        "print([name for name in ('starlette', 'fastapi', 'flask', 'django', 'asgiref') if name in sys.modules]);"
        "_patch.uninstall(); import flask; print(hasattr(flask.Flask.__call__, '__wrapped__'));"
        "_patch.install(); print(hasattr(flask.Flask.__call__, '__wrapped__'))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.splitlines() == ["[]", "False", "True"]
