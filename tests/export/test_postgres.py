"""PostgreSQL: what a record becomes, restarts in the middle, forks, retention, and what each failure means."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider

import logcapy
from logcapy.config import BatchConfig, LogCapyConfig
from logcapy.errors import ConfigError
from logcapy.export._postgres_failure import failure
from logcapy.export._rows import MAX_PAYLOAD_BYTES
from logcapy.export.postgres import PostgresLogRecordExporter
from logcapy.exporter import Patience, PayloadExporter, deliver
from logcapy.testing.conformance import Arrived, PayloadConformance
from logcapy.types import Broken, Delivered, Payload, Rejected, Retry, TooLarge
from servers.postgres import PASSWORD, Postgres
from servers.processes import clean_environment
from tests.docs.test_pages import code_blocks
from tests.export.test_loki import a_record
from tests.export.test_sqlite import a_failed_order

pytestmark = pytest.mark.servers


@pytest.fixture
def table() -> str:
    return f"t_{uuid.uuid4().hex[:12]}"


Make = Callable[..., PostgresLogRecordExporter]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes exporters, which are shut down afterwards."""
    made: list[PostgresLogRecordExporter] = []

    def make(**fields: Any) -> PostgresLogRecordExporter:
        made.append(PostgresLogRecordExporter(**fields))
        return made[-1]

    yield make
    for exporter in made:
        exporter.shutdown()


def bodies(postgres: Postgres, table: str) -> list[str]:
    return [row["body"] for row in postgres.rows(f"SELECT body FROM {table} ORDER BY time")]


def send(exporter: PostgresLogRecordExporter, records: Sequence[Any]) -> None:
    for payload in exporter.encode(records):
        assert exporter.send(payload, time.monotonic() + 30) == Delivered()


