"""Sends many records to a real destination that is killed and started again, and prints what became of them.

``python -m tests.destinations loki --records 100000``; the exit code is 1 where a record is lost.
``python -m tests.destinations hang --seconds 600`` lets one destination of three hang, see ``hang.py``.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from servers import postgres
from tests.destinations.cloudwatch import CloudWatchReceiver
from tests.destinations.crossing import TABLE, cross
from tests.destinations.hang import hang
from tests.destinations.kafka import KafkaReceiver
from tests.destinations.loki import LokiReceiver
from tests.destinations.opensearch import OpenSearchReceiver
from tests.destinations.postgres import PostgresReceiver

_TESTBED = Path(os.environ.get("LOGCAPY_TESTBED") or Path.home() / ".cache" / "logcapy-testbed")
RECEIVERS = {
    "cloudwatch": lambda _folder: CloudWatchReceiver(),
    "loki": lambda folder: LokiReceiver(_TESTBED / "loki", folder),
    "loki-otlp": lambda folder: LokiReceiver(_TESTBED / "loki", folder, "otlp"),
    "opensearch": lambda _folder: OpenSearchReceiver(_TESTBED / "opensearch-2.19.4" / "bin" / "opensearch"),
    "kafka": lambda folder: KafkaReceiver(_TESTBED / "otelcol", folder),
    "postgres": lambda _folder: PostgresReceiver(postgres.programs() or Path("/usr/bin")),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("destination", choices=[*sorted(RECEIVERS), "hang"])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=600, help="how long one of three destinations hangs")
    arguments = parser.parse_args()
    if arguments.destination == "hang":
        hung = hang(arguments.seconds)
        print(hung)
        return 1 if any(phase.lost for phase in hung.phases.values()) else 0
    with tempfile.TemporaryDirectory(prefix="logcapy-crossing-") as name:
        folder = Path(name)
        with RECEIVERS[arguments.destination](folder / "receiver") as receiver:
            crossed = cross(receiver, arguments.records, folder)
    print(f"{TABLE}\n{crossed.row(receiver)}")
    if crossed.lost:
        print(crossed.told)
    return 1 if crossed.lost else 0


if __name__ == "__main__":
    sys.exit(main())
