"""CloudWatch Logs as moto has it, behind connections that are cut."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterable

from servers.moto import aws_variables, client, moto_server
from servers.processes import free_port

from .crossing import Arrived

_GROUP = "/shop/crossing"


class CloudWatchReceiver:
    """See :class:`tests.destinations.crossing.Receiver`.

    moto keeps what it has in memory, so it is not killed: a proxy before it closes every connection and takes none.
    An answer that is lost on the way has its events there twice.
    """

    name = "CloudWatch Logs (moto)"
    interruption = "connections cut, none taken"

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._url = self._stack.enter_context(moto_server())
        self._proxy = _Proxy(free_port(), int(self._url.rpartition(":")[2]))
        self.environment = {
            "OTEL_LOGS_EXPORTER": "logcapy_cloudwatch",
            "LOGCAPY_CLOUDWATCH_GROUP": _GROUP,
            **aws_variables(f"http://127.0.0.1:{self._proxy.port}"),
        }

    def __enter__(self) -> CloudWatchReceiver:
        return self

    def __exit__(self, *_error: object) -> None:
        self._proxy.cut()
        self._stack.close()

    def start(self) -> None:
        self._proxy.listen()

    def kill(self) -> None:
        self._proxy.cut()

    def arrived(self) -> Iterable[Arrived]:
        with contextlib.closing(client("logs", self._url)) as logs:
            for stream in logs.describe_log_streams(logGroupName=_GROUP)["logStreams"]:
                where = {"logGroupName": _GROUP, "logStreamName": stream["logStreamName"], "startFromHead": True}
                page = logs.get_log_events(**where)
                while page["events"]:
                    for event in page["events"]:
                        document = json.loads(event["message"])
                        if document["trace_id"]:
                            yield Arrived(document["trace_id"], document["body"]["text"])
                    page = logs.get_log_events(**where, nextToken=page["nextForwardToken"])


class _Proxy:
    """Hands on what comes to a port, until it is cut."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self._target = port, target
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()

    def listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        listener, self._listener = self._listener, None
        for one in filter(None, (listener, *self._open)):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open |= {near, far}
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._hand_on, args=pair, daemon=True).start()

    def _hand_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(65536):
                target.sendall(content)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
            self._open.discard(one)
