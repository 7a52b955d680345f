"""Flask: log records know the request they belong to, and tell of its exceptions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from logcapy.attributes import REQUEST_KEY

from ._methods import Method, Methods
from ._telling import note_context, tell_handled, tell_unhandled
from .wsgi import Environ, call_in_request, headers_of, request_of

if TYPE_CHECKING:
    from flask import Flask

#: Where the environ keeps the exception that an error handler has taken, until Flask has made its response.
_HANDLED_KEY = "logcapy.handled"


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
        watch()


def watch() -> None:
    """Let requests know their route as soon as Flask does, and their exceptions.

    Applications without LogCapy are not concerned by it. Idempotent.
    """
    from flask import signals

    signals.request_started.connect(_on_request_started)
    signals.got_request_exception.connect(_on_got_request_exception)
    signals.request_finished.connect(_on_request_finished)
    _methods.install()


def _on_request_started(sender: object, **extra: object) -> None:  # noqa: ARG001 - the signal's signature
    from flask import request

    rule, noted = request.url_rule, request_of(request.environ)
    if rule is not None and noted is not None:
        route = rule.rule
        noted.find_route = lambda: route


def _on_got_request_exception(sender: object, exception: BaseException, **extra: object) -> None:  # noqa: ARG001
    """Nobody has handled it. The span is still open, and Flask has not logged it yet."""
    from flask import request

    tell_unhandled(exception, request.environ, "flask", partial(headers_of, request.environ))


def _on_request_finished(sender: object, response: Any, **extra: object) -> None:  # noqa: ARG001
    """The response is made, and the span is still open."""
    from flask import request

    environ = request.environ
    note_context(environ)
    error = environ.pop(_HANDLED_KEY, None)
    if error is not None:
        tell_handled(error, environ, "flask", response, _is_client_error)


def _handle_user_exception(original: Callable[..., Any]) -> Callable[..., Any]:
    def handle_user_exception(self: Any, *args: Any) -> Any:
        from flask import request

        answer = original(self, *args)
        if REQUEST_KEY in request.environ:
            request.environ[_HANDLED_KEY] = args[-1]  # after the application's context, where Flask hands that on
        return answer

    return handle_user_exception


def _is_client_error(error: BaseException) -> bool:
    """Whether an exception says that the client is wrong; one that carries a response has no code of its own."""
    from werkzeug.exceptions import HTTPException

    return isinstance(error, HTTPException) and (error.code is None or error.code < 500)


_methods = Methods(
    (Method("flask.app", "Flask", "handle_user_exception", _handle_user_exception),),
    loss="log records do not tell of the handled exceptions",
)
