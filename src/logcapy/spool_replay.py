"""``logcapy spool replay``: send what ended processes have left to where the environment says."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from ._attempts import backoff_seconds
from .assemble import otlp_exporter
from .deliver.jobs import Job
from .deliver.spool.backlog import Backlog
from .deliver.spool.disk import FileSystemDisk, opened
from .deliver.spool.looking import contents
from .deliver.spool.orphans import left_in
from .deliver.spool.process_folder import lock_folder
from .environment import otlp_config, raise_error
from .errors import ConfigError
from .exporter import PayloadExporter
from .tail.decode import PROTOBUF, decode_logs
from .tail.refusal import Refusal
from .types import Broken, Retry, TooLarge

_REQUEST_SECONDS = 30.0


class _GivenUp(Exception):
    """Sending has no prospect at the moment."""


def replay(folders: Iterable[Path], timeout_seconds: float, say: Callable[[str], None]) -> int:
    """Send the frames of processes that have ended, the oldest first, and remove what was sent.

    Args:
        folders: The processes'.
        timeout_seconds: Without success for so long, it gives up; what was not sent stays.
        say: Tells the operator.

    Returns:
        The exit code: 0, 1 if something is left or was refused, 2 if the destination's settings cannot be used.

    Raises:
        OSError: The disk fails.
    """
    try:
        exporter = otlp_exporter(otlp_config(raise_error))
    except ConfigError as error:
        say(str(error))
        return 2
    run = _Replay(exporter, timeout_seconds, say)
    try:
        for folder in folders:
            run.folder(folder)
    except _GivenUp as error:
        say(f"given up: {error}")
        run.left = True
    except KeyboardInterrupt:
        say("interrupted; what was not sent stays")
        run.left = True
    finally:
        exporter.shutdown()
    say(", ".join(f"{number} {what}" for what, number in run.counts.items()) or "nothing was sent")
    return 1 if run.left or len(run.counts) > 1 or (run.counts and "sent" not in run.counts) else 0


class _Replay:
    def __init__(self, exporter: PayloadExporter, timeout_seconds: float, say: Callable[[str], None]) -> None:
        self.counts: Counter[str] = Counter()
        self.left = False
        self._exporter = exporter
        self._timeout_seconds = timeout_seconds
        self._say = say

    def folder(self, folder: Path) -> None:
        """Send what is in a process's folder, unless its process lives."""
        if contents(folder).alive:
            self._leave(folder, "its process lives and sends it itself")
            return
        disk = FileSystemDisk()
        with opened(disk, disk.open_folder(str(folder.parent))) as root:
            process = lock_folder(disk, root, folder.name)
            if process is None:
                self._leave(folder, "it is another user's, or a process has taken it over")
                return
            try:
                backlog = left_in(disk, process.descriptor, lambda reason, count: self.counts.update({reason: count}))
                self._send_all(folder, backlog)
                backlog.clear_away()
                backlog.close()
                if not backlog.records:
                    process.remove(disk, root)
            finally:
                disk.close_all()

    def _send_all(self, folder: Path, backlog: Backlog) -> None:
        while (frame := backlog.peek()) is not None:
            try:
                decode_logs(frame.body, PROTOBUF)
            except Refusal:
                self._leave(folder, "it is not in OTLP")
                return
            self._send(Job.from_disk(frame))
            backlog.done(frame)

    def _send(self, job: Job) -> None:
        give_up_time, attempt = time.monotonic() + self._timeout_seconds, 0
        while (part := job.part) is not None:
            outcome = self._exporter.send(part, time.monotonic() + _REQUEST_SECONDS)
            if isinstance(outcome, Broken):
                raise _GivenUp(outcome.reason)
            if isinstance(outcome, Retry):
                attempt += 1
                left = give_up_time - time.monotonic()
                if left <= 0 or (outcome.after_seconds or 0) > left:
                    raise _GivenUp(outcome.reason)
                time.sleep(min(backoff_seconds(attempt, outcome.after_seconds), left))  # and once more at the very end
            elif not (isinstance(outcome, TooLarge) and job.cut(self._exporter)):
                job.settle(outcome)
        tally = job.take_tally()
        self.counts.update({"sent": tally.exported, **tally.dropped})
        self.counts += Counter()  # without the zeros

    def _leave(self, folder: Path, why: str) -> None:
        self.left = True
        self._say(f"{folder.name} is left alone: {why}")
