"""Starlette, FastAPI, Flask and Django know LogCapy without a change of code.

What is patched is where a server calls the application: ``__call__`` of its class. Instrumentations work further
in (the middleware stack, ``wsgi_app``, ``MIDDLEWARE``) or replace the class by a subclass, so both fit, in any
order. No framework is imported: wrapt calls back when the application imports it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import isfunction
from types import ModuleType
from typing import Any

from wrapt import register_post_import_hook

from logcapy._guard import describe_error, say_once

from . import asgi, wsgi

_Replacement = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class _Patch:
    """A method that was replaced, to be put back."""

    owner: Any
    name: str
    original: Callable[..., Any]
    replacement: Callable[..., Any]


_active = False
_hooked: set[str] = set()
_patches: dict[str, _Patch] = {}


def install() -> None:
    """Patch the frameworks that are imported, now and later. Idempotent; never raises."""
    global _active
    _active = True
    for name in _METHODS:
        try:
            if name in sys.modules:
                _on_import(sys.modules[name])
            elif name not in _hooked:
                _hooked.add(name)
                register_post_import_hook(_on_import, name)
        except Exception as error:  # noqa: BLE001 - the application runs without it
            _say(name, error)


def uninstall() -> None:
    """Put everything back; what others have wrapped since stays wrapped and does nothing any more."""
    global _active
    _active = False
    for module_name, patch in list(_patches.items()):
        if vars(patch.owner).get(patch.name) is patch.replacement:
            setattr(patch.owner, patch.name, patch.original)
            del _patches[module_name]


def _on_import(module: ModuleType) -> None:
    """The hook of wrapt, which has no way to be taken back."""
    if not _active:
        return
    name = module.__name__
    try:
        if name not in _patches:
            class_name, method, replacement = _METHODS[name]
            _patches[name] = _patched(getattr(module, class_name), method, replacement)
    except Exception as error:  # noqa: BLE001 - an exception would make the application's import fail
        _say(name, error)


def _patched(owner: Any, name: str, replacement: _Replacement) -> _Patch:
    original = vars(owner)[name]
    if not isfunction(original):
        raise TypeError(f"{owner.__qualname__}.{name} is a {type(original).__name__}")
    patch = _Patch(owner, name, original, wraps(original)(replacement(original)))
    setattr(owner, name, patch.replacement)
    return patch


def _say(module_name: str, error: Exception) -> None:
    message = f"log records do not know the requests of {module_name.partition('.')[0]}: {describe_error(error)}"
    say_once(f"patch:{module_name}", message)


def _asgi(original: Callable[..., Any]) -> Callable[..., Any]:
    # Servers tell the two generations of ASGI apart by whether this is a coroutine function.
    async def __call__(self: Any, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:  # noqa: N807
        if not _active:
            await original(self, scope, receive, send)
            return
        await asgi.call_in_request(original.__get__(self), scope, receive, send)

    return __call__


def _wsgi(original: Callable[..., Any]) -> Callable[..., Any]:
    def __call__(self: Any, environ: wsgi.Environ, start_response: Any) -> Any:  # noqa: N807
        if not _active:
            return original(self, environ, start_response)
        return wsgi.call_in_request(original.__get__(self), environ, start_response)

    return __call__


def _django_route(original: Callable[..., Any]) -> Callable[..., Any]:
    from .django import note_route_of

    def resolve_request(self: Any, request: Any) -> Any:
        if _active:
            note_route_of(request)
        return original(self, request)

    return resolve_request


def _flask(original: Callable[..., Any]) -> Callable[..., Any]:
    from .flask import note_routes

    note_routes()
    return _wsgi(original)


#: Where: module, class, method; what it becomes.
_METHODS: dict[str, tuple[str, str, _Replacement]] = {
    "starlette.applications": ("Starlette", "__call__", _asgi),
    "fastapi.applications": ("FastAPI", "__call__", _asgi),
    "flask.app": ("Flask", "__call__", _flask),
    "django.core.handlers.base": ("BaseHandler", "resolve_request", _django_route),
    "django.core.handlers.wsgi": ("WSGIHandler", "__call__", _wsgi),
    "django.core.handlers.asgi": ("ASGIHandler", "__call__", _asgi),
}
