"""An HTTP server that answers as it is told, and remembers what it was asked."""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Request:
    """A request as it came; ``headers`` by lower-case name, ``body`` decompressed."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    raw_body: bytes
    connection: tuple[str, int]


@dataclass(frozen=True)
class Answer:
    """What to answer.

    Args:
        status: The status.
        headers: Beside ``Content-Length``.
        body: The body.
        drip_seconds: Send the body for ever, a byte each so many seconds.
        endless: Send the body again and again, without a length.
        declared_length: A ``Content-Length`` that is not true.
        hang_up: Say nothing and close the connection.
        hang_seconds: Wait before answering.
        drip_headers: Send header bytes for ever, one each ``drip_seconds``.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    drip_seconds: float | None = None
    endless: bool = False
    declared_length: int | None = None
    hang_up: bool = False
    hang_seconds: float = 0.0
    drip_headers: bool = False


class ScriptedServer:
    """Answers with ``answers`` in turn, the last one from then on; ``requests`` is what came.

    ``respond`` answers instead, by what is asked, if it is set.
    """

    def __init__(self, server: ThreadingHTTPServer, scheme: str) -> None:
        self.port: int = server.server_address[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self.requests: list[Request] = []
        self.answers: list[Answer] = [Answer()]
        self.respond: Callable[[Request], Answer] | None = None
        self.bytes_sent = 0
        self.stopping = threading.Event()

    def next_answer(self, request: Request) -> Answer:
        if self.respond is not None:
            return self.respond(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: ScriptedServer

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        if self.script.stopping.is_set():  # a connection that was kept alive ends with the server
            self.close_connection = True
            return
        raw_body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = gzip.decompress(raw_body) if headers.get("content-encoding") == "gzip" else raw_body
        request = Request(self.path, headers, body, raw_body, self.client_address)
        self.script.requests.append(request)
        try:
            self._answer(self.script.next_answer(request))
        except OSError:  # the client had enough
            self.close_connection = True

    do_GET = do_POST  # noqa: N815 - the base class's name; a client that followed a redirect would come by it

    def _answer(self, answer: Answer) -> None:
        if self.script.stopping.wait(answer.hang_seconds) or answer.hang_up:
            self.close_connection = True
            return
        if answer.drip_headers:
            self._send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            self._drip(answer)
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.endless or answer.drip_seconds is not None:
            self.close_connection = True
        elif answer.status not in (204, 304):
            length = len(answer.body) if answer.declared_length is None else answer.declared_length
            self.send_header("Content-Length", str(length))
            self.close_connection = answer.declared_length is not None
        self.end_headers()
        self._send(answer.body)
        while answer.endless and not self.script.stopping.is_set():
            self._send(answer.body)
        if answer.drip_seconds is not None:
            self._drip(answer)

    def _drip(self, answer: Answer) -> None:
        self.close_connection = True
        while not self.script.stopping.wait(answer.drip_seconds):
            self._send(b"x")

    def _send(self, data: bytes) -> None:
        self.wfile.write(data)
        self.script.bytes_sent += len(data)


@contextmanager
def scripted_server(tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[ScriptedServer]:
    """A server on a port of 127.0.0.1, a free one unless it is told which; with ``tls`` it speaks HTTPS."""
    handler = type("Handler", (_Handler,), {})
    server = _QuietServer(("127.0.0.1", port), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    script = handler.script = ScriptedServer(server, "https" if tls else "http")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield script
    finally:
        script.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Failed handshakes and broken connections are what some tests are about."""
