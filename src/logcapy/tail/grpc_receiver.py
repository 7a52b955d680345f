"""OTLP over gRPC, which applications under the stock distro speak by default.

The messages go through as bytes, so that one decoder serves both protocols.
Source: https://github.com/open-telemetry/opentelemetry-proto/blob/main/docs/specification.md#otlpgrpc
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc

from logcapy._guard import describe_error
from logcapy.render.escape import inert

from .intake import MAX_REQUEST_BYTES, Intake
from .refusal import Refusal

if TYPE_CHECKING:
    from grpc import RpcMethodHandler, ServicerContext

_SERVICE = "opentelemetry.proto.collector.{0}.v1.{1}Service"
_STATUS_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    503: grpc.StatusCode.UNAVAILABLE,
}


class GrpcReceiver:
    """Listens and answers from construction on.

    Args:
        intake: Takes the requests.
        host: A name or an address of this machine.
        port: 0 for any that is free.

    Raises:
        OSError: It cannot listen there.
    """

    def __init__(self, intake: Intake, host: str, port: int) -> None:
        self._server = grpc.server(
            ThreadPoolExecutor(max_workers=4, thread_name_prefix="logcapy-tail-grpc"),
            # Two receivers on one port would each get some of the records.
            options=(("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", MAX_REQUEST_BYTES)),
        )
        for signal, name, take in (
            ("logs", "Logs", intake.logs),
            ("trace", "Trace", intake.traces),
            ("metrics", "Metrics", intake.metrics),
        ):
            handlers = {"Export": _handler(take)}
            service = _SERVICE.format(signal, name)
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
        self.port = self._listen(host, port)
        self._server.start()

    def _listen(self, host: str, port: int) -> int:
        _require_free(host, port)
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            return int(self._server.add_insecure_port(address))
        except RuntimeError as error:
            raise OSError(str(error)) from None

    def stop(self) -> None:
        """Listen no more, and give requests that are being answered a moment."""
        self._server.stop(grace=0.5).wait()


def _require_free(host: str, port: int) -> None:
    """Raise the OSError of a port that is taken: gRPC would write lines of its own to stderr instead."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        probe.listen(1)


def _handler(take: Callable[[bytes], bytes]) -> RpcMethodHandler:
    def export(request: bytes, context: ServicerContext) -> bytes:
        try:
            return take(request)
        except Refusal as refusal:
            code, reason = _STATUS_CODES.get(refusal.status, grpc.StatusCode.INTERNAL), refusal.reason
        except Exception as error:  # noqa: BLE001 - the door: what one request does must not end the receiver
            code, reason = grpc.StatusCode.INTERNAL, describe_error(error)
        context.set_code(code)
        context.set_details(inert(reason))
        return b""

    return grpc.unary_unary_rpc_method_handler(export)
