"""SQLite: what a record becomes, retention, many processes and forks, and what fails."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import Resource

import logcapy
from logcapy.errors import ConfigError
from logcapy.export._rows import MAX_PAYLOAD_BYTES
from logcapy.export.sqlite import SqliteLogRecordExporter
from logcapy.exporter import PayloadExporter
from logcapy.testing.conformance import Arrived, PayloadConformance
from logcapy.types import Broken, Delivered, Payload, Rejected, Retry
from servers.processes import clean_environment
from tests.docs.test_pages import code_blocks
from tests.export.test_loki import a_record


def rows(path: Path, query: str = "SELECT * FROM logs ORDER BY rowid", *values: Any) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(query, values).fetchall()


def send(exporter: SqliteLogRecordExporter, records: Sequence[Any]) -> None:
    for payload in exporter.encode(records):
        assert exporter.send(payload, time.monotonic() + 5) == Delivered()


class TestSqlite(PayloadConformance):
    max_payload_bytes = MAX_PAYLOAD_BYTES

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = tmp_path / "logs.db"

    def make_exporter(self) -> PayloadExporter:
        return SqliteLogRecordExporter(path=str(self.path))

    def arrived(self, service: str) -> Sequence[Arrived]:
        return [
            Arrived(
                body=row["body"],
                attributes=json.loads(row["attributes"]),
                severity_number=row["severity_number"],
                timestamp=row["time"],
                trace_id=row["trace_id"],
                span_id=row["span_id"],
            )
            for row in rows(self.path, "SELECT * FROM logs WHERE service = ? ORDER BY rowid", service)
        ]


def test_a_record_is_a_row_of_a_file_that_its_owner_alone_can_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "logs.db"
    record = a_record("paid", timestamp=7, severity_number=SeverityNumber.WARN2, trace_id=0xAF7, event_name="shop.paid")
    record.log_record.attributes = {"order.id": 7, "deep": {"a": [1, None]}}
    send(SqliteLogRecordExporter(path=str(path)), [record])
    (row,) = rows(path)
    found = dict(row)
    assert {**found, "id": "", "resource": ""} == {
        "id": "",
        "time": 7,
        "severity_number": 14,
        "severity": "WARN",
        "service": "shop",
        "logger": "shop.orders",
        "event": "shop.paid",
        "body": "paid",
        "trace_id": f"{0xAF7:032x}",
        "span_id": None,
        "attributes": '{"order.id":7,"deep.a":[1,null]}',
        "resource": "",
    }
    assert json.loads(found["resource"])["service.name"] == "shop"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_sent_twice_is_stored_once(tmp_path: Path) -> None:
    exporter = SqliteLogRecordExporter(path=str(tmp_path / "logs.db"))
    (payload,) = exporter.encode([a_record(str(number)) for number in range(20)])
    for _ in range(3):
        assert exporter.send(payload, time.monotonic() + 5) == Delivered()
    assert len(rows(tmp_path / "logs.db")) == 20


def test_old_records_are_deleted(tmp_path: Path) -> None:
    old = a_record("old", timestamp=time.time_ns() - 3_600 * 10**9)
    path = tmp_path / "logs.db"
    send(SqliteLogRecordExporter(path=str(path)), [old, a_record("new")])
    assert len(rows(path)) == 2
    send(SqliteLogRecordExporter(path=str(path), keep_age=60_000), [a_record("newer")])
    assert [row["body"] for row in rows(path)] == ["new", "newer"]


def test_the_oldest_records_are_deleted_when_there_is_no_room_and_the_file_stays_small(tmp_path: Path) -> None:
    path, limit = tmp_path / "logs.db", 400_000
    exporter = SqliteLogRecordExporter(path=str(path), keep_bytes=limit)
    for number in range(30):
        send(exporter, [a_record(f"{number * 100 + each} {'x' * 500}") for each in range(100)])
    numbers = [int(row["body"].split()[0]) for row in rows(path)]
    assert numbers == list(range(numbers[0], 3000))
    assert 200 < len(numbers) < 800
    assert path.stat().st_size < 2 * limit


def test_a_database_that_another_process_writes_to_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    exporter = SqliteLogRecordExporter(path=str(path))
    send(exporter, [a_record("first")])
    (payload,) = exporter.encode([a_record("second")])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert isinstance(exporter.send(payload, time.monotonic() + 0.1), Retry)
        outcomes: list[Any] = []
        thread = threading.Thread(target=lambda: outcomes.append(exporter.send(payload, time.monotonic() + 30)))
        thread.start()
        time.sleep(0.1)
        assert outcomes == []
        other.execute("COMMIT")
        thread.join()
    assert outcomes == [Delivered()]


def test_what_is_no_database_is_for_somebody_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no database " * 1000)
    for path in (tmp_path / "file", tmp_path / "file" / "logs.db", tmp_path):
        exporter = SqliteLogRecordExporter(path=str(path))
        (payload,) = exporter.encode([a_record()])
        assert isinstance(exporter.send(payload, time.monotonic() + 5), Broken)
    assert isinstance(exporter.send(Payload(b'{"id":[]}\n', range(3)), 0.0), Rejected)  # type: ignore[arg-type]


FULL = """
import resource, signal, sys, time
sys.path[:0] = sys.argv[2:]
from logcapy.export.sqlite import SqliteLogRecordExporter
from logcapy.types import Delivered, Retry
from tests.export.test_loki import a_record
exporter = SqliteLogRecordExporter(path=sys.argv[1])
(payload,) = exporter.encode([a_record("x" * 1000) for _ in range(1000)])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, most))
outcome = exporter.send(payload, time.monotonic() + 1)
assert isinstance(outcome, Retry), outcome
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
assert exporter.send(payload, time.monotonic() + 30) == Delivered()
"""
ROOT = Path(__file__).parents[2]
PATHS = [str(ROOT), str(ROOT / "tests")]


@pytest.mark.slow
def test_what_had_no_room_is_stored_once_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    subprocess.run([sys.executable, "-c", FULL, str(path), *PATHS], env=clean_environment(), timeout=60, check=True)
    assert len(rows(path)) == 1000


WRITER = """
import sys, time
sys.path[:0] = sys.argv[3:]
from logcapy.export.sqlite import SqliteLogRecordExporter
from tests.export.test_loki import a_record
exporter = SqliteLogRecordExporter(path=sys.argv[1])
for number in range(20):
    for payload in exporter.encode([a_record(f"{sys.argv[2]} {number} {each}") for each in range(50)]):
        assert str(exporter.send(payload, time.monotonic() + 30)).startswith("Delivered")
