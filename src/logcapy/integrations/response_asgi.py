"""The response of an ASGI application on its way out: it returns the request's id, and is seen by the access record.

Nothing of it is held back or put together differently; a message is passed on in the moment it comes.
Source: https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from logcapy._guard import describe_error, say
from logcapy.process.request import RequestContext

from .access import Access

Send = Callable[[Any], Awaitable[None]]

_STARTS: Final = frozenset(("http.response.start", "websocket.accept", "websocket.http.response.start"))


def watched(send: Send, request: RequestContext, access: Access | None) -> Send:
    """What an application sends by instead; ``send`` itself where there is nothing to do."""
    if request.id is None and access is None:
        return send

    async def send_watched(message: Any) -> None:
        kind = message["type"]
        if kind in _STARTS:
            message = _with_id(message, request.id)
        if access is not None and kind == "http.response.start":
            access.start(message.get("status"))
        await send(message)
        if access is not None:
            _see_body(access, kind, message)

    return send_watched


def _see_body(access: Access, kind: str, message: Any) -> None:
    if kind == "http.response.body":
        access.add(message.get("body", b""))
    elif kind in ("http.response.pathsend", "http.response.zerocopysend"):
        access.add(None)
    else:
        return
    if not message.get("more_body"):
        access.end()


def _with_id(message: Any, request_id: tuple[str, str] | None) -> Any:
    """The message with the request's id, unless the application has set that header itself."""
    if request_id is None:
        return message
    try:
        name = request_id[0].encode()
        headers = list(message.get("headers") or ())
        if not any(key.lower() == name for key, _ in headers):
            headers.append((name, request_id[1].encode()))
        return {**message, "headers": headers}
    except Exception as error:  # noqa: BLE001 - what the server makes of such headers is the server's
        say("request id", f"a response goes without its request's id: {describe_error(error)}")
        return message
