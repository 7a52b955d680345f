"""The real PostgreSQL, started for tests in a folder of its own, and what it has stored."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .processes import free_port, wait_until

PASSWORD = "s3cr3t-p4ss"
_CONFIGURATION = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
max_connections = 40
"""


class Postgres:
    """A PostgreSQL that runs.

    Attributes:
        dsn: For ``LOGCAPY_POSTGRES_DSN``; its user may do everything.
        port: Of 127.0.0.1.
    """

    def __init__(self, programs: Path, folder: Path, user: str | None) -> None:
        self.port = free_port()
        self.dsn = f"postgresql://logs:{PASSWORD}@127.0.0.1:{self.port}/postgres"
        self._programs, self._folder, self._user = programs, folder, user

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """What a query answers."""
        import psycopg
        from psycopg.rows import dict_row

        with psycopg.connect(self.dsn, autocommit=True, row_factory=dict_row) as connection:
            found = connection.execute(query.encode(), values)
            return found.fetchall() if found.description else []

    def make(self) -> None:
        """Make the cluster, and start it."""
        (self._folder / "password").write_text(PASSWORD)
        if self._user is not None:
            self._folder.chmod(0o755)
            for path in (self._folder, *self._folder.iterdir()):
                shutil.chown(path, self._user)
        options = ["-D", self._data, "-U", "logs", "-A", "scram-sha-256", "--pwfile", self._folder / "password"]
        self._run("initdb", *options, "-E", "UTF8", "--locale=C", "--no-sync")
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(_CONFIGURATION.format(port=self.port, folder=self._folder))
        self.start()

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        self._run("pg_ctl", "-D", self._data, "-w", "-l", self._folder / "log", "start")

    def stop(self, how: str = "immediate") -> None:
        """Stop: ``fast``, or ``immediate``, which is a crash."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", how, "stop")

    def kill(self) -> None:
        """End all of its processes by SIGKILL. While one is left, or not yet reaped, PostgreSQL refuses to start."""
        first = self.process
        os.kill(first, signal.SIGSTOP)  # it makes no more of them
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        processes = [first, *map(int, children)]
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

        def are_gone() -> bool:
            return not any(Path(f"/proc/{process}").exists() for process in processes)

        wait_until(are_gone, 30, lambda: f"PostgreSQL was killed and is still there: {processes}")

    @property
    def process(self) -> int:
        """The id of the server's first process."""
        return int((self._data / "postmaster.pid").read_text().splitlines()[0])

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _run(self, program: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            user=self._user,
            cwd=self._folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self._folder), "LC_ALL": "C"},
            stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,  # the server would keep a pipe open
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        log = self._folder / "log"
        assert done.returncode == 0, f"{program}: {done.stdout}{log.read_text() if log.exists() else ''}"


def programs() -> Path | None:
    """Where ``initdb`` and ``pg_ctl`` are: Debian keeps them off the PATH."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).parent if found else None


@contextlib.contextmanager
def running_postgres(folder: Path) -> Iterator[Postgres]:
    """Start a PostgreSQL with nothing in it. It refuses to run as root, and then runs as nobody."""
    user = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="postgres") as name:
        server = Postgres(folder, Path(name), user)
        server.make()
        try:
            yield server
        finally:
            with contextlib.suppress(AssertionError):  # a test has stopped it
                server.stop()
