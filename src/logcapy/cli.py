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
        The exit code: 0; 1 where something was left undone; 2 where the command line, the folder or the place to
        listen cannot be used.

    Raises:
        SystemExit: As :mod:`argparse` does: after ``--help`` and ``--version``, and for arguments that are wrong.
    """
    arguments = _parser().parse_args(argv)
    run = {"tail": _tail, "spool": _spool, "check-redaction": _check_redaction}[arguments.command]
    return run(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="logcapy", description="Logs of Python for OpenTelemetry.")
    parser.add_argument("--version", action="version", version=f"logcapy {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_tail(commands)
    _add_spool(commands)
    _add_check_redaction(commands)
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


def _add_spool(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    spool = commands.add_parser(
        "spool",
        help="look at what waits on disk, send it, delete it",
        description="Look at what processes keep in LOGCAPY_SPOOL_DIR; send or delete what ended ones have left.",
    )
    actions = spool.add_subparsers(dest="action", required=True, metavar="ACTION")
    ls = actions.add_parser("ls", help="list the processes: records, bytes, age, whether they live")
    cat = actions.add_parser("cat", help="print the records")
    cat.add_argument("--json", action="store_true", help="one JSON object a line, with everything that is there")
    cat.add_argument("--full", action="store_true", help="whole stack traces and every attribute")
    replay = actions.add_parser(
        "replay",
        help="send what ended processes have left to where OTEL_EXPORTER_OTLP_* say",
        description="Send what ended processes have left to where OTEL_EXPORTER_OTLP_* say, and remove what was sent. "
        "What a living process has is its own to send.",
    )
    replay.add_argument(
        "--timeout", type=float, default=60.0, help="seconds without success before giving up (default: %(default)s)"
    )
    purge = actions.add_parser("purge", help="delete what ended processes have left")
    purge.add_argument("--yes", action="store_true", help="really delete; without it, say what would be deleted")
    for action in (ls, cat, replay, purge):
        action.add_argument("dir", metavar="DIR", help="the spool folder, or one in it")


def _add_check_redaction(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = commands.add_parser(
        "check-redaction",
        help="show what would be masked in a file of logs",
        description="Show each line of a text that would be changed, as it would leave, and the rules that found "
        "something. LOGCAPY_REDACT* count as they do for an application. Exits 1 where something would be masked.",
    )
    check.add_argument("file", metavar="FILE", help="a text file; - for standard input")
    check.add_argument("--presets", help="instead of LOGCAPY_REDACT's: names with commas between")
    check.add_argument("--json", action="store_true", help="one JSON object a line")


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


def _spool(arguments: argparse.Namespace) -> int:
    from .spool_command import run

    options = {name: value for name, value in vars(arguments).items() if name in ("yes", "json", "full", "timeout")}
    return run(arguments.action, arguments.dir, **options)


def _check_redaction(arguments: argparse.Namespace) -> int:
    from .check_redaction import presets_of, run

    presets = None if arguments.presets is None else presets_of(arguments.presets)
    return run(arguments.file, presets, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
