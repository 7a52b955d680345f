"""Which request is served where code runs. What a request is comes with the integration that serves it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from logcapy.attributes import REQUEST_MARK

if TYPE_CHECKING:
    from .request import RequestContext

current_request: ContextVar[RequestContext | None] = ContextVar("logcapy_request", default=None)


def request_behind(error: BaseException | None) -> RequestContext | None:
    """The request that an exception has left."""
    return (getattr(error, "__dict__", None) or {}).get(REQUEST_MARK)
