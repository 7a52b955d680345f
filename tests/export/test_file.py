"""Files of OTLP in JSON: what is in them, when they are closed and deleted, and many processes that write to one."""

from __future__ import annotations

import gzip
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk.resources import Resource

import logcapy
from fakes.arrivals import arrivals
from logcapy import cli
from logcapy.config.destinations.file import FileConfig
from logcapy.errors import ConfigError
from logcapy.export._otlp_json import json_line, request_of
from logcapy.export._records import records_of
from logcapy.export.file import FileLogRecordExporter
from logcapy.export.otlp import DEFAULT_MAX_BYTES, encode_logs
from logcapy.exporter import PayloadExporter
from logcapy.testing.conformance import Arrived, PayloadConformance
from logcapy.testing.hostile import hostile_records
from logcapy.types import Broken, Delivered, Payload, Rejected, Retry
from servers.collector import Collector
from servers.otlp import otlp_receiver
from servers.otlp_json import logs_of
from servers.processes import clean_environment
from tests.export.test_loki import a_record


def lines_of(folder: Path) -> list[bytes]:
    """Of the closed files, in order, and of the open one."""
    closed = sorted(path for path in folder.iterdir() if path.name.startswith("log-"))
    contents = [gzip.decompress(one.read_bytes()) if one.suffix == ".gz" else one.read_bytes() for one in closed]
    current = folder / "log.jsonl"
    return b"".join([*contents, current.read_bytes() if current.exists() else b""]).splitlines(keepends=True)


class TestFile(PayloadConformance):
    max_payload_bytes = DEFAULT_MAX_BYTES

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make_exporter(self) -> PayloadExporter:
        return FileLogRecordExporter(path=str(self.folder / "log.jsonl"), max_bytes=50_000)

    def arrived(self, service: str) -> Sequence[Arrived]:
        return arrivals((record for line in lines_of(self.folder) for record in logs_of(json.loads(line))), service)


def send(exporter: FileLogRecordExporter, records: Sequence[ReadableLogRecord]) -> None:
    for payload in exporter.encode(records):
        assert exporter.send(payload, time.monotonic() + 5) == Delivered()


