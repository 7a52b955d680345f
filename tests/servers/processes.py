"""Runs a program as a process of its own: started, waited for, always ended and reaped, its output kept."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")


#: Below those that Linux gives to whoever asks for any: what is to listen here may take a minute to begin, or be away
#: for one, and meanwhile nobody gets its port by chance.
_PORTS = range(16_000, 32_000)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Several of them; no two are the same."""
    found: list[int] = []
    with contextlib.ExitStack() as stack:
        while len(found) < count:
            one = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                one.bind(("127.0.0.1", secrets.choice(_PORTS)))
                found.append(one.getsockname()[1])
    return found


def wait_until(condition: Callable[[], _T], timeout: float, otherwise: Callable[[], str]) -> _T:
    """What ``condition`` returns, as soon as it is true.

    Raises:
        AssertionError: It was not within ``timeout`` seconds; says what ``otherwise`` returns.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {otherwise()}")
        time.sleep(0.05)


class RunningProcess:
    """A process in a group of its own, with its stdout and stderr in files of ``folder``.

    Args:
        args: The program and its arguments.
        env: The whole environment of the process.
        folder: Where ``stdout`` and ``stderr`` are written.
        cwd: The process's working directory.
        user: Whose process it is; None for whose this one is.
    """

    def __init__(
        self,
        args: Sequence[str | os.PathLike[str]],
        env: Mapping[str, str],
        folder: Path,
        cwd: Path | None = None,
        user: str | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._args = args
        self._stdout, self._stderr = folder / "stdout", folder / "stderr"
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self._popen = subprocess.Popen(
                args,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                user=user,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def stdout(self) -> str:
        return self._stdout.read_text(errors="replace")

    @property
    def stderr(self) -> str:
        return self._stderr.read_text(errors="replace")

    @property
    def returncode(self) -> int | None:
        """The exit status, None while it runs; negative is the number of the signal that ended it."""
        return self._popen.poll()

    def wait_for_port(self, port: int, timeout: float = 30) -> None:
        """Return as soon as 127.0.0.1:port takes connections.

        Raises:
            AssertionError: The process ended before, or it took too long; holds what it printed.
        """

        def answers() -> bool:
            assert self.returncode is None, f"ended before port {port} answered: {self}"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
            return False

        wait_until(answers, timeout, lambda: f"port {port} of {self}")

    def wait(self, timeout: float) -> int:
        """The exit status of a process that ends by itself.

        Raises:
            subprocess.TimeoutExpired: It did not.
        """
        return self._popen.wait(timeout)

    def terminate(self, timeout: float = 15, *, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask the process to end, end what is left of its group by force, reap, and return the exit status."""
        try:
            if self.returncode is None:
                self._popen.send_signal(how)
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            return self._popen.wait()
        finally:
            # Children such as gunicorn's workers, in case the parent left any behind.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def __str__(self) -> str:
        command = " ".join(str(each) for each in self._args)
        return f"{command} (exit {self.returncode})\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


@contextlib.contextmanager
def running(
    args: Sequence[str | os.PathLike[str]],
    env: Mapping[str, str],
    folder: Path,
    cwd: Path | None = None,
    user: str | None = None,
) -> Iterator[RunningProcess]:
    """Start a process, and end it when the block ends, however it ends."""
    process = RunningProcess(args, env, folder, cwd, user)
    try:
        yield process
    finally:
        process.terminate()


def clean_environment(**variables: str) -> dict[str, str]:
    """This process's environment without any setting of OpenTelemetry or LogCapy, and with ``variables``."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "LOGCAPY_"))}
    return {**inherited, **variables}
