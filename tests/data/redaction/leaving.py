"""Sends the corpus through LogCapy, and keeps all that leaves the process."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import LogRecordProcessor

from logcapy.config import BatchConfig, LogCapyConfig, OtlpConfig
from logcapy.deliver.accounting import Stats
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.processor import LogCapyLogRecordProcessor
from logcapy.render.colour import Paint
from logcapy.render.pretty import Renderer
from logcapy.tail.decode import PROTOBUF, decode_logs
from servers.http import Answer, ScriptedServer, scripted_server
from tests.faults.pipelines import until

from .needles import Needles
from .places import log_everywhere
from .secret import Secret
from .stage import stage


@dataclass(frozen=True)
class Left:
    """What left.

    Args:
        wire: The bodies of requests, unpacked.
        spool: All that was on disk.
        console: What ``logcapy tail --full`` prints of the requests.
        said: What LogCapy said on stderr.
        records: How many records there were.
        stats: What became of them.
    """

    wire: tuple[bytes, ...]
    spool: bytes
    console: str
    said: str
    records: int
    stats: Stats

    def leaked(self, secrets: Iterable[Secret]) -> dict[str, Counter[str]]:
        """For each kind that is found on the wire, in how many records of which places."""
        needles, found = Needles(secrets), dict[str, Counter[str]]()
        for body in self.wire:
            for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
                for record in (record for scope in resource.scope_logs for record in scope.log_records):
                    place = next(
                        (one.value.string_value for one in record.attributes if one.key == "corpus.place"), "?"
                    )
                    for secret in needles.found_in(record.SerializeToString()):
                        found.setdefault(secret.kind, Counter())[place] += 1
        return found

    def found(self, secrets: Iterable[Secret]) -> dict[str, set[str]]:
        """The kinds that are found in any of the bytes, by where these went."""
        needles = Needles(secrets)
        contents = {
            "wire": b"".join(self.wire),
            "spool": self.spool,
            "console": self.console.encode(),
            "stderr": self.said.encode(),
        }
        found = {where: {one.kind for one in needles.found_in(content)} for where, content in contents.items()}
        return {where: kinds for where, kinds in found.items() if kinds}


def leave(
    presets: Sequence[str], secrets: tuple[Secret, ...], folder: Path | None = None, *siblings: LogRecordProcessor
) -> Left:
    """Log each secret in each place.

    Where there is a folder it is for a spool, and the server is away until all records are in it.
    """
    said = io.StringIO()
    with scripted_server() as server, contextlib.redirect_stderr(said):
        processor = _processor(server, presets, folder)
        server.answers = [Answer(503, {"Retry-After": "1"}) if folder is not None else Answer()]
        with stage(processor, *siblings) as on:
            records = log_everywhere(on, secrets)
        if folder is not None:
            assert until(lambda: processor.stats().on_disk == records, 60), processor.stats()
        spool = b"".join(path.read_bytes() for path in folder.rglob("*.seg")) if folder is not None else b""
        server.answers = [Answer()]
        assert until(lambda: processor.stats().exported == records, 60), processor.stats()
        processor.shutdown()
        wire = tuple(request.body for request in server.requests)
        renderer = Renderer(Paint(enabled=False), full=True)
        console = "".join(renderer.render(record) for body in wire for record in decode_logs(body, PROTOBUF))
        return Left(wire, spool, console, said.getvalue(), records, processor.stats())


def _processor(server: ScriptedServer, presets: Sequence[str], folder: Path | None) -> LogCapyLogRecordProcessor:
    spool = {"spool": "always", "spool_dir": str(folder)} if folder is not None else {}
    return LogCapyLogRecordProcessor(
        OTLPHttpLogRecordExporter(config=OtlpConfig(endpoint=f"{server.url}/v1/logs")),
        config=LogCapyConfig(redact=tuple(presets), frame_variables=True, **spool),
        batch=BatchConfig(max_queue_size=50_000, schedule_delay=50),
    )
