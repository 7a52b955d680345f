"""FastAPI: a logger as a dependency, named after the end point's module and bound to the parameters of its path.

What else is known of the request, its route, method, client and id, is on every record anyway.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends
from starlette.requests import HTTPConnection

if TYPE_CHECKING:
    _Adapter = logging.LoggerAdapter[logging.Logger]
else:
    _Adapter = logging.LoggerAdapter  # takes no type in Python 3.10

#: The parameters of a request's path by their names, as the route has converted them.
ROUTE_PARAMETERS: Final = "logcapy.route.parameters"


class BoundLogger(_Adapter):
    """A logger whose records carry its own ``extra`` and that of the call; the call's wins."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Put the ``extra`` of the logger under that of the call, where the standard library's would replace it."""
        return msg, {**kwargs, "extra": {**(self.extra or {}), **(kwargs.get("extra") or {})}}


# A coroutine, as FastAPI sends functions that are none to a thread.
async def request_logger(connection: HTTPConnection) -> BoundLogger:
    """The logger of a request: what :data:`RequestLogger` depends on."""
    parameters = dict(connection.path_params)
    endpoint = inspect.unwrap(connection.scope.get("endpoint", request_logger))
    endpoint = getattr(endpoint, "func", endpoint)  # what a functools.partial calls
    return BoundLogger(logging.getLogger(endpoint.__module__), {ROUTE_PARAMETERS: parameters} if parameters else {})


#: ``def end_point(log: RequestLogger)``, in end points, WebSockets and dependencies, sync or async.
RequestLogger = Annotated[BoundLogger, Depends(request_logger)]
