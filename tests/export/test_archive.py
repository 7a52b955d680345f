"""Closed files in S3: all of them, once, through outages, killed processes and many writers. moto is the storage."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from logcapy.errors import ConfigError
from logcapy.export import _archive
from logcapy.export._rotating import _compress
from logcapy.export.cloudwatch import CloudWatchLogRecordExporter
from logcapy.export.file import FileLogRecordExporter
from servers.moto import aws_variables, client, moto_server
from servers.otlp_json import logs_of
from servers.processes import clean_environment, wait_until
from tests.export.test_file import send
from tests.export.test_loki import a_record

BUCKET = "shop-logs"
URL = f"s3://{BUCKET}/app"


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """boto3's client of a storage with a bucket, to which the environment leads."""
    with moto_server() as url:
        for name, value in aws_variables(url).items():
            monkeypatch.setenv(name, value)
        s3 = client("s3", url)
        make_bucket(s3)
        yield s3
        s3.close()


def make_bucket(s3: Any) -> None:
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})


def bodies(s3: Any) -> Counter[str]:
    """The first word of each record's body, of all objects."""
    found: Counter[str] = Counter()
    for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        for line in gzip.decompress(s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()).splitlines():
            found.update(record["body"].split()[0] for record in logs_of(json.loads(line)))
    return found


def exporter_to(folder: Path, **fields: Any) -> FileLogRecordExporter:
    given = {"path": str(folder / "log.jsonl"), "max_bytes": 1, "archive": URL, **fields}
    return FileLogRecordExporter(**given)


def closed_ones(folder: Path) -> list[Path]:
    return sorted(folder.glob("log-*"))


def test_each_closed_file_is_put_into_the_archive_by_day_and_host_and_then_deleted(
    storage: Any, tmp_path: Path
) -> None:
    exporter = exporter_to(tmp_path)
    for number in range(5):
        send(exporter, [a_record(f"r{number}")])
    exporter.shutdown()
    assert bodies(storage) == Counter(f"r{number}" for number in range(5))
    assert closed_ones(tmp_path) == []
    keys = [one["Key"] for one in storage.list_objects_v2(Bucket=BUCKET)["Contents"]]
    day = time.strftime("%Y/%m/%d", time.gmtime())
    assert all(key.startswith(f"app/{day}/") and key.endswith(".jsonl.gz") for key in keys)


