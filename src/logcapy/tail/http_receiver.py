"""OTLP over HTTP/1.1.

Source: https://github.com/open-telemetry/opentelemetry-proto/blob/main/docs/specification.md#otlphttp
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # ships stubs without py.typed

from logcapy._guard import describe_error, say
from logcapy.render.escape import inert

from .body import read_body, unpack
from .decode import JSON, PROTOBUF
from .intake import MAX_REQUEST_BYTES, Intake
from .refusal import Refusal

_LINGER_SECONDS = 2.0


class HttpReceiver(ThreadingHTTPServer):
    """Listens from construction on, and answers from :meth:`start` on.

    Args:
        intake: Takes the requests.
        host: A name or an address of this machine.
        port: 0 for any that is free.
        max_request_bytes: Of a body, before and after it is unpacked.

    Raises:
        OSError: It cannot listen there.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, intake: Intake, host: str, port: int, *, max_request_bytes: int = MAX_REQUEST_BYTES) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.max_request_bytes = max_request_bytes
        self.paths: dict[str, Callable[[bytes, str], bytes]] = {
            "/v1/logs": intake.logs,
            "/v1/traces": intake.traces,
            "/v1/metrics": intake.metrics,
        }
        super().__init__((host, port), _Handler)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Answer requests in threads that do not keep the process alive."""
        threading.Thread(target=self.serve_forever, args=(0.2,), name="logcapy-tail-http", daemon=True).start()

    def stop(self) -> None:
        """Listen no more. Requests that are being answered are not waited for."""
        self.shutdown()
        self.server_close()

    def server_bind(self) -> None:
        """Bind without asking DNS for the machine's name, as the base class would."""
        TCPServer.server_bind(self)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - the base's signature
        """A sender that goes away is no news; anything else is told in one line."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, (ConnectionError, TimeoutError)):
            say("tail:connection", f"tail: a connection failed: {inert(describe_error(error))}")


class _Handler(BaseHTTPRequestHandler):
    """One connection, with as many requests as the sender likes."""

    server: HttpReceiver
    protocol_version = "HTTP/1.1"
    server_version = "logcapy-tail"
    sys_version = ""
    disable_nagle_algorithm = True

    def _handle(self) -> None:
        try:
            answer = self._take()
        except Refusal as refusal:
            self._refuse(refusal)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - the door: what one request does must not end the receiver
            self._refuse(Refusal(500, describe_error(error)))
        else:
            self._answer(200, b"{}" if self._media_type() == JSON else answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle  # noqa: N815 - http.server's

    def _take(self) -> bytes:
        limit = self.server.max_request_bytes
        keep, self.close_connection = self.close_connection, True
        body = read_body(self.headers, self.rfile, limit)
        self.close_connection = keep
        take = self.server.paths.get(self.path.partition("?")[0])
        if take is None:
            raise Refusal(404, f"nothing is at {self.path}; send to {', '.join(self.server.paths)}")
        if self.command != "POST":
            raise Refusal(405, f"{self.command} does nothing here; use POST")
        media_type = self._media_type()
        if media_type not in (PROTOBUF, JSON):
            raise Refusal(415, f"Content-Type {media_type!r} is not understood; use {PROTOBUF} or {JSON}")
        return take(unpack(body, self.headers.get("Content-Encoding", ""), limit), media_type)

    def _media_type(self) -> str:
        headers = getattr(self, "headers", None)
        return "" if headers is None else headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer with a ``google.rpc.Status``: protobuf to who speaks it, JSON to everybody else."""
        if self.command == "POST" and refusal.status != 503:  # which says that this process ends, as it will itself
            what = f"tail: refused a request to {self.path} with {refusal.status}: {refusal.reason}"
            say(f"tail:{refusal.status}", inert(what))
        if self._media_type() == PROTOBUF:
            self._answer(refusal.status, Status(message=inert(refusal.reason)).SerializeToString())
        else:
            self._answer(refusal.status, json.dumps({"message": refusal.reason}).encode())
        if self.close_connection:
            self._linger()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status, HTTPStatus(status).phrase)
        self.send_header("Content-Type", PROTOBUF if self._media_type() == PROTOBUF else JSON)
        self.send_header("Content-Length", str(len(body)))
        if status == 405:
            self.send_header("Allow", "POST")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _linger(self) -> None:
        """Read on for a while: closed at once, the sender would see a reset instead of the answer.

        Source: RFC 9112 section 9.6.
        """
        deadline = time.monotonic() + _LINGER_SECONDS
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_LINGER_SECONDS)
            while self.connection.recv(65536) and time.monotonic() < deadline:
                pass

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """What the base class refuses by itself: a request line or headers that are not HTTP."""
        reason = message or HTTPStatus(code).phrase
        say("tail:not_http", f"tail: a sender speaks something else than HTTP/1.1 here (TLS? gRPC?): {inert(reason)}")
        self.close_connection = True
        self._refuse(Refusal(int(code), reason))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the records are what people look at."""
