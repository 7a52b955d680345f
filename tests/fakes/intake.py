"""What fakes of HTTP intakes have in common: they can be made to fail."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from logcapy.testing.conformance import Fault
from servers.http import Answer, Request, ScriptedServer, scripted_server

FAULT_ANSWERS = {
    Fault.BAD_REQUEST: Answer(400, body=b"bad request"),
    Fault.UNAUTHORIZED: Answer(401, body=b"who are you?"),
    Fault.TOO_LARGE: Answer(413),
    Fault.TOO_MANY: Answer(429, {"Retry-After": "7"}, b"too many"),
    Fault.UNAVAILABLE: Answer(503, body=b"not ready"),
    Fault.HANG: Answer(hang_seconds=60),
    Fault.CUT: Answer(hang_up=True),
}


class Intake:
    """A fake: :meth:`respond` is what the real one does, unless it ``fault``\\ s."""

    fault_answers = FAULT_ANSWERS

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.url = server.url
        self.fault = Fault.NONE
        server.respond = lambda request: self.fault_answers.get(self.fault) or self.respond(request)

    @abstractmethod
    def respond(self, request: Request) -> Answer:
        """What the real one answers, and keep what it would keep."""


_Intake = TypeVar("_Intake", bound=Intake)


@contextmanager
def serving(kind: type[_Intake]) -> Iterator[_Intake]:
    """A fake that listens on 127.0.0.1."""
    with scripted_server() as server:
        yield kind(server)
