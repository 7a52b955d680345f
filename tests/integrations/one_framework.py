"""A process that serves one order by one framework, each way that LogCapy can be added (and not) and each way to trace.

``python -m tests.integrations.one_framework NAME`` prints the attributes of the record that the endpoint logged:
``{"patched sampled": {...}, ...}``. With ``concurrent`` after the name it serves 200 orders at once, of which every
second fails, each with an id and a user that its endpoint binds, and prints for each record
``[what it tells of, order id, id bound otherwise, user, request id, path]``. With ``patched failures`` or
``added failures`` it prints the same of an order that fails and of one that is refused.
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


class Failed(Exception):
    """Nobody handles it."""


class Refused(Exception):
    """An error handler answers it with 409."""


_HEADERS = {"User-Agent": "shop/1.0", "X-Request-ID": "r-1"}
_records = Records()
_FIRST_FAILED, _FIRST_REFUSED = 1000, 2000

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
    app.add_exception_handler(Refused, _refuse)
    if add:
        app.add_middleware(LogCapyMiddleware)
    return app


async def _refuse(request: Any, error: Exception) -> Any:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse("", 409)


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
    middleware = [Middleware(LogCapyMiddleware)] if add else []
    app: Any = Starlette(routes=[orders], middleware=middleware, exception_handlers={Refused: _refuse})
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

    app.register_error_handler(Refused, lambda error: ("", 409))
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
    ours = ["logcapy.integrations.django.LogCapyMiddleware"] if add else []
    settings.MIDDLEWARE = [*ours, f"{__name__}.refusing_middleware"]
    if tracer_provider is not None:
        DjangoInstrumentor().instrument(tracer_provider=tracer_provider)


def refusing_middleware(get_response: Any) -> Any:
    from django.http import HttpResponse

    class Middleware:
        def __call__(self, request: Any) -> Any:
            return get_response(request)

        def process_exception(self, request: Any, error: Exception) -> Any:
            return HttpResponse(status=409) if isinstance(error, Refused) else None

    return Middleware()


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
    with context(order_id=order_id, **{"user.id": f"u-{order_id}"}):
        time.sleep(0.002)
        _records.log("order", {"recording": get_current_span().is_recording()})
        if int(order_id) >= _FIRST_REFUSED:
            raise Refused
        if int(order_id) >= _FIRST_FAILED:
            raise Failed


def _tracer_provider(sampler: Any) -> TracerProvider:
    provider = TracerProvider(sampler=sampler)
    provider.add_span_processor(LogCapySpanProcessor())
    return provider


def serve_many(name: str) -> None:
    _patch.install()
    app, served = _FRAMEWORKS[name](_tracer_provider(ALWAYS_ON), False)
    numbers = [number + _FIRST_FAILED * (number % 2) for number in range(200)]
    with _records.of_exceptions(), served(app) as port, ThreadPoolExecutor(20) as pool:
        answers = pool.map(lambda n: get(port, f"/orders/{n}", {"X-Request-ID": f"r-{n}"}), numbers)
        assert list(answers) == [200, 500] * 100
    json.dump(_told(), sys.stdout)


def serve_failures(name: str) -> None:
    add = sys.argv[2] == "added"
    if not add:
        _patch.install()
    app, served = _FRAMEWORKS[name](None, add)
    with _records.of_exceptions(), served(app) as port:
        answers = [get(port, f"/orders/{n}", {"X-Request-ID": f"r-{n}"}) for n in (_FIRST_FAILED, _FIRST_REFUSED)]
        assert answers == [500, 409]
    json.dump(_told(), sys.stdout)


def _told() -> list[list[Any]]:
    names = ("order_id", "bound_id", "user.id", "http.request.header.x-request-id", "url.path")
    return [[record.get("exception.type"), *(record.get(name) for name in names)] for record in _records.of("")]


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
    modes = {"concurrent": serve_many, "failures": serve_failures}
    modes.get(sys.argv[-1], serve_each_way)(sys.argv[1])