class TestPostgres(PayloadConformance):
    max_payload_bytes = MAX_PAYLOAD_BYTES
    secrets = (PASSWORD,)
    timestamp_resolution = 1000

    @pytest.fixture(autouse=True)
    def _table(self, postgres: Postgres, table: str) -> None:
        self.postgres, self.table = postgres, table

    def make_exporter(self) -> PayloadExporter:
        return PostgresLogRecordExporter(dsn=self.postgres.dsn, table=self.table)

    def arrived(self, service: str) -> Sequence[Arrived]:
        return [
            Arrived(
                body=row["body"],
                attributes=row["attributes"],
                severity_number=row["severity_number"],
                timestamp=int((row["time"] - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds() * 1e6) * 1000,
                trace_id=row["trace_id"],
                span_id=row["span_id"],
            )
            for row in self.postgres.rows(f"SELECT * FROM {self.table} WHERE service = %s ORDER BY time", service)
        ]


def test_a_record_is_a_row(make: Make, postgres: Postgres, table: str) -> None:
    record = a_record(
        "paid \x00 \ud800",
        timestamp=1795359970143302999,
        severity_number=SeverityNumber.WARN2,
        trace_id=0xAF7,
        event_name="shop.paid",
    )
    record.log_record.attributes = {"order.id": 7, "deep": {"a": [1, None]}, "nul\x00": "\x00\\u0000"}
    send(make(dsn=postgres.dsn, table=table), [record])
    (row,) = postgres.rows(f"SELECT *, extract(microseconds from time)::int AS microseconds FROM {table}")
    wanted = {
        "microseconds": 10143302,
        "severity_number": 14,
        "severity": "WARN",
        "service": "shop",
        "logger": "shop.orders",
        "event": "shop.paid",
        "body": "paid \ufffd \\ud800",
        "trace_id": f"{0xAF7:032x}",
        "span_id": None,
        "attributes": {"order.id": 7, "deep.a": [1, None], "nul\ufffd": "\ufffd\\u0000"},
    }
    assert {name: row[name] for name in wanted} == wanted
    assert row["resource"]["service.name"] == "shop"
    assert len(postgres.rows("SELECT 1 FROM pg_indexes WHERE tablename = %s", table)) == 4


def test_what_is_sent_twice_is_stored_once(make: Make, postgres: Postgres, table: str) -> None:
    exporter = make(dsn=postgres.dsn, table=table)
    (payload,) = exporter.encode([a_record(str(number)) for number in range(20)])
    for _ in range(3):
        assert exporter.send(payload, time.monotonic() + 5) == Delivered()
    assert len(bodies(postgres, table)) == 20


def test_a_table_may_have_a_schema_and_its_writer_few_rights(make: Make, postgres: Postgres, table: str) -> None:
    postgres.rows(f"CREATE SCHEMA s_{table}")
    name = f"s_{table}.records"
    send(make(dsn=postgres.dsn, table=name), [a_record("first")])
    postgres.rows(f"CREATE ROLE r_{table} LOGIN PASSWORD 'writing-only'")
    postgres.rows(f"GRANT USAGE ON SCHEMA s_{table} TO r_{table}")
    dsn = f"postgresql://r_{table}:writing-only@127.0.0.1:{postgres.port}/postgres"
    (payload,) = make(dsn=dsn, table=name).encode([a_record("second")])
    assert isinstance(make(dsn=dsn, table=name).send(payload, time.monotonic() + 5), Broken)
    postgres.rows(f"GRANT SELECT, INSERT ON {name} TO r_{table}")
    assert make(dsn=dsn, table=name).send(payload, time.monotonic() + 5) == Delivered()
    assert bodies(postgres, name) == ["first", "second"]


def test_old_records_are_deleted(make: Make, postgres: Postgres, table: str) -> None:
    old = [a_record("old", timestamp=time.time_ns() - 3_600 * 10**9) for _ in range(12_000)]
    send(make(dsn=postgres.dsn, table=table), [*old, a_record("new")])
    exporter = make(dsn=postgres.dsn, table=table, keep_age=60_000)
    send(exporter, [a_record("newer")])
    send(exporter, [a_record("newest")])
    assert bodies(postgres, table) == ["new", "newer", "newest"]


def test_a_failure_to_delete_costs_no_record_and_is_told(
    make: Make, postgres: Postgres, table: str, capfd: pytest.CaptureFixture[str]
) -> None:
    send(make(dsn=postgres.dsn, table=table), [a_record("first")])
    postgres.rows(f"CREATE ROLE r_{table} LOGIN PASSWORD 'writing-only'")
    postgres.rows(f"GRANT SELECT, INSERT ON {table} TO r_{table}")
    dsn = f"postgresql://r_{table}:writing-only@127.0.0.1:{postgres.port}/postgres"
    send(make(dsn=dsn, table=table, keep_age=1), [a_record("second")])
    assert bodies(postgres, table) == ["first", "second"]
    assert "old records could not be deleted" in capfd.readouterr().err


def test_a_record_that_the_database_cannot_hold_costs_itself(make: Make, postgres: Postgres, table: str) -> None:
    postgres.rows(f"CREATE DATABASE d_{table} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    dsn = postgres.dsn.removesuffix("postgres") + f"d_{table}"
    exporter = make(dsn=dsn)
    given = [a_record("\u6f22" if number == 7 else str(number)) for number in range(20)]
    tally = deliver(exporter, given, 30, Patience())
    exporter.shutdown()
    assert (tally.exported, dict(tally.dropped)) == (19, {"rejected": 1})


@pytest.mark.parametrize(
    ("dsn", "kind"),
    [
        ("postgresql://logs:wr0ng-p4ss@127.0.0.1:{port}/postgres", Broken),
        ("postgresql://nobody:wr0ng-p4ss@127.0.0.1:{port}/postgres", Broken),
        (f"postgresql://logs:{PASSWORD}@127.0.0.1:{{port}}/absent", Broken),
        (f"postgresql://logs:{PASSWORD}@127.0.0.1:1/postgres", Retry),
    ],
)
def test_what_a_server_refuses_is_told_without_the_password(
    make: Make, postgres: Postgres, dsn: str, kind: type
) -> None:
    exporter = make(dsn=dsn.format(port=postgres.port))
    (payload,) = exporter.encode([a_record()])
    outcome = exporter.send(payload, time.monotonic() + 5)
    assert isinstance(outcome, kind)
    assert "127.0.0.1" in str(outcome)
    assert not any(secret in str(outcome) for secret in ("wr0ng-p4ss", PASSWORD))
    if isinstance(outcome, Retry):
        assert outcome.unreachable


@pytest.mark.parametrize(
    ("state", "connecting", "count", "wanted"),
    [
        *((state, False, 5, Retry) for state in ("53100", "57P01", "40001", "55P03", "58030", "25006", None)),
        *((state, False, 5, Broken) for state in ("42501", "42P01", "28P01", "3D000")),
        *(("22P05", False, count, kind) for count, kind in ((5, TooLarge), (1, Rejected))),
        (None, True, 5, Retry),
    ],
)
def test_each_class_of_errors_has_its_outcome(state: str | None, connecting: bool, count: int, wanted: type) -> None:
    assert isinstance(failure("it failed", state, count, connecting=connecting), wanted)


@pytest.mark.slow
def test_a_server_that_hangs_is_given_up_at_the_deadline(make: Make, postgres: Postgres, table: str) -> None:
    exporter = make(dsn=postgres.dsn, table=table)
    send(exporter, [a_record("first")])
    (payload,) = exporter.encode([a_record("second")])
    (row,) = postgres.rows("SELECT pid FROM pg_stat_activity WHERE application_name = 'logcapy' AND state = 'idle'")
    os.kill(row["pid"], signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert isinstance(exporter.send(payload, started + 1), Retry)
        assert time.monotonic() - started < 10
    finally:
        os.kill(row["pid"], signal.SIGCONT)
    os.kill(postgres.process, signal.SIGSTOP)
    try:
        assert isinstance(exporter.send(payload, time.monotonic() + 1), Retry)
    finally:
        os.kill(postgres.process, signal.SIGCONT)
    assert exporter.send(payload, time.monotonic() + 30) == Delivered()
    assert bodies(postgres, table) == ["first", "second"]
    exporter.shutdown()


def load(postgres: Postgres, table: str, count: int, restarts: Sequence[str]) -> list[str]:
    """Emit records from four threads, restarting the server in between; returns what is stored."""
    exporter = PostgresLogRecordExporter(dsn=postgres.dsn, table=table)
    config = LogCapyConfig(overflow="block", block_timeout=60_000, shutdown_timeout=60_000)
    processor = logcapy.LogCapyLogRecordProcessor(
        exporter, config=config, batch=BatchConfig(schedule_delay=50, export_timeout=120_000)
    )
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    logger = provider.get_logger("load")
    emitted = iter(range(count))
    pause = threading.Event()

    def emit() -> None:
        for number in emitted:
            logger.emit(body=str(number))
            if number % 50 == 0:
                pause.wait(0.01)

    threads = [threading.Thread(target=emit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for how in restarts:
        time.sleep(0.5)
        postgres.stop(how)
        time.sleep(0.5)
        postgres.start()
    for thread in threads:
        thread.join()
    assert provider.force_flush(60_000)
    stats = processor.stats()
    provider.shutdown()
    assert (stats.emitted, stats.exported, dict(stats.dropped)) == (count, count, {})
    return bodies(postgres, table)


@pytest.mark.slow
def test_restarts_and_a_crash_in_the_middle_of_a_load_lose_nothing_and_double_nothing(
    postgres: Postgres, table: str
) -> None:
    count = int(os.environ.get("POSTGRES_LOAD", "10000"))
    found = load(postgres, table, count, ("fast", "immediate"))
    assert sorted(map(int, found)) == list(range(count))


WRITER = """
import os, sys, time
sys.path[:0] = sys.argv[4:]
from logcapy.export.postgres import PostgresLogRecordExporter
from tests.export.test_loki import a_record
exporter = PostgresLogRecordExporter(dsn=sys.argv[1], table=sys.argv[2])

def send(text):
    for payload in exporter.encode([a_record(f"{text} {each}") for each in range(20)]):
        outcome = exporter.send(payload, time.monotonic() + 30)
        assert str(outcome).startswith("Delivered"), outcome

for number in range(5):
    send(f"{sys.argv[3]} parent {number}")
    child = os.fork()
    if not child:
        send(f"{sys.argv[3]} child {number}")
        exporter.shutdown()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.slow
def test_processes_that_make_the_table_together_and_fork_lose_nothing(postgres: Postgres, table: str) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", WRITER, postgres.dsn, table]
    writers = [
        subprocess.Popen([*command, str(n), str(root), str(root / "tests")], env=clean_environment()) for n in range(4)
    ]
    assert [writer.wait(120) for writer in writers] == [0] * 4
    wanted = [
        f"{n} {who} {k} {each}" for n in range(4) for who in ("parent", "child") for k in range(5) for each in range(20)
    ]
    assert sorted(bodies(postgres, table)) == sorted(wanted)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"dsn": "hunter2 is no dsn"}, "dsn"),
        ({"table": "a; DROP TABLE b"}, "table"),
        ({"table": "a.b.c"}, "table"),
        ({"timeout": 0}, "timeout"),
        ({"keep_age": 0}, "keep_age"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as error:
        PostgresLogRecordExporter(**fields)
    assert "hunter2" not in str(error.value)


def test_bytes_that_are_no_rows_are_refused(make: Make) -> None:
    outcome = make().send(Payload(b"\xff{", range(3)), 0.0)  # type: ignore[arg-type]
    assert isinstance(outcome, Rejected)


def test_the_queries_of_the_page_answer(make: Make, postgres: Postgres, table: str) -> None:
    exporter = make(dsn=postgres.dsn, table=table)
    a_failed_order(exporter)
    exporter.shutdown()
    (block,) = code_blocks("docs/destinations/postgres.md", "sql")
    queries = [query for query in block.replace("logcapy_logs", table).split(";\n") if query.strip()]
    recent, by_fingerprint, trace, by_attribute, by_minute = (postgres.rows(query) for query in queries)
    assert [row["body"] for row in recent] == ["charge failed"]
    assert by_fingerprint == [{"fingerprint": "f00d", "kind": "CardError", "times": 1}]
    assert [row["body"] for row in trace] == ["order taken", "charge failed"]
    assert [row["body"] for row in by_attribute] == ["charge failed"]
    assert sum(row["times"] for row in by_minute) == 2


def test_it_works_behind_the_processor_redacted(make: Make, postgres: Postgres, table: str) -> None:
    provider = LoggerProvider(shutdown_on_exit=False)
    exporter = make(dsn=postgres.dsn, table=table)
    provider.add_log_record_processor(logcapy.LogCapyLogRecordProcessor(exporter))
    provider.get_logger("shop").emit(body="password=hunter2")
    provider.shutdown()
    assert bodies(postgres, table) == ["password=[REDACTED]"]