def test_while_the_storage_fails_files_stay_and_they_are_put_there_when_it_works(
    storage: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    storage.delete_bucket(Bucket=BUCKET)
    exporter = exporter_to(tmp_path)
    for number in range(3):
        send(exporter, [a_record(f"r{number}")])
    said = wait_until(lambda: capfd.readouterr().err, 10, lambda: "nothing was said")
    assert f"wait to be put into {URL}" in said
    assert len(closed_ones(tmp_path)) == 3
    make_bucket(storage)
    wait_until(lambda: not closed_ones(tmp_path), 20, lambda: str(closed_ones(tmp_path)))
    exporter.shutdown()
    assert bodies(storage) == Counter(("r0", "r1", "r2"))


def test_shutdown_is_bounded_where_nobody_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in aws_variables("http://10.255.255.1:9").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(_archive, "_CLOSE_SECONDS", 1.0)
    exporter = exporter_to(tmp_path)
    send(exporter, [a_record("r0")])
    started = time.monotonic()
    exporter.shutdown()
    assert time.monotonic() - started < 4
    assert len(closed_ones(tmp_path)) == 1


def test_a_file_that_is_deleted_for_its_size_before_it_is_in_the_archive_is_told(
    storage: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    storage.delete_bucket(Bucket=BUCKET)
    exporter = exporter_to(tmp_path, keep_bytes=1)
    send(exporter, [a_record("r0")])
    exporter.shutdown()
    assert closed_ones(tmp_path) == []
    assert f"is not in {URL}" in capfd.readouterr().err


def test_what_was_uploaded_and_not_deleted_is_there_once(storage: Any, tmp_path: Path) -> None:
    """As a process leaves it that is killed between the two, or between compressing and deleting."""
    file = tmp_path / "log-20261126T195200-123456.jsonl"
    without = FileLogRecordExporter(path=str(tmp_path / "log.jsonl"), max_bytes=1, compress=False)
    send(without, [a_record("r0")])
    closed_ones(tmp_path)[0].rename(file)
    content = file.read_bytes()
    for _ in range(2):
        file.write_bytes(content)
        _compress(file)
        file.write_bytes(content)
        exporter = exporter_to(tmp_path, max_bytes=1_000_000)
        send(exporter, [a_record("open")])
        exporter.shutdown()
        assert closed_ones(tmp_path) == []
    assert bodies(storage) == Counter({"r0": 1})


PROGRAM = """
import glob, logging, os, signal, sys, time
for number in range(int(sys.argv[2])):
    logging.getLogger("shop").warning("%s-%d of a shop", sys.argv[1], number)
    time.sleep(0.01)
if sys.argv[3:] == ["stay"]:
    time.sleep(1)
    until = time.monotonic() + 40
    while glob.glob("log-*") and time.monotonic() < until:
        time.sleep(0.1)
if sys.argv[3:] == ["killed"]:
    time.sleep(1.5)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def start(folder: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    environment = clean_environment(
        OTEL_LOGS_EXPORTER="logcapy_file",
        OTEL_TRACES_EXPORTER="none",
        OTEL_METRICS_EXPORTER="none",
        OTEL_BLRP_SCHEDULE_DELAY="50",
        LOGCAPY_FILE_PATH=str(folder / "log.jsonl"),
        LOGCAPY_FILE_MAX_BYTES="1",
        LOGCAPY_FILE_ARCHIVE=URL,
        **variables,
    )
    program = str(Path(sys.executable).with_name("opentelemetry-instrument"))
    command = [program, sys.executable, "-c", PROGRAM, *arguments]
    return subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.PIPE, text=True)


def upload_the_rest(folder: Path) -> None:
    """The end of a process waits for uploads a moment only; one that goes on has the time."""
    exporter = exporter_to(folder)
    send(exporter, [a_record("rest")])
    wait_until(lambda: not closed_ones(folder), 60, lambda: str(closed_ones(folder)))
    exporter.shutdown()


@pytest.mark.slow
def test_what_a_killed_process_has_closed_the_next_one_uploads(storage: Any, tmp_path: Path) -> None:
    killed = start(tmp_path, "first", "20", "killed", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    _, said = killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL, said
    assert closed_ones(tmp_path), said
    assert not bodies(storage)
    after = start(tmp_path, "second", "1", "killed")  # it is no orderly end that makes it upload
    _, said = after.communicate(timeout=60)
    upload_the_rest(tmp_path)
    found = bodies(storage)
    assert found == Counter([*(f"first-{number}" for number in range(20)), "second-0", "rest"]), said
    assert "testing-secret" not in said


@pytest.mark.slow
def test_many_processes_with_one_file_upload_each_record_once(storage: Any, tmp_path: Path) -> None:
    writers = [start(tmp_path, f"w{number}", "40", "stay") for number in range(4)]
    ended = [(writer.communicate(timeout=120)[1], writer.returncode) for writer in writers]
    assert [code for _, code in ended] == [0] * 4, ended
    assert bodies(storage), "nothing was uploaded while they ran"
    upload_the_rest(tmp_path)
    assert bodies(storage) == Counter([*(f"w{w}-{n}" for w in range(4) for n in range(40)), "rest"]), ended


def test_a_forked_child_uploads_too_and_one_that_only_lives_keeps_nobody_out(storage: Any, tmp_path: Path) -> None:
    exporter = exporter_to(tmp_path)
    send(exporter, [a_record("parent")])
    archive = exporter._file._archive
    assert archive is not None
    wait_until(lambda: not closed_ones(tmp_path), 20, lambda: "the parent's")
    another = exporter_to(tmp_path)._file._archive
    assert another is not None
    with archive.lock.held(deadline=time.monotonic() + 20):  # its thread lets go of it after the file is gone
        with pytest.raises(BlockingIOError), another.lock.held(deadline=0.0):
            pass
        child = os.fork()
        if child == 0:
            send(exporter, [a_record("child")])
            time.sleep(30)
            os._exit(0)
    try:
        wait_until(lambda: bodies(storage)["child"], 20, lambda: "the child's")
        with archive.lock.held(deadline=time.monotonic() + 10):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        exporter.shutdown()


def test_without_boto3_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ConfigError, match=r"logcapy\[s3\]"):
        exporter_to(tmp_path)
    with pytest.raises(ConfigError, match=r"logcapy\[cloudwatch\]"):
        CloudWatchLogRecordExporter(group="shop")


def test_an_archive_that_cannot_be_is_told(tmp_path: Path) -> None:
    for archive in ("shop-logs", "s3://", "https://shop-logs/x", "s3://A_b/x"):
        with pytest.raises(ConfigError, match="archive"):
            exporter_to(tmp_path, archive=archive)
