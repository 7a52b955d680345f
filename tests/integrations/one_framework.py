"""A process that serves one order by one framework, each way that LogCapy can be added (and not) and each way to trace.

``python -m tests.integrations.one_framework NAME`` prints the attributes of the record that the endpoint logged:
``{"patched sampled": {...}, ...}``. With ``concurrent`` after the name it serves 200 orders at once, each with an
id that its endpoint binds, and prints ``[[order id, id on the record, request id, path], ...]``.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
from opentelemetry.trace import get_current_span

from logcapy.capture.spans import LogCapySpanProcessor
from logcapy.integrations import _patch
from logcapy.process.context import bind, context
from tests.integrations.serving import Records, get, served_by_uvicorn, served_by_wsgiref

_HEADERS = {"User-Agent": "shop/1.0", "X-Request-ID": "r-1"}
_records = Records()

#: An application, with LogCapy in it if the second argument says so, and what serves it.
Make = Callable[["TracerProvider | None", bool], "tuple[Any, Callable[[Any], AbstractContextManager[int]]]"]


def _fastapi(tracer_provider: TracerProvider | None, add: bool) -> Any:
    from fastapi import FastAPI
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    app = _fastapi_app(FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False}), add)
    if tracer_provider is not None:
        FastAPIInstrumentor.instrument_app(app, tracer_provider=tracer_provider)
    return app, served_by_uvicorn


def _fastapi_native(tracer_provider: TracerProvider | None, add: bool) -> Any:
    from fastapi import FastAPI

    return _fastapi_app(FastAPI(telemetry={"tracer_provider": tracer_provider}), add), served_by_uvicorn


def _fastapi_app(app: Any, add: bool) -> Any:
    from fastapi import APIRouter

    from logcapy.integrations.asgi import LogCapyMiddleware

    router = APIRouter(prefix="/orders")

    @router.get("/{order_id}")
    def order(order_id: int) -> int:
        _log_order(str(order_id))
        return order_id

    app.include_router(router)
    if add:
        app.add_middleware(LogCapyMiddleware)
    return app


def _starlette(tracer_provider: TracerProvider | None, add: bool) -> Any:
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    from logcapy.integrations.asgi import LogCapyMiddleware

    async def order(request: Any) -> PlainTextResponse:
        _log_order(request.path_params["order_id"])
        return PlainTextResponse("ok")

    orders = Mount("/orders", routes=[Route("/{order_id}", order)])
    app: Any = Starlette(routes=[orders], middleware=[Middleware(LogCapyMiddleware)] if add else [])
    if tracer_provider is not None:
        app = OpenTelemetryMiddleware(app, tracer_provider=tracer_provider)
    return app, served_by_uvicorn


def _flask(tracer_provider: TracerProvider | None, add: bool) -> Any:
    from flask import Flask
    from opentelemetry.instrumentation.flask import FlaskInstrumentor

    from logcapy.integrations.flask import LogCapy

    app = Flask("shop")

    @app.get("/orders/<order_id>")
    def order(order_id: str) -> str:
        _log_order(order_id)
        return order_id

    if add:
        LogCapy(app)
    if tracer_provider is not None:
        FlaskInstrumentor.instrument_app(app, tracer_provider=tracer_provider)
    return app, served_by_wsgiref


def _django(tracer_provider: TracerProvider | None, add: bool) -> Any:
    _django_settings(tracer_provider, add)
    from django.core.handlers.wsgi import WSGIHandler

    return WSGIHandler(), served_by_wsgiref


def _django_asgi(tracer_provider: TracerProvider | None, add: bool) -> Any:
    _django_settings(tracer_provider, add)
    from django.core.handlers.asgi import ASGIHandler

    return ASGIHandler(), served_by_uvicorn


def _django_settings(tracer_provider: TracerProvider | None, add: bool) -> None:
    import django
    from django.conf import settings
    from opentelemetry.instrumentation.django import DjangoInstrumentor

    if not settings.configured:
        settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], LOGGING_CONFIG=None)
        django.setup()
    if DjangoInstrumentor().is_instrumented_by_opentelemetry:
        DjangoInstrumentor().uninstrument()
    settings.MIDDLEWARE = ["logcapy.integrations.django.LogCapyMiddleware"] if add else []
    if tracer_provider is not None:
        DjangoInstrumentor().instrument(tracer_provider=tracer_provider)


def __getattr__(name: str) -> Any:
    if name != "urlpatterns":
        raise AttributeError(name)
    from django.http import HttpResponse
    from django.urls import path

    def order(request: Any, order_id: str) -> HttpResponse:
        _log_order(order_id)
        return HttpResponse(order_id)

    return [path("orders/<order_id>", order)]


_FRAMEWORKS: dict[str, Make] = {
    "fastapi": _fastapi,
    "fastapi-native": _fastapi_native,
    "starlette": _starlette,
    "flask": _flask,
    "django": _django,
    "django-asgi": _django_asgi,
}


def _log_order(order_id: str) -> None:
    bind(bound_id=order_id)
    with context(order_id=order_id):
        time.sleep(0.002)
        _records.log("order", {"recording": get_current_span().is_recording()})


def _tracer_provider(sampler: Any) -> TracerProvider:
    provider = TracerProvider(sampler=sampler)
    provider.add_span_processor(LogCapySpanProcessor())
    return provider


def serve_many(name: str) -> None:
    _patch.install()
    app, served = _FRAMEWORKS[name](_tracer_provider(ALWAYS_ON), False)
    with served(app) as port, ThreadPoolExecutor(20) as pool:
        answers = pool.map(lambda n: get(port, f"/orders/{n}", {"X-Request-ID": f"r-{n}"}), range(200))
        assert set(answers) == {200}
    names = ("order_id", "bound_id", "http.request.header.x-request-id", "url.path")
    json.dump([[record[name] for name in names] for record in _records.of("order")], sys.stdout)


def serve_each_way(name: str) -> None:
    found = {}
    _patch.install()  # before the framework is imported, as under opentelemetry-instrument
    for way in ("patched", "added", "bare"):
        if way == "added":
            _patch.uninstall()
        for tracing in ("sampled", "dropped", "none"):
            sampler = {"sampled": ALWAYS_ON, "dropped": ALWAYS_OFF, "none": None}[tracing]
            provider = _tracer_provider(sampler) if sampler is not None else None
            app, served = _FRAMEWORKS[name](provider, way == "added")
            before = len(_records.of("order"))
            with served(app) as port:
                status = get(port, "/orders/7?token=secret", _HEADERS)
            (found[f"{way} {tracing}"],) = _records.of("order")[before:]
            assert status == 200
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    sys.modules["tests.integrations.one_framework"] = sys.modules["__main__"]
    (serve_many if sys.argv[2:] == ["concurrent"] else serve_each_way)(sys.argv[1])
