"""Requests before one is served: what is done with them, how their words are written, and which is served where.

Until LogCapy is set up nothing is done: no response is changed, no proxy is trusted, no record is made. What a request
is comes with the integration that serves it.
"""

from __future__ import annotations

import hashlib
import hmac
from contextvars import ContextVar
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from logcapy._value import Value
from logcapy.attributes import REQUEST_MARK
from logcapy.config import OFF, LogCapyConfig

if TYPE_CHECKING:
    from .proxies import Networks
    from .request import RequestContext


class RequestSettings(Value):
    """The settings of ``LogCapyConfig`` that concern requests, ready for use.

    Args:
        id_header: The lower-case name of the header that a request's id comes and goes in; None for none.
        trusted_proxies: The networks whose word on the client's address is believed.
        access_log: Whether each request is told of when its response has ended.
        user_hash_key: With what a user's id and a session's key are made tokens; empty for the id itself, no session.
    """

    id_header: str | None = None
    trusted_proxies: Networks = ()
    access_log: bool = False
    user_hash_key: bytes = b""


def use(config: LogCapyConfig | None) -> None:
    """Serve requests as a configuration says from now on; None for as without LogCapy."""
    global _settings
    if config is None:
        _settings = RequestSettings()
        return
    header = config.request_id_header.lower()
    networks = tuple(ip_network(one) for one in config.trusted_proxies)
    key = (config.user_hash_key or "").encode()
    _settings = RequestSettings(None if header == OFF else header, networks, config.access_log, key)


def request_settings() -> RequestSettings:
    """What holds now."""
    return _settings


_settings = RequestSettings()


current_request: ContextVar[RequestContext | None] = ContextVar("logcapy_request", default=None)


def request_behind(error: BaseException | None) -> RequestContext | None:
    """The request that an exception has left."""
    return (getattr(error, "__dict__", None) or {}).get(REQUEST_MARK)


_LONGEST_VALUE = 1024
# Source: https://opentelemetry.io/docs/specs/semconv/registry/attributes/http/#http-request-method
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"))


def known_method(method: str | None) -> str | None:
    """``http.request.method``: a method that is none of HTTP's is ``_OTHER``."""
    return method if not method or method in _METHODS else "_OTHER"


def without_port(host: str) -> str:
    """The name or address of ``name:port``, ``address``, ``[IPv6]:port`` or a bare IPv6 address."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, _, port = host.partition(":")
    return name if ":" not in port else host


def shortened(value: Any) -> Any:
    """A client's text at a bounded length: it would go on every record of the request."""
    return value[:_LONGEST_VALUE] if isinstance(value, str) else value


def token_of(text: str, key: bytes) -> str:
    """A token for a text: 64 bits of HMAC-SHA-256, from which nobody without the key finds the text by trying."""
    return hmac.new(key, text.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()[:16]
