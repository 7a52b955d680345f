"""The command ``logcapy``. What a subcommand needs is imported when it runs."""

from __future__ import annotations

import argparse
import sys

from ._version import __version__


def main(argv: list[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: The arguments; None for the process's own.

    Returns:
        The exit code: 0, or 2 where the command line or the place to listen cannot be used.

    Raises:
        SystemExit: As :mod:`argparse` does: after ``--help`` and ``--version``, and for arguments that are wrong.
    """
    arguments = _parser().parse_args(argv)
    run = {"tail": _tail}[arguments.command]
    return run(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="logcapy", description="Logs of Python for OpenTelemetry.")
    parser.add_argument("--version", action="version", version=f"logcapy {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_tail(commands)
    return parser


def _add_tail(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    tail = commands.add_parser(
        "tail",
        help="receive OTLP on this machine and print the log records",
        description="Receive OTLP on this machine and print the log records that arrive. "
        "Applications send here by default: nothing needs to be set.",
    )
    tail.add_argument("--host", default="127.0.0.1", help="where to listen (default: %(default)s, this machine only)")
    tail.add_argument(
        "--port",
        type=_port,
        default=4318,
        help="for OTLP over HTTP; 0 for any that is free (default: %(default)s)",
    )
    tail.add_argument(
        "--grpc-port", type=_port, default=4317, help="for OTLP over gRPC; 0 for no gRPC (default: %(default)s)"
    )
    tail.add_argument("--json", action="store_true", help="one JSON object a line, with everything that arrived")
    tail.add_argument("--full", action="store_true", help="whole stack traces and every attribute")
    tail.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="auto: on a terminal (default)"
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port; use 0 to 65535")
    return int(text)


def _tail(arguments: argparse.Namespace) -> int:
    from .tail.command import TailConfig, run

    return run(
        TailConfig(
            host=arguments.host,
            port=arguments.port,
            grpc_port=arguments.grpc_port,
            json=arguments.json,
            colour=arguments.color,
            full=arguments.full,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