"""


@pytest.mark.slow
def test_eight_processes_write_to_one_database_and_every_record_is_there_once(tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    command = [sys.executable, "-c", WRITER, str(path)]
    writers = [subprocess.Popen([*command, str(n), *PATHS], env=clean_environment()) for n in range(8)]
    assert [writer.wait(120) for writer in writers] == [0] * 8
    found = sorted(row["body"] for row in rows(path))
    assert found == sorted(f"{n} {number} {each}" for n in range(8) for number in range(20) for each in range(50))


FORKER = """
import os, sys, threading, time
sys.path[:0] = sys.argv[2:]
from logcapy.export.sqlite import SqliteLogRecordExporter
from tests.export.test_loki import a_record
exporter = SqliteLogRecordExporter(path=sys.argv[1])

def send(text):
    for payload in exporter.encode([a_record(text)]):
        assert str(exporter.send(payload, time.monotonic() + 20)).startswith("Delivered")

ended, sent = threading.Event(), 0
def keep_sending():
    global sent
    while not ended.is_set():
        send(f"parent {sent}")
        sent += 1
thread = threading.Thread(target=keep_sending)
thread.start()
for number in range(100):
    child = os.fork()
    if not child:
        send(f"child {number}")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
ended.set()
thread.join()
print(sent)
"""


@pytest.mark.slow
def test_a_process_that_forks_while_it_stores_hangs_nowhere_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKER, str(path), *PATHS],
        env=clean_environment(),
        timeout=120,
        check=True,
        capture_output=True,
    )
    wanted = [f"parent {n}" for n in range(int(done.stdout))] + [f"child {n}" for n in range(100)]
    assert sorted(row["body"] for row in rows(path)) == sorted(wanted)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "LOGCAPY_SQLITE_PATH"),
        ({"path": "logs/"}, "path"),
        ({"path": "x", "keep_bytes": 0}, "keep_bytes"),
        ({"path": "x", "timeout": 0}, "timeout"),
        ({"path": "x", "keep_age": -1}, "keep_age"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        SqliteLogRecordExporter(**fields)


def a_failed_order(exporter: Any) -> None:
    """What the queries of the page are about."""
    now = time.time_ns()
    resource = Resource({"service.name": "shop"})
    failed = a_record("charge failed", resource, timestamp=now, severity_number=SeverityNumber.ERROR, trace_id=0xAF7)
    failed.log_record.attributes = {
        "exception.type": "CardError",
        "logcapy.exception.fingerprint": "f00d",
        "http.route": "/orders/{id}",
        "order.id": 7,
    }
    before = a_record(
        "order taken", resource, timestamp=now - 10**6, severity_number=SeverityNumber.INFO, trace_id=0xAF7
    )
    for payload in exporter.encode([before, failed]):
        assert exporter.send(payload, time.monotonic() + 5) == Delivered()


def test_the_queries_of_the_page_answer(tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    a_failed_order(SqliteLogRecordExporter(path=str(path)))
    (block,) = code_blocks("docs/destinations/sqlite.md", "sql")
    recent, by_fingerprint, trace, by_attribute = (query for query in block.split(";") if query.strip())
    assert [row["body"] for row in rows(path, recent)] == ["charge failed"]
    assert [tuple(row) for row in rows(path, by_fingerprint)] == [("f00d", "CardError", 1)]
    assert [row["body"] for row in rows(path, trace)] == ["order taken", "charge failed"]
    assert [row["body"] for row in rows(path, by_attribute)] == ["charge failed"]


def test_it_works_behind_the_processor_redacted(tmp_path: Path) -> None:
    provider = LoggerProvider(shutdown_on_exit=False)
    exporter = SqliteLogRecordExporter(path=str(tmp_path / "logs.db"))
    provider.add_log_record_processor(logcapy.LogCapyLogRecordProcessor(exporter))
    provider.get_logger("shop").emit(body="password=hunter2")
    provider.shutdown()
    (row,) = rows(tmp_path / "logs.db")
    assert "hunter2" not in row["body"]
    assert "[REDACTED]" in row["body"]
    assert b"hunter2" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