def test_ids_are_hexadecimal_numbers_are_texts_and_enumerations_numbers(tmp_path: Path) -> None:
    exporter = FileLogRecordExporter(path=str(tmp_path / "deep" / "log.jsonl"))
    record = a_record("x", timestamp=7, trace_id=0xAF7, span_id=0xB7, severity_number=SeverityNumber.WARN)
    send(exporter, [record])
    (line,) = (tmp_path / "deep" / "log.jsonl").read_text().splitlines()
    found = json.loads(line)["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    wanted = {"timeUnixNano": "7", "traceId": f"{0xAF7:032x}", "spanId": f"{0xB7:016x}", "severityNumber": 13}
    assert {name: found[name] for name in wanted} == wanted
    assert stat.S_IMODE((tmp_path / "deep" / "log.jsonl").stat().st_mode) == 0o600


def test_a_line_stands_for_the_request_that_it_was_made_from() -> None:
    for payload in encode_logs([one.record for one in hostile_records("shop")]):
        again = request_of(json_line(payload.body))
        assert ExportLogsServiceRequest.FromString(again) == ExportLogsServiceRequest.FromString(payload.body)


def test_records_can_be_made_from_a_request_and_encode_to_it_again() -> None:
    (payload,) = encode_logs([one.record for one in hostile_records("shop")])
    (again,) = encode_logs(list(records_of(payload.body)))
    assert ExportLogsServiceRequest.FromString(again.body) == ExportLogsServiceRequest.FromString(payload.body)


def test_a_file_is_closed_when_it_is_large_compressed_and_deleted_when_there_is_no_room(tmp_path: Path) -> None:
    exporter = FileLogRecordExporter(path=str(tmp_path / "log.jsonl"), max_bytes=2_000, keep_bytes=1_000)
    for number in range(40):
        send(exporter, [a_record(f"{number} {'x' * 300}")])
    closed = sorted(tmp_path.glob("log-*"))
    assert closed
    assert all(path.name.endswith(".jsonl.gz") for path in closed)
    assert sum(path.stat().st_size for path in closed) <= 1_000
    newest = json.loads(lines_of(tmp_path)[-1])
    assert next(iter(logs_of(newest)))["body"].startswith("39 ")
    assert not list(tmp_path.glob("*.partial"))


def test_a_file_is_closed_when_it_is_old_and_deleted_when_it_is_older(tmp_path: Path) -> None:
    config = FileConfig(path=str(tmp_path / "log.jsonl"), max_age=300, keep_age=400, compress=False)
    exporter = FileLogRecordExporter(config)
    send(exporter, [a_record("first")])
    time.sleep(0.35)
    send(exporter, [a_record("second")])
    (closed,) = tmp_path.glob("log-*.jsonl")
    assert [record["body"] for line in closed.read_bytes().splitlines() for record in logs_of(json.loads(line))] == [
        *("first", "second")
    ]
    os.utime(closed, (1, 1))
    send(exporter, [a_record("third")])
    time.sleep(0.35)
    send(exporter, [a_record("fourth")])
    assert closed not in list(tmp_path.glob("log-*"))


WRITER = """
import sys, time
sys.path[:0] = sys.argv[3:]
from logcapy.export.file import FileLogRecordExporter
from tests.export.test_loki import a_record
exporter = FileLogRecordExporter(path=sys.argv[1], max_bytes=20_000)
for number in range(100):
    for payload in exporter.encode([a_record(f"{sys.argv[2]} {number} {'x' * 200}")]):
        assert str(exporter.send(payload, time.monotonic() + 30)).startswith("Delivered")
"""


@pytest.mark.slow
def test_eight_processes_write_to_one_file_and_close_it_and_no_line_is_lost_or_torn(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    paths = [str(root), str(root / "tests")]
    command = [sys.executable, "-c", WRITER, str(tmp_path / "log.jsonl")]
    writers = [subprocess.Popen([*command, str(n), *paths], env=clean_environment()) for n in range(8)]
    assert [writer.wait(120) for writer in writers] == [0] * 8
    found: Counter[str] = Counter()
    for line in lines_of(tmp_path):
        for record in logs_of(json.loads(line)):
            writer, number, _ = record["body"].split(" ")
            found[f"{writer} {number}"] += 1
    assert found == Counter(f"{writer} {number}" for writer in range(8) for number in range(100))
    assert len(list(tmp_path.glob("log-*"))) > 3


def test_a_child_that_is_forked_while_the_file_is_locked_keeps_nobody_out(tmp_path: Path) -> None:
    exporter = FileLogRecordExporter(path=str(tmp_path / "log.jsonl"))
    (payload,) = exporter.encode([a_record("after the fork")])
    read_end, write_end = os.pipe()
    with exporter._file.lock.held(time.monotonic() + 5):
        child = os.fork()
        if child == 0:
            outcome = exporter.send(payload, time.monotonic() + 10)
            os.write(write_end, b"y" if outcome == Delivered() else b"n")
            time.sleep(30)  # for as long as the parent tries
            os._exit(0)
    try:
        assert exporter.send(payload, time.monotonic() + 5) == Delivered()
        assert os.read(read_end, 1) == b"y"
        assert len(lines_of(tmp_path)) == 2
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(read_end)
        os.close(write_end)


def test_a_process_that_does_not_let_go_of_the_file_is_waited_for_until_the_deadline(tmp_path: Path) -> None:
    exporter, other = (FileLogRecordExporter(path=str(tmp_path / "log.jsonl")) for _ in range(2))
    (payload,) = exporter.encode([a_record()])
    with other._file.lock.held(time.monotonic() + 5):
        assert isinstance(exporter.send(payload, time.monotonic() + 0.1), Retry)
    assert exporter.send(payload, time.monotonic() + 5) == Delivered()


def test_a_line_that_a_killed_process_has_left_torn_costs_no_other(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(b'{"resourceLogs": [{"reso')
    send(FileLogRecordExporter(path=str(tmp_path / "log.jsonl")), [a_record("whole")])
    torn, whole = lines_of(tmp_path)
    assert torn == b'{"resourceLogs": [{"reso\n'
    assert next(iter(logs_of(json.loads(whole))))["body"] == "whole"


def test_a_name_that_looks_like_a_pattern_is_a_name(tmp_path: Path) -> None:
    exporter = FileLogRecordExporter(path=str(tmp_path / "log[1].jsonl"), max_bytes=1, keep_bytes=1)
    (tmp_path / "log1-20260101T000000-000000.jsonl").write_text("another's")
    send(exporter, [a_record("x")])
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == [
        "log1-20260101T000000-000000.jsonl"
    ]


def test_a_path_that_cannot_be_is_for_somebody_to_mend_and_a_full_disk_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    exporter = FileLogRecordExporter(path=str(tmp_path / "file" / "log.jsonl"))
    (payload,) = exporter.encode([a_record()])
    assert isinstance(exporter.send(payload, time.monotonic() + 5), Broken)
    full = FileLogRecordExporter(path="/dev/full")
    if os.access("/dev", os.W_OK):
        assert isinstance(full.send(payload, time.monotonic() + 5), (Retry, Broken))
        Path("/dev/.full.lock").unlink()
    assert isinstance(exporter.send(Payload(b"\xff\xff", range(3)), 0.0), Rejected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "told"),
    [({}, "LOGCAPY_FILE_PATH"), ({"path": "logs/"}, "path"), ({"path": "x", "max_bytes": 0}, "max_bytes")],
)
def test_a_setting_that_cannot_be_used_is_told(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        FileLogRecordExporter(**fields)


def written(folder: Path, *bodies: str) -> Path:
    exporter = FileLogRecordExporter(path=str(folder / "log.jsonl"))
    resource = Resource({"service.name": "replayed"})
    send(exporter, [a_record(body, resource) for body in bodies])
    return folder / "log.jsonl"


def test_replay_sends_files_and_tells_of_lines_that_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "first", "second")
    packed = tmp_path / "old.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()) + b"torn")
    with path.open("ab") as file:
        file.write(b'{"resourceLogs": 7}\n\nnot json\n')
    with otlp_receiver() as (received, endpoint):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        assert cli.main(["replay", str(path), str(packed), "/no/such/file"]) == 1
    assert [record["body"] for record in received.records] == ["first", "second"] * 2
    told = capsys.readouterr()
    assert "4 records delivered, 0 not, 4 lines or files not read" in told.out
    assert "line 2: no OTLP logs in JSON" in told.err
    assert cli.main(["replay", str(path), "--to", "logcapy_lokii"]) == 2
    assert "did you mean 'logcapy_loki'" in capsys.readouterr().err


@pytest.mark.servers
def test_what_a_file_has_the_collector_takes(tmp_path: Path, collector: Collector) -> None:
    path = written(tmp_path, *(f"line {number}" for number in range(50)))
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.http_endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
    done = subprocess.run(
        [sys.executable, "-m", "logcapy.cli", "replay", str(path)],
        env=clean_environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "50 records delivered, 0 not, 0 lines or files not read\n"
    collector.wait_for(lambda: len(collector.logs("replayed")) == 50)


def test_records_go_through_a_file_to_another_destination(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "kept")
    monkeypatch.setenv("LOGCAPY_FILE_PATH", str(tmp_path / "copy.jsonl"))
    assert cli.main(["replay", str(path), "--to", "logcapy_file"]) == 0
    assert (tmp_path / "copy.jsonl").read_bytes() == path.read_bytes()


def test_it_works_behind_the_processor_redacted(tmp_path: Path) -> None:
    provider = LoggerProvider(shutdown_on_exit=False)
    exporter = FileLogRecordExporter(path=str(tmp_path / "log.jsonl"))
    provider.add_log_record_processor(logcapy.LogCapyLogRecordProcessor(exporter))
    provider.get_logger("shop").emit(body="password=hunter2")
    provider.shutdown()
    assert b"hunter2" not in (tmp_path / "log.jsonl").read_bytes()
    assert b"[REDACTED]" in (tmp_path / "log.jsonl").read_bytes()
