"""``logcapy spool``: look at what processes have on disk, and delete it. Sending it is :mod:`logcapy.spool_replay`."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from .deliver.spool.disk import FileSystemDisk, opened
from .deliver.spool.looking import Contents, contents, frames_in, process_folders
from .deliver.spool.process_folder import lock_folder
from .environment import terminal_is_plain
from .render.as_json import json_line
from .render.colour import Paint
from .render.escape import inert
from .render.pretty import Renderer
from .render.received import Received
from .tail.decode import PROTOBUF, decode_logs
from .tail.refusal import Refusal

#: Exit codes: all was done; something is left or was damaged; the command cannot be carried out.
DONE, LEFT, WRONG = 0, 1, 2


def run(
    action: str, folder: str, *, yes: bool = False, json: bool = False, full: bool = False, timeout: float = 60
) -> int:
    """Carry out ``logcapy spool``.

    Args:
        action: ``ls``, ``cat``, ``replay`` or ``purge``.
        folder: A spool folder, a destination's folder in it, or a process's.
        yes: For ``purge``: really delete.
        json: For ``cat``: one JSON object a line.
        full: For ``cat``: whole stack traces and every attribute.
        timeout: For ``replay``: the seconds without success after which it gives up.

    Returns:
        The exit code.
    """
    try:
        folders = process_folders(Path(folder).absolute())
        if action == "ls":
            return _list(folders)
        if action == "cat":
            return _cat(folders, json_line if json else _renderer(full=full))
        if action == "purge":
            return _purge(folders, yes=yes)
        from .spool_replay import replay

        return replay(folders, timeout, say)
    except BrokenPipeError:  # whoever reads has seen enough; the interpreter must not flush into the pipe once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        say(f"{inert(str(error.filename or folder))}: {error.strerror or error}")
        return WRONG


def say(message: str) -> None:
    """Tell the operator."""
    print(f"logcapy spool: {message}", file=sys.stderr, flush=True)


def count_of(number: int) -> str:
    """``1 record``, ``2 records``."""
    return "1 record" if number == 1 else f"{number} records"


def _list(folders: list[Path]) -> int:
    rows: list[tuple[str, ...]] = [("DESTINATION", "PROCESS", "STATE", "SEGMENTS", "RECORDS", "BYTES", "OLDEST")]
    total: Counter[str] = Counter()
    for folder in folders:
        found = contents(folder)
        total.update(records=found.records, size=found.size_bytes)
        rows.append((inert(folder.parent.name), folder.name, *_columns(found)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(f"{count_of(total['records'])}, {total['size']} bytes")
    return DONE


def _columns(found: Contents) -> tuple[str, ...]:
    oldest = found.oldest_unix_seconds
    age = "-" if oldest is None else f"{max(0.0, time.time() - oldest):.0f} s"
    state = "alive" if found.alive else "ended"
    return state, str(found.segments), str(found.records), str(found.size_bytes), age


def _renderer(*, full: bool) -> Callable[[Received], str]:
    return Renderer(Paint(enabled=sys.stdout.isatty() and not terminal_is_plain()), full=full).render


def _cat(folders: Iterable[Path], render: Callable[[Received], str]) -> int:
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal's encoding may lack some
    missing: Counter[str] = Counter()
    foreign = 0
    for folder in folders:
        for frame in frames_in(folder, lambda reason, count: missing.update({reason: count})):
            try:
                records = decode_logs(frame.body, PROTOBUF)
            except Refusal:
                foreign += frame.count
                continue
            sys.stdout.write("".join(map(render, records)))
    sys.stdout.flush()
    if missing:
        say(f"{count_of(sum(missing.values()))} cannot be read: the file is damaged there")
    if foreign:
        say(f"{count_of(foreign)} are not in OTLP and are not shown")
    return LEFT if missing or foreign else DONE


def _purge(folders: Iterable[Path], *, yes: bool) -> int:
    ended = []
    for folder in folders:
        if contents(folder).alive:
            say(f"{folder.name} is left alone: its process lives")
        else:
            ended.append(folder)
    records = sum(contents(folder).records for folder in ended)
    if not yes:
        say(f"this would delete {count_of(records)} of {len(ended)} ended processes; add --yes to do it")
        return WRONG
    for folder in ended:
        _delete(folder)
    say(f"{count_of(records)} deleted")
    return DONE


def _delete(folder: Path) -> None:
    """Delete what the spool has made, and nothing else that somebody may have put there."""
    disk = FileSystemDisk()
    with opened(disk, disk.open_folder(str(folder.parent))) as root:
        process = lock_folder(disk, root, folder.name)
        if process is None:
            say(f"{folder.name} is left alone: it is another user's, or a process has taken it over")
            return
        for name in disk.names(process.descriptor):
            if name.endswith(".seg"):
                disk.unlink(name, process.descriptor)
        process.remove(disk, root)
