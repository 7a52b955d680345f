"""The servers' own access records are left out where LogCapy makes one of each request itself."""

from __future__ import annotations

import logging
from typing import Final

from opentelemetry._logs import LoggerProvider

from logcapy.capture.stdlib import LogCapyHandler
from logcapy.process.serving import request_settings

_SERVERS: Final = frozenset(("uvicorn.access", "gunicorn.access"))
_serving = False


class HandlerBesideAccess(LogCapyHandler):
    """LogCapyHandler without the servers' access records, from the first request that LogCapy tells of itself."""

    def __init__(self, level: int = logging.NOTSET, logger_provider: LoggerProvider | None = None) -> None:
        super().__init__(level, logger_provider)
        self.listener.pass_over(_SERVERS, _is_told)


def note_request() -> None:
    """LogCapy tells of a request."""
    global _serving
    _serving = True


def _is_told() -> bool:
    return _serving and request_settings().access_log
