"""A real gRPC server for OTLP logs that answers as it is told, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc

METHOD = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"


@dataclass(frozen=True)
class Call:
    """A call as it came."""

    method: str
    metadata: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What to reply: ``body``, or a failure.

    Args:
        body: The serialized response.
        code: A failure, unless None.
        details: The failure's message.
        trailing: Trailing metadata.
        hang_seconds: Wait before replying, or until the call is over.
    """

    body: bytes = b""
    code: grpc.StatusCode | None = None
    details: str = ""
    trailing: tuple[tuple[str, Any], ...] = ()
    hang_seconds: float = 0.0


@dataclass
class GrpcServer:
    """Where it listens, what it was asked, what it is to reply."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    reply: Reply = field(default_factory=Reply)


class _AnyMethod(grpc.GenericRpcHandler):
    def __init__(self, state: GrpcServer) -> None:
        self._state = state

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        details = handler_call_details

        def export(body: bytes, context: grpc.ServicerContext) -> bytes:
            self._state.calls.append(Call(details.method, dict(details.invocation_metadata), body))
            reply = self._state.reply
            if reply.hang_seconds:
                over = futures.Future()
                context.add_callback(lambda: over.set_result(None))
                futures.wait([over], reply.hang_seconds)
            context.set_trailing_metadata(reply.trailing)
            if reply.code is not None:
                context.abort(reply.code, reply.details)
            return reply.body

        return grpc.unary_unary_rpc_method_handler(export)


@contextmanager
def grpc_server(credentials: grpc.ServerCredentials | None = None, port: int = 0) -> Iterator[GrpcServer]:
    """A server on 127.0.0.1; with ``credentials`` it speaks TLS."""
    state = GrpcServer()
    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[_AnyMethod(state)])
    address = f"127.0.0.1:{port}"
    state.port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    server.start()
    try:
        yield state
    finally:
        server.stop(0).wait()
