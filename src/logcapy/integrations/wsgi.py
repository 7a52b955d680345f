"""Any WSGI application: log records know the request they belong to, and tell of the exceptions that leave it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from functools import partial
from typing import Any, TypeAlias

from logcapy.attributes import REQUEST_KEY
from logcapy.process.request import RequestContext, WsgiRequest, new_request

from ._telling import forget_context, tell_unhandled
from .access import Access, access_of
from .response_wsgi import watched

Environ: TypeAlias = MutableMapping[str, Any]
WSGIApp: TypeAlias = Callable[..., Iterable[bytes]]


def call_in_request(app: WSGIApp, environ: Environ, start_response: Any) -> Iterable[bytes]:
    """Call an application, its request being the current one until the server closes the response.

    So a body that is made while it is sent, and the server's access log, belong to the request too.
    """
    request = new_request(environ, WsgiRequest)
    if request is None:
        return app(environ, start_response)
    headers = partial(headers_of, environ)
    access = access_of(request, environ, headers)
    request.enter()
    try:
        body = app(environ, watched(start_response, request, access))
    except BaseException as error:
        tell_unhandled(error, environ, "wsgi", headers)
        if access is not None:
            access.end(error)
        forget_context(environ)
        request.leave(error)
        raise
    request.end()
    if _is_for_the_server(body, environ.get("wsgi.file_wrapper")):
        if access is not None:
            for chunk in body if isinstance(body, (list, tuple)) else (None,):
                access.add(chunk)
            access.end()
        forget_context(environ)
        request.leave()
        return body
    return _Body(body, request, environ, access)


def headers_of(environ: Environ) -> dict[str, str]:
    """The headers of a request by lower-case name."""
    return {name[5:].lower().replace("_", "-"): environ[name] for name in environ if name.startswith("HTTP_")}


def request_of(environ: Environ) -> RequestContext | None:
    """The request of an environ, to be told how its route, its user and its session are found; None if not known."""
    request = environ.get(REQUEST_KEY)
    return request if isinstance(request, RequestContext) else None


def _is_for_the_server(body: object, file_wrapper: object) -> bool:
    """Whether servers look at what a body is: a list's length, a file that they send by themselves (PEP 3333)."""
    if isinstance(body, (list, tuple)) or hasattr(body, "read"):
        return True
    return isinstance(file_wrapper, type) and isinstance(body, file_wrapper)


class _Body:
    """The body of a response, and the end of its request when the server closes it, as PEP 3333 makes it."""

    def __init__(self, body: Iterable[bytes], request: RequestContext, environ: Environ, access: Access | None) -> None:
        self._body = body
        self._request = request
        self._environ = environ
        self._access = access
        self._is_whole = False
        self._chunks: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            if self._chunks is None:
                self._chunks = iter(self._body)
            chunk = next(self._chunks)
            if self._access is not None:
                self._access.add(chunk)
            return chunk
        except StopIteration:
            self._is_whole = True
            raise
        except BaseException as error:
            tell_unhandled(error, self._environ, "wsgi", partial(headers_of, self._environ))
            self._request.mark(error)
            raise

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            if self._access is not None:
                is_head = self._environ.get("REQUEST_METHOD") == "HEAD"  # servers need not ask for its body
                self._access.end(aborted=not self._is_whole and not is_head)
            forget_context(self._environ)
            self._request.leave()
