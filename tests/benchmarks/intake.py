"""An OTLP/HTTP intake in a process of its own that answers 200 and counts: ``python -m tests.benchmarks.intake``.

It prints its port. Bodies are kept and decoded when somebody asks, so that counting takes nothing from a measurement.
``GET /count`` returns records, bytes and requests since the last time; ``GET /last`` the last body that was counted.
What is sent to a path that begins with ``/silent`` is never answered.
"""

from __future__ import annotations

import asyncio
import gzip
import json

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest


class Bodies:
    """What was received since somebody asked."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []
        self._last = b""

    def add(self, body: bytes) -> None:
        self._kept.append(body)

    def count(self) -> dict[str, int]:
        """Count and forget."""
        bodies, self._kept = self._kept, []
        plain = [gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body for body in bodies]
        self._last = plain[-1] if plain else b""
        return {"records": sum(map(_records, plain)), "bytes": sum(map(len, bodies)), "requests": len(bodies)}

    def last(self) -> bytes:
        return self._last


def _records(body: bytes) -> int:
    request = ExportLogsServiceRequest.FromString(body)
    return sum(len(scope.log_records) for resource in request.resource_logs for scope in resource.scope_logs)


class Connection(asyncio.Protocol):
    """One connection, with requests one after the other."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (request := self._take_request()) is not None:
            answer = self._answer(*request)
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))

    def _take_request(self) -> tuple[bytes, bytes] | None:
        """The path and body of one request, if all of it is there and it is to be answered."""
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = bytes(self._received[:end]).split(b"\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(b":") for line in lines)}
        total = end + 4 + int(headers.get(b"content-length", 0))
        if len(self._received) < total:
            return None
        body = bytes(self._received[end + 4 : total])
        del self._received[:total]
        path = first.split(b" ")[1]
        return None if path.startswith(b"/silent") else (path, body)

    def _answer(self, path: bytes, body: bytes) -> bytes:
        if path == b"/count":
            return json.dumps(self._bodies.count()).encode()
        if path == b"/last":
            return self._bodies.last()
        if path == b"/v1/logs":
            self._bodies.add(body)
        return b""


async def main() -> None:
    bodies = Bodies()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(bodies), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
