"""Destinations that go away and come back: a scripted server that is closed, hangs, and the real Collector, killed."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path
from types import TracebackType
from typing import Protocol

from servers.collector import CONFIGURATIONS, Collector, collector_environment, wait_until_healthy
from servers.http import Answer, ScriptedServer, scripted_server
from servers.processes import RunningProcess, free_port, free_ports

from .pipelines import all_bodies


class Place(Protocol):
    """Where records go."""

    url: str

    def break_down(self) -> None: ...

    def come_back(self) -> None: ...

    def received(self) -> list[str]:
        """The bodies of what was taken, in order."""
        ...


class Server:
    """A scripted server; while it is broken nobody listens, or it takes requests and does not answer."""

    def __init__(self, *, hangs: bool) -> None:
        self._hangs = hangs
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._open = contextlib.ExitStack()
        self._server: ScriptedServer | None = None
        self._taken: list[str] = []

    def __enter__(self) -> Server:
        self.come_back()
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def break_down(self) -> None:
        assert self._server is not None
        self._taken = self.received()
        if self._hangs:
            self._server.answers = [Answer(hang_seconds=3600)]
        else:
            self._open.close()
            self._server = None

    def come_back(self) -> None:
        self._open.close()  # who waits for an answer gets none
        self._server = self._open.enter_context(scripted_server(port=self._port))

    def received(self) -> list[str]:
        assert self._server is not None
        return [*self._taken, *all_bodies(self._server.requests)]


class KilledCollector:
    """The real Collector, which is killed by SIGKILL and started again on the same ports."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program, self._folder = program, folder
        self._ports = free_ports(3)
        self.url = f"http://127.0.0.1:{self._ports[0]}"
        self._process: RunningProcess | None = None
        self._lives: list[Collector] = []

    def __enter__(self) -> KilledCollector:
        self.come_back()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()

    def break_down(self) -> None:
        assert self._process is not None
        self._process.terminate(how=signal.SIGKILL)
        self._process = None

    def come_back(self) -> None:
        folder = self._folder / str(len(self._lives))
        output = folder / "received"
        output.mkdir(parents=True)
        http_port, grpc_port, health_port = self._ports
        env = collector_environment(http_port, grpc_port, health_port, OTELCOL_OUTPUT=str(output))
        self._process = RunningProcess([self._program, "--config", CONFIGURATIONS / "config.test.yaml"], env, folder)
        self._lives.append(Collector(http_port, grpc_port, output))
        wait_until_healthy(self._process, health_port)

    def received(self) -> list[str]:
        return [str(record["body"]) for life in self._lives for record in life.logs()]
