"""Flask: log records know the request they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .wsgi import Environ, call_in_request, note_route

if TYPE_CHECKING:
    from flask import Flask


class LogCapy:
    """The extension: ``LogCapy(app)``, or ``LogCapy()`` and later ``init_app(app)``.

    Under ``opentelemetry-instrument`` or after ``logcapy.configure()`` every Flask application has it already, and
    adding it once more does nothing.

    Args:
        app: The application.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Wrap the ``wsgi_app`` of an application; once, however often it is called."""
        if "logcapy" in app.extensions:
            return
        app.extensions["logcapy"] = self
        inner = app.wsgi_app

        def wsgi_app(environ: Environ, start_response: Any) -> Iterable[bytes]:
            return call_in_request(inner, environ, start_response)

        app.wsgi_app = wsgi_app  # type: ignore[method-assign]
        note_routes()


def note_routes() -> None:
    """Let requests know their route as soon as Flask does. Applications without LogCapy are not concerned by it."""
    from flask.signals import request_started

    request_started.connect(_on_request_started)


def _on_request_started(sender: object, **extra: object) -> None:  # noqa: ARG001 - the signal's signature
    from flask import request

    rule = request.url_rule
    if rule is not None:
        route = rule.rule
        note_route(request.environ, lambda: route)
