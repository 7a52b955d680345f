"""Any WSGI application: log records know the request they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any, TypeAlias

from logcapy.process.request import REQUEST_KEY, RequestContext, WsgiRequest, new_request

Environ: TypeAlias = MutableMapping[str, Any]
WSGIApp: TypeAlias = Callable[..., Iterable[bytes]]


def call_in_request(app: WSGIApp, environ: Environ, start_response: Any) -> Iterable[bytes]:
    """Call an application, its request being the current one until the server closes the response.

    So a body that is made while it is sent, and the server's access log, belong to the request too.
    """
    request = new_request(environ, WsgiRequest)
    if request is None:
        return app(environ, start_response)
    request.enter()
    try:
        body = app(environ, start_response)
    except BaseException as error:
        request.leave(error)
        raise
    request.end()
    if _is_for_the_server(body, environ.get("wsgi.file_wrapper")):
        request.leave()
        return body
    return _Body(body, request)


def note_route(environ: Environ, find_route: Callable[[], str | None]) -> None:
    """Tell the request of an environ how its route is found; nothing if the request is not known."""
    request = environ.get(REQUEST_KEY)
    if isinstance(request, RequestContext):
        request.find_route = find_route


def _is_for_the_server(body: object, file_wrapper: object) -> bool:
    """Whether servers look at what a body is: a list's length, a file that they send by themselves (PEP 3333)."""
    if isinstance(body, (list, tuple)) or hasattr(body, "read"):
        return True
    return isinstance(file_wrapper, type) and isinstance(body, file_wrapper)


class _Body:
    """The body of a response, and the end of its request when the server closes it, as PEP 3333 makes it."""

    def __init__(self, body: Iterable[bytes], request: RequestContext) -> None:
        self._body = body
        self._request = request
        self._chunks: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            if self._chunks is None:
                self._chunks = iter(self._body)
            return next(self._chunks)
        except StopIteration:
            raise
        except BaseException as error:
            self._request.mark(error)
            raise

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._request.leave()
