"""The words of a request, as clients and spans have them, in the form that the semantic conventions give them."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

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
