"""HTTP connections whose answer ends with the request's timeout, however slowly it drips.

A socket's timeout starts anew with each byte; a server that sends one a second would hold a worker for hours.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection


class _UntilDeadline(io.RawIOBase):
    """A socket's stream that can be read for as long as the socket's timeout, counted from now, in all."""

    def __init__(self, sock: socket.socket, stream: io.RawIOBase) -> None:
        self._socket = sock
        self._stream = stream
        timeout = sock.gettimeout()
        self._deadline = None if timeout is None else time.monotonic() + timeout

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._deadline is not None:
            remaining = self._deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("timed out")
            self._socket.settimeout(remaining)
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """urllib3 sets the socket's timeout to what is left for reading just before it makes one of these."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_UntilDeadline(sock, self.fp.detach()))


class _DeadlineHTTPConnection(HTTPConnection):
    response_class = _Response


class _DeadlineHTTPSConnection(HTTPSConnection):
    response_class = _Response


class DeadlineHTTPConnectionPool(urllib3.HTTPConnectionPool):
    """A pool for ``http://``."""

    ConnectionCls = _DeadlineHTTPConnection


class DeadlineHTTPSConnectionPool(urllib3.HTTPSConnectionPool):
    """A pool for ``https://``."""

    ConnectionCls = _DeadlineHTTPSConnection
