"""A server's span around the calls, with the attributes that an instrumented framework gives it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

_REQUEST = {"http.method": "POST", "http.route": "/orders", "http.target": "/orders", "net.peer.ip": "192.0.2.7"}


def server_span() -> Callable[[], AbstractContextManager[object]]:
    """Make a TracerProvider the global one, and return what opens a span."""
    provider = TracerProvider(shutdown_on_exit=False)
    trace.set_tracer_provider(provider)
    tracer = provider.get_tracer("server")
    return lambda: tracer.start_as_current_span("POST", kind=trace.SpanKind.SERVER, attributes=_REQUEST)
