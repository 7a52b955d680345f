"""The request in whose context code runs. Set by the integrations, read by RequestEnricher.

It is there for requests that are not sampled, whose span knows nothing, and where no span exists at all. Nothing
is read from the request before a record needs it: proxies' middleware and routing come after the request does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final

from logcapy._guard import describe_error, say_once
from logcapy.attributes import (
    CLIENT_ADDRESS,
    HTTP_REQUEST_METHOD,
    HTTP_ROUTE,
    REQUEST_KEY,
    REQUEST_MARK,
    SERVER_ADDRESS,
    URL_PATH,
    URL_SCHEME,
    USER_AGENT_ORIGINAL,
)
from logcapy.draft import NOTHING_SHARED, Shared

from .context import bound_values
from .proxies import client_behind
from .request_id import valid_or_new
from .serving import current_request, known_method, request_settings, shortened, token_of, without_port

USER_ID: Final = "user.id"
SESSION_ID: Final = "session.id"

_ID_HEADERS = ("x-request-id", "x-correlation-id")


class RequestContext:
    """What is known of one request. ``with request:`` makes it the current one.

    Values that code binds while it is current (``context.bind``) are taken off at its end, so that neither they
    nor the request itself reach the next one on the same thread, task or connection.

    Args:
        carrier: The ASGI scope or WSGI environ. A carrier that middleware has copied still names its request.
    """

    def __init__(self, carrier: MutableMapping[str, Any]) -> None:
        self._carrier = carrier
        settings = request_settings()
        self._trusted = settings.trusted_proxies
        self._user_hash_key = settings.user_hash_key
        #: The name of the header that the request's id comes and goes in, and the id; None if it has none.
        self.id: tuple[str, str] | None = None
        if settings.id_header is not None:
            sent = self.header(settings.id_header)
            self.id = settings.id_header, valid_or_new(sent[0] if sent else None)
        #: Asks the framework for the route's template; None while it is not known. Set by the integration.
        self.find_route: Callable[[], str | None] = unknown
        #: Asks the framework for the user's id; None while it is not known. Set by the integration.
        self.find_user: Callable[[], str | None] = unknown
        #: Asks the framework for the session's key; None while it is not known. Set by the integration.
        self.find_session: Callable[[], str | None] = unknown
        #: Nanoseconds since the epoch; None while the request is served.
        self.ended: int | None = None
        #: Whether a server span remembers this request.
        self.has_span = False
        #: What was bound when the request ended.
        self.values: Shared = NOTHING_SHARED
        self._before: tuple[RequestContext | None, Shared] = (None, NOTHING_SHARED)
        self._starts_with: Shared = NOTHING_SHARED
        self._known: Shared | None = None
        self._known_with_visitor: tuple[dict[str, str], Shared] | None = None

    def attributes(self) -> Shared:
        """The request in the stable names of the semantic conventions.

        The query is left out: it is where tokens and personal data travel.
        """
        found = self._known
        if found is None:
            found = Shared({name: shortened(value) for name, value in self._read().items() if value})
            client = self.client_behind_proxies()
            if client is not None:
                found[CLIENT_ADDRESS] = client
            route = self.find_route()
            if route:
                found[HTTP_ROUTE] = route
                self._known = found  # once routed, nothing of it changes any more, but the visitor
        visitor = self.visitor()
        if not visitor:
            return found
        known = self._known_with_visitor
        if known is None or known[0] != visitor or self._known is None:
            known = self._known_with_visitor = visitor, Shared({**found, **visitor})
        return known[1]

    def visitor(self) -> dict[str, str]:
        """``user.id`` and ``session.id``, as the framework knows them now; tokens, if the settings have a key for them.

        Without a key there is no session: whoever has the key of a session has what its user has.
        """
        key, visitor = self._user_hash_key, {}
        user = self.find_user()
        if user:
            visitor[USER_ID] = token_of(user, key) if key else shortened(user)
        session = self.find_session() if key else None
        if session:
            visitor[SESSION_ID] = token_of(session, key)
        return visitor

    def has_constant_visitor(self) -> bool:
        """Whether no integration could tell of one."""
        return self.find_user is unknown and self.find_session is unknown

    def client_behind_proxies(self) -> str | None:
        """What proxies that are trusted tell of the client's address."""
        if not self._trusted:
            return None
        return client_behind(self.peer(), self.header("forwarded"), self.header("x-forwarded-for"), self._trusted)

    def header(self, name: str) -> list[str]:
        """The values of a header, by its lower-case name."""
        raise NotImplementedError

    def peer(self) -> Any:
        """The address that the request came from directly."""
        raise NotImplementedError

    def _read(self) -> dict[str, Any]:
        raise NotImplementedError

    def _ids(self) -> dict[str, tuple[str]]:
        """What identifies the request: its own id, and what the client calls it otherwise."""
        ids: dict[str, tuple[str]] = {}
        for name in _ID_HEADERS:
            sent = self.header(name)
            if sent and sent[0]:
                ids[f"http.request.header.{name}"] = (shortened(sent[0]),)
                break
        if self.id is not None:
            ids[f"http.request.header.{self.id[0]}"] = (self.id[1],)
        return ids

    def enter(self) -> None:
        """Become the current request."""
        before, values = current_request.get(), bound_values.get()
        self._starts_with = values
        if before is not None:
            # No request sees what another has bound, not one that is served within it or in a task that it started.
            self._starts_with = before._starts_with
            bound_values.set(self._starts_with)
        self._before = _unended(before, values)
        current_request.set(self)

    def leave(self, error: BaseException | None = None) -> None:
        """End, with the exception that the application has let out if it has."""
        self.values = bound_values.get()
        if error is not None:
            self.mark(error)
        self.end()
        if self._carrier.get(REQUEST_KEY) is self:
            del self._carrier[REQUEST_KEY]  # or carrier and request would keep one another alive
        if current_request.get() is self:
            before, values = _unended(*self._before)
            current_request.set(before)
            bound_values.set(values)

    def __enter__(self) -> None:
        self.enter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.leave(error)

    def end(self) -> None:
        """The application has answered; what is left of the response may still be on its way."""
        if self.ended is None:
            self.ended = time.time_ns()

    def mark(self, error: BaseException) -> None:
        """Let an exception that leaves the request name it, for the server that logs the exception afterwards."""
        with suppress(Exception):  # of an exception that lies about its very attributes
            error.__dict__[REQUEST_MARK] = self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles as nothing, so that an exception which carries it can still cross a process."""
        return type(None), ()


def _unended(request: RequestContext | None, values: Shared) -> tuple[RequestContext | None, Shared]:
    """What to go back to: an ended request is left over, by a response that nobody closed or a task it started."""
    while request is not None and request.ended is not None:
        request, values = request._before
    return request, values


def new_request(
    carrier: MutableMapping[str, Any], kind: Callable[[MutableMapping[str, Any]], RequestContext]
) -> RequestContext | None:
    """The request of a carrier, to be entered; None if it is current already or cannot be made out. Never raises."""
    try:
        request = carrier.get(REQUEST_KEY)
        if request is not None and request is current_request.get():
            return None
        request = carrier[REQUEST_KEY] = kind(carrier)
        return request
    except Exception as error:  # noqa: BLE001 - a carrier of another shape must not cost the application its request
        say_once("request context", f"log records do not know their request: {describe_error(error)}")
        return None


class AsgiRequest(RequestContext):
    """A request or WebSocket connection of ASGI. Source: https://asgi.readthedocs.io/en/latest/specs/www.html."""

    def __init__(self, carrier: MutableMapping[str, Any]) -> None:
        super().__init__(carrier)
        self._path = carrier.get("path")  # a router may take the path of a mounted application off

    def header(self, name: str) -> list[str]:
        """The values of a header, by its lower-case name."""
        wanted = name.encode()
        return [value.decode("latin-1") for key, value in self._carrier.get("headers") or () if key == wanted]

    def peer(self) -> Any:
        """The address that the request came from directly."""
        return (self._carrier.get("client") or (None,))[0]

    def _read(self) -> dict[str, Any]:
        scope = self._carrier
        host = "".join(self.header("host")[:1])
        return {
            HTTP_REQUEST_METHOD: known_method(scope.get("method")),
            URL_PATH: self._path,
            URL_SCHEME: scope.get("scheme"),
            CLIENT_ADDRESS: self.peer(),
            SERVER_ADDRESS: without_port(host) if host else (scope.get("server") or (None,))[0],
            USER_AGENT_ORIGINAL: "".join(self.header("user-agent")[:1]),
            **self._ids(),
        }


class WsgiRequest(RequestContext):
    """A request of WSGI. Source: https://peps.python.org/pep-3333/."""

    def header(self, name: str) -> list[str]:
        """The values of a header, by its lower-case name; servers have joined them to one."""
        value = self._carrier.get("HTTP_" + name.upper().replace("-", "_"))
        return [] if value is None else [value]

    def peer(self) -> Any:
        """The address that the request came from directly."""
        return self._carrier.get("REMOTE_ADDR")

    def _read(self) -> dict[str, Any]:
        environ = self._carrier
        host = environ.get("HTTP_HOST")
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        return {
            HTTP_REQUEST_METHOD: known_method(environ.get("REQUEST_METHOD")),
            URL_PATH: path.encode("latin-1", "replace").decode("utf-8", "replace"),
            URL_SCHEME: environ.get("wsgi.url_scheme"),
            CLIENT_ADDRESS: self.peer(),
            SERVER_ADDRESS: without_port(host) if host else environ.get("SERVER_NAME"),
            USER_AGENT_ORIGINAL: environ.get("HTTP_USER_AGENT"),
            **self._ids(),
        }


def unknown() -> str | None:
    """What is said of a route, user or session where no integration knows better."""
    return None
