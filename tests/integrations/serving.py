"""Real servers on 127.0.0.1 in threads, a client, and a provider that keeps what the enrichers make of records."""

from __future__ import annotations

import http.client
import logging
import socketserver
import threading
import time
import wsgiref.simple_server
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import uvicorn
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

from logcapy.capture.direct import emit_through
from logcapy.capture.exceptions import ExceptionProcessor
from logcapy.capture.stdlib import LogCapyHandler
from logcapy.process.enrich import ContextEnricher, RequestEnricher


class Records:
    """An SDK LoggerProvider with LogCapy's transforms before the processor that keeps the records."""

    def __init__(self) -> None:
        self._exporter = InMemoryLogRecordExporter()
        self.provider = LoggerProvider(shutdown_on_exit=False)
        self.provider.add_log_record_processor(ExceptionProcessor())
        for enricher in (ContextEnricher, RequestEnricher):
            self.provider.add_log_record_processor(enricher())
        self.provider.add_log_record_processor(SimpleLogRecordProcessor(self._exporter))
        self._logger = self.provider.get_logger("tests")

    def log(self, body: str, attributes: Mapping[str, Any] | None = None, **fields: Any) -> None:
        self._logger.emit(LogRecord(body=body, attributes=attributes, **fields))

    def of(self, body: str) -> list[dict[str, Any]]:
        """The attributes of each record whose body begins so."""
        records = [data.log_record for data in self._exporter.get_finished_logs()]
        return [dict(record.attributes or {}) for record in records if str(record.body).startswith(body)]

    def only(self, body: str) -> dict[str, Any]:
        """The same where there is one such record; waited for, as servers log after they have answered."""
        deadline = time.monotonic() + 5
        while not self.of(body) and time.monotonic() < deadline:
            time.sleep(0.01)
        (attributes,) = self.of(body)
        return attributes

    @property
    def bodies(self) -> list[str]:
        return [str(data.log_record.body) for data in self._exporter.get_finished_logs()]

    @property
    def last(self) -> LogRecord:
        return self._exporter.get_finished_logs()[-1].log_record

    def severity_of(self, body: str) -> str | None:
        (record,) = [data.log_record for data in self._exporter.get_finished_logs() if data.log_record.body == body]
        return record.severity_text

    @contextmanager
    def of_exceptions(self) -> Iterator[None]:
        """What LogCapy tells of exceptions by itself arrives here."""
        emit_through(self.provider)
        try:
            yield
        finally:
            emit_through(None)

    @contextmanager
    def listening_to(self, name: str) -> Iterator[None]:
        """Records of a logger of the standard library arrive here too."""
        logger, handler = logging.getLogger(name), LogCapyHandler(logging.NOTSET, self.provider)
        before = logger.level, logger.propagate
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.level, logger.propagate = before


@contextmanager
def served_by_uvicorn(app: Any) -> Iterator[int]:
    """The port of an ASGI application."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


class _Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    request_queue_size = 256
    daemon_threads = True


class _OneThreadServer(wsgiref.simple_server.WSGIServer):
    pass


class _Handler(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        logging.getLogger("access").info(format, *args)

    def get_stderr(self) -> Any:
        return _Silent()


class _Silent:
    def write(self, text: str) -> None: ...
    def flush(self) -> None: ...


@contextmanager
def served_by_wsgiref(app: Any, *, threads: bool = True) -> Iterator[int]:
    """The port of a WSGI application; without ``threads`` one thread serves one request after another."""
    kind = _Server if threads else _OneThreadServer
    with wsgiref.simple_server.make_server("127.0.0.1", 0, app, kind, _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(10)


def get(port: int, path: str, headers: Mapping[str, str] | None = None) -> int:
    """The status of a GET; the body is read."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()
