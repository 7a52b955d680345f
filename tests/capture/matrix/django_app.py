"""Django: its settings, its URLs and both of its entry points."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse

from .errors import Boom, Broken, Refused

DEBUG = False
SECRET_KEY = "for tests"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = __name__
MIDDLEWARE = ["tests.capture.matrix.django_app.Middleware"]
USE_TZ = True


class Middleware:
    sync_capable = async_capable = True

    def __new__(cls, get_response: Any) -> Any:
        return (_AsyncMiddleware if iscoroutinefunction(get_response) else _SyncMiddleware)(get_response)


class _SyncMiddleware:
    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        response = self.get_response(request)
        if request.path.startswith("/middleware/"):
            raise Boom(request.path)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, (Refused, Broken)):
            return HttpResponse("", status=409 if isinstance(exception, Refused) else 503)
        return None


class _AsyncMiddleware(_SyncMiddleware):
    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> Any:
        response = await self.get_response(request)
        if request.path.startswith("/middleware/"):
            raise Boom(request.path)
        return response


def fail(request: HttpRequest, kind: str, token: str) -> Any:
    if kind in ("ready", "middleware"):
        return HttpResponse(token)
    if kind == "http-404":
        raise Http404(token)
    if kind == "denied":
        raise PermissionDenied(token)
    raise {"unhandled": Boom, "handled": Refused, "handled-with-503": Broken}[kind](token)


async def fail_async(request: HttpRequest, token: str) -> None:
    await asyncio.sleep(0)
    raise Boom(token)


def streaming(request: HttpRequest, token: str) -> StreamingHttpResponse:
    def body() -> Iterator[str]:
        yield "x"
        raise Boom(token)

    async def body_async() -> AsyncIterator[str]:
        yield "x"
        raise Boom(token)

    return StreamingHttpResponse(body_async() if hasattr(request, "scope") else body())


def __getattr__(name: str) -> Any:
    if name == "urlpatterns":
        from django.urls import path

        return [
            path("streaming/<token>", streaming),
            path("unhandled-async/<token>", fail_async),
            path("<kind>/<token>", fail),
        ]
    if name == "wsgi":
        from django.core.wsgi import get_wsgi_application

        return get_wsgi_application()
    if name == "asgi":
        from django.core.asgi import get_asgi_application

        return get_asgi_application()
    raise AttributeError(name)
