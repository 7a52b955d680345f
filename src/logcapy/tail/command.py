"""``logcapy tail`` from its first line to its last."""

from __future__ import annotations

import errno
import ipaddress
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TextIO

from logcapy.environment import terminal_is_plain
from logcapy.render.as_json import json_line
from logcapy.render.colour import Paint
from logcapy.render.escape import inert
from logcapy.render.pretty import Renderer
from logcapy.render.received import Received

from .http_receiver import HttpReceiver
from .intake import Intake
from .printer import Printer

if TYPE_CHECKING:
    from .grpc_receiver import GrpcReceiver

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LAST_REQUEST_SECONDS = 1.0
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class TailConfig:
    """What the command line says.

    Args:
        host: Where to listen.
        port: For HTTP; 0 for any that is free.
        grpc_port: For gRPC; 0 for no gRPC.
        json: One JSON object a line.
        colour: ``auto`` (on a terminal), ``always`` or ``never``.
        full: Every attribute, and whole stack traces.
    """

    host: str = "127.0.0.1"
    port: int = 4318
    grpc_port: int = 4317
    json: bool = False
    colour: str = "auto"
    full: bool = False


def run(config: TailConfig) -> int:
    """Print what arrives until SIGINT, SIGTERM or the end of whoever reads stdout.

    Call it in the main thread.

    Returns:
        The exit code: 0, 1 if stdout cannot be written to, 2 if nothing can listen there.
    """
    ended: SimpleQueue[OSError | None] = SimpleQueue()  # its put() may be called in a signal handler
    printer = Printer(_prepared(sys.stdout, json=config.json), _render(config), ended.put)
    intake = Intake(printer.show)
    with _signals_into(ended):
        try:
            http = HttpReceiver(intake, config.host, config.port)
        except (OSError, UnicodeError) as error:
            return _cannot_listen(config, error)
        grpc = _grpc(intake, config)
        http.start()
        _say_listening(config, http.port, grpc)
        failure = _wait(ended)
        http.stop()
        if grpc is not None:
            grpc.stop()
        return _end(printer, intake, failure)


def _wait(ended: SimpleQueue[OSError | None]) -> OSError | None:
    """Look up every second: Python does not see a signal that comes just before a wait begins until the wait ends."""
    while True:
        with suppress(Empty):
            return ended.get(timeout=_LOOK_SECONDS)


@contextmanager
def _signals_into(ended: SimpleQueue[OSError | None]) -> Iterator[None]:
    previous = {number: signal.signal(number, lambda *_: ended.put(None)) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _render(config: TailConfig) -> Callable[[Received], str]:
    if config.json:
        return json_line
    coloured = sys.stdout.isatty() and not terminal_is_plain() if config.colour == "auto" else config.colour == "always"
    return Renderer(Paint(enabled=coloured), full=config.full).render


def _prepared(stream: TextIO, *, json: bool) -> TextIO:
    """JSON is UTF-8 (RFC 8259 section 8.1); for people, what their terminal's encoding lacks is spelled out."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8" if json else None, errors="backslashreplace")
    return stream


def _grpc(intake: Intake, config: TailConfig) -> GrpcReceiver | None:
    if not config.grpc_port:
        return None
    place = _place(config.host, config.grpc_port)
    try:
        from .grpc_receiver import GrpcReceiver

        return GrpcReceiver(intake, config.host, config.grpc_port)
    except ImportError:
        _say("grpcio is not installed, so there is no gRPC; send with OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf")
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        _say(f"{place} {'is in use' if taken else f'cannot be used ({error})'}, so there is no gRPC")
    return None


def _cannot_listen(config: TailConfig, error: OSError | UnicodeError) -> int:
    place = _place(config.host, config.port)
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        _say(f"{place} is in use; stop what listens there or choose another with --port")
    else:
        reason = getattr(error, "strerror", None) or error
        _say(f"cannot listen on {place}: {reason}; choose another place with --host and --port")
    return 2


def _say_listening(config: TailConfig, port: int, grpc: GrpcReceiver | None) -> None:
    if not _is_loopback(config.host):
        _say(f"warning: {inert(config.host)} can be reached from other machines, and anybody there can print here")
    beside = f" (gRPC on {grpc.port})" if grpc is not None else ""
    _say(f"listening for OTLP on http://{_place(config.host, port)}{beside}; Ctrl-C ends")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _place(host: str, port: int) -> str:
    return f"[{inert(host)}]:{port}" if ":" in host else f"{inert(host)}:{port}"


def _end(printer: Printer, intake: Intake, failure: OSError | None) -> int:
    finished = printer.close(_LAST_REQUEST_SECONDS)
    failed = failure is not None and not isinstance(failure, BrokenPipeError)
    if failed:
        _say(f"cannot write to stdout: {failure}")
    _say(intake.summary())
    code = 1 if failed else 0
    if not finished or failure is not None:
        # The interpreter would flush stdout once more: into a pipe that nobody reads, for ever or with an error.
        sys.stderr.flush()
        os._exit(code)
    return code


def _say(message: str) -> None:
    print(f"logcapy tail: {message}", file=sys.stderr, flush=True)
