"""Which server span a span belongs to. Only the server span knows the request; its children do not."""

from __future__ import annotations

from opentelemetry.trace import Span, SpanKind

from .attributes import SERVER_SPAN_MARK


def remember_server_span(span: Span, parent: Span) -> None:
    """Note on a span that starts the server span above it; one attribute on the span object."""
    server = server_span_of(parent)
    if server is not None and getattr(span, "kind", None) is not SpanKind.SERVER:
        setattr(span, SERVER_SPAN_MARK, server)


def server_span_of(span: Span) -> Span | None:
    """The server span that a span is, or that it runs under in this process; None if there is none."""
    if getattr(span, "kind", None) is SpanKind.SERVER:
        return span
    server: Span | None = getattr(span, SERVER_SPAN_MARK, None)
    return server
