"""``logcapy spool`` on folders that real spools have written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from deliver.spool_trials import Accounts
from logcapy.cli import main
from servers.http import Answer, ScriptedServer, scripted_server
from servers.processes import clean_environment


def request(*bodies: str) -> tuple[bytes, int]:
    """A payload of OTLP and its count of records."""
    message = ExportLogsServiceRequest()
    scope = message.resource_logs.add().scope_logs.add()
    scope.scope.name = "shop"
    for body in bodies:
        record = scope.log_records.add()
        record.body.string_value = body
        record.severity_number = 9
    return message.SerializeToString(), len(bodies)


def bodies(message: bytes) -> list[str]:
    """The bodies in a payload."""
    logs = ExportLogsServiceRequest.FromString(message).resource_logs
    return [record.body.string_value for one in logs for scope in one.scope_logs for record in scope.log_records]


@pytest.fixture
def spool_folder(tmp_path: Path) -> Path:
    """What an ended process has left: five records in two frames."""
    spool = Accounts(tmp_path / "spool" / "otlp_http-000000000000").open()
    spool.append([request("one", "two"), request("three", "four", "five")])
    spool.close()
    return tmp_path / "spool"


@pytest.fixture
def destination(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    with scripted_server() as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        yield server


def test_ls_lists_what_living_and_ended_processes_have(spool_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    living = Accounts(spool_folder / "otlp_http-000000000000").open()
    living.append([request("six")])
    assert main(["spool", "ls", str(spool_folder)]) == 0
    head, ended, alive, total = capsys.readouterr().out.splitlines()
    assert head.split() == ["DESTINATION", "PROCESS", "STATE", "SEGMENTS", "RECORDS", "BYTES", "OLDEST"]
    assert re.fullmatch(r"otlp_http-0{12}  \d+-\d+-\w+  ended  1         5        \d+ +\d+ s", ended)
    assert re.fullmatch(r"otlp_http-0{12}  \d+-\d+-\w+  alive  1         1        \d+ +\d+ s", alive)
    assert total.startswith("6 records, ")
    living.close()


def test_cat_prints_the_records_and_changes_nothing(spool_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in spool_folder.rglob("*") if path.is_file()}
    assert main(["spool", "cat", str(spool_folder)]) == 0
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == [
        "one",
        "two",
        "three",
        "four",
        "five",
    ]
    assert main(["spool", "cat", "--json", str(spool_folder)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["body"] == "one"
    assert {path: path.read_bytes() for path in spool_folder.rglob("*") if path.is_file()} == before


def test_cat_tells_of_what_is_damaged_and_of_what_is_not_otlp(
    spool_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spool = Accounts(spool_folder / "loki-000000000000").open()
    spool.append([(b'{"streams": []}', 9)])
    spool.close()
    (segment,) = spool_folder.glob("otlp*/*/*.seg")
    data = bytearray(segment.read_bytes())
    data[40] ^= 1
    segment.write_bytes(data)
    assert main(["spool", "cat", str(spool_folder)]) == 1
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 3
    assert "2 records cannot be read: the file is damaged there" in said.err
    assert "9 records are not in OTLP" in said.err


def test_cat_ends_quietly_when_nobody_reads_on(spool_folder: Path) -> None:
    spool = Accounts(spool_folder / "otlp_http-000000000000").open()
    spool.append([request(*(["x" * 1000] * 500))])
    spool.close()
    command = f"{sys.executable} -m logcapy.cli spool cat {spool_folder} | head -1"
    done = subprocess.run(
        ["sh", "-c", command], env=clean_environment(), capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_replay_sends_what_is_there_in_order_and_removes_it(
    spool_folder: Path, destination: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["spool", "replay", str(spool_folder)]) == 0
    assert [bodies(one.body) for one in destination.requests] == [["one", "two"], ["three", "four", "five"]]
    assert destination.requests[0].path == "/v1/logs"
    assert list(spool_folder.glob("*/*")) == []
    assert capsys.readouterr().err == "logcapy spool: 5 sent\n"


def test_replay_leaves_what_a_living_process_has(
    spool_folder: Path, destination: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    living = Accounts(spool_folder / "otlp_http-000000000000").open()
    living.append([request("six")])
    assert main(["spool", "replay", str(spool_folder)]) == 1
    assert len(destination.requests) == 2
    assert "is left alone: its process lives" in capsys.readouterr().err
    assert living.records == 1
    living.close()


def test_replay_tries_until_its_time_is_over_and_not_at_all_where_it_is_asked_to_wait_longer(
    spool_folder: Path, destination: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logcapy.spool_replay.backoff_seconds", lambda *_: 60.0)
    destination.answers = [Answer(503)] * 2
    started = time.monotonic()
    assert main(["spool", "replay", "--timeout", "0.5", str(spool_folder)]) == 1
    assert (len(destination.requests), time.monotonic() - started > 0.5) == (2, True)
    destination.answers = [Answer(503, headers={"Retry-After": "60"})]
    assert main(["spool", "replay", "--timeout", "5", str(spool_folder)]) == 1
    assert (len(destination.requests), time.monotonic() - started < 5) == (3, True)


def test_replay_tries_again_and_keeps_what_it_cannot_send(
    spool_folder: Path, destination: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.answers = [Answer(), Answer(503)]
    assert main(["spool", "replay", "--timeout", "0", str(spool_folder)]) == 1
    assert "given up" in capsys.readouterr().err
    destination.answers = [Answer(503), Answer()]
    assert main(["spool", "replay", str(spool_folder)]) == 0
    assert [bodies(one.body) for one in destination.requests if b"one" in one.body] == [["one", "two"]]
    assert list(spool_folder.glob("*/*")) == []


def test_replay_counts_what_the_destination_refuses(
    spool_folder: Path, destination: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    destination.answers = [Answer(400), Answer()]
    assert main(["spool", "replay", str(spool_folder)]) == 1
    assert capsys.readouterr().err == "logcapy spool: 2 rejected, 3 sent\n"
    assert list(spool_folder.glob("*/*")) == []


def test_replay_leaves_what_is_not_otlp(
    tmp_path: Path, destination: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    spool = Accounts(tmp_path / "loki-000000000000").open()
    spool.append([(b'{"streams": []}', 9)])
    spool.close()
    assert main(["spool", "replay", str(tmp_path)]) == 1
    assert destination.requests == []
    assert "it is not in OTLP" in capsys.readouterr().err
    assert len(list(tmp_path.rglob("*.seg"))) == 1


def test_purge_deletes_only_when_told_twice_and_never_what_a_living_process_has(
    spool_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    living = Accounts(spool_folder / "otlp_http-000000000000").open()
    living.append([request("six")])
    assert main(["spool", "purge", str(spool_folder)]) == 2
    assert "this would delete 5 records of 1 ended" in capsys.readouterr().err
    assert len(list(spool_folder.rglob("*.seg"))) == 2
    assert main(["spool", "purge", "--yes", str(spool_folder)]) == 0
    assert "5 records deleted" in capsys.readouterr().err
    assert len(list(spool_folder.rglob("*.seg"))) == 1
    assert living.records == 1
    living.close()


@pytest.mark.parametrize("action", ["ls", "cat", "replay", "purge"])
def test_a_folder_that_is_not_there_is_told(action: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spool", action, str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err == f"logcapy spool: {tmp_path}/none: No such file or directory\n"
