"""The start of a WSGI response: it returns the request's id, and is seen by the access record.

Source: https://peps.python.org/pep-3333/#the-start-response-callable
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from logcapy._guard import describe_error, say
from logcapy.process.request import RequestContext

from .access import Access


def watched(start_response: Any, request: RequestContext, access: Access | None) -> Any:
    """What an application calls instead; ``start_response`` itself where there is nothing to do."""
    if request.id is None and access is None:
        return start_response

    def start_response_watched(status: str, headers: Any, *exc_info: Any) -> Any:
        write = start_response(status, _with_id(headers, request.id), *exc_info)
        if access is None:
            return write
        code = str(status)[:3]
        access.start(int(code) if code.isdecimal() else None)
        return _counted(write, access)

    return start_response_watched


def _counted(write: Callable[[bytes], Any], access: Access) -> Callable[[bytes], Any]:
    def write_counted(chunk: bytes) -> Any:
        access.add(chunk)
        return write(chunk)

    return write_counted


def _with_id(headers: Any, request_id: tuple[str, str] | None) -> Any:
    """The headers with the request's id, unless the application has set it itself: a new list, as servers need one."""
    if request_id is None:
        return headers
    try:
        if any(name.lower() == request_id[0] for name, _ in headers):
            return headers
        return [*headers, (_title(request_id[0]), request_id[1])]
    except Exception as error:  # noqa: BLE001 - what the server makes of such headers is the server's
        say("request id", f"a response goes without its request's id: {describe_error(error)}")
        return headers


def _title(name: str) -> str:
    return "-".join(word.capitalize() for word in name.split("-"))
