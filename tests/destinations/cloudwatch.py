"""CloudWatch Logs as moto emulates it, which stops answering for a while."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from servers.processes import RunningProcess, clean_environment, free_port

from .crossing import Arrived

_GROUP = "/shop/crossing"
_REGION = "eu-central-1"


class CloudwatchReceiver:
    """See :class:`tests.destinations.crossing.Receiver`.

    moto keeps what it has in memory, so it is not killed but stopped: it takes connections and answers nobody until it
    goes on. What it then takes of requests that nobody waits for any more is there twice.

    Args:
        folder: For what it says.
    """

    name = "CloudWatch Logs (moto)"
    interruption = "SIGSTOP"

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self._endpoint = f"http://127.0.0.1:{port}"
        command = [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
        self._server = RunningProcess(command, clean_environment(), folder)
        self._server.wait_for_port(port)
        self.environment = {
            "OTEL_LOGS_EXPORTER": "logcapy_cloudwatch",
            "LOGCAPY_CLOUDWATCH_GROUP": _GROUP,
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": self._endpoint,
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_REGION": _REGION,
        }

    def __enter__(self) -> CloudwatchReceiver:
        return self

    def __exit__(self, *_error: object) -> None:
        os.kill(self._server.pid, signal.SIGCONT)
        self._server.terminate()

    def start(self) -> None:
        os.kill(self._server.pid, signal.SIGCONT)

    def kill(self) -> None:
        os.kill(self._server.pid, signal.SIGSTOP)

    def arrived(self) -> Iterable[Arrived]:
        import boto3

        client = boto3.client(
            "logs",
            endpoint_url=self._endpoint,
            region_name=_REGION,
            aws_access_key_id="nobody",
            aws_secret_access_key="nothing",
        )
        for page in client.get_paginator("filter_log_events").paginate(logGroupName=_GROUP):
            for event in page["events"]:
                told = json.loads(event["message"])
                if told["trace_id"]:
                    yield Arrived(told["trace_id"], told["body"]["text"])
