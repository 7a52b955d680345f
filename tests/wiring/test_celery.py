"""A Celery worker under opentelemetry-instrument, with a broker made of files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from logcapy.render.received import Received
from servers.processes import RunningProcess, clean_environment, running, wait_until

from .conftest import Program

pytestmark = pytest.mark.slow

TASKS = """
import logging, os
from celery import Celery

app = Celery("shop", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control", "processed_folder": "done",
}
log = logging.getLogger("shop.tasks")


class Unpicklable(Exception):
    def __init__(self, order_id, reason):
        super().__init__("no card")


class SoldOut(Exception):
    pass


@app.task(name="place")
def place(number):
    log.info("order %d placed", number)

@app.task(name="pay")
def pay():
    raise LookupError("card 4111 1111 1111 1111 is unknown")

@app.task(name="pay_and_log")
def pay_and_log():
    try:
        raise LookupError("unknown")
    except LookupError:
        log.exception("not paid")
        raise

@app.task(name="unpicklable")
def unpicklable():
    raise Unpicklable(7, "why")

@app.task(name="sold_out", throws=(SoldOut,))
def sold_out():
    raise SoldOut("tea")

@app.task(name="ship", bind=True, max_retries=2)
def ship(self):
    try:
        raise TimeoutError("carrier")
    except TimeoutError as error:
        raise self.retry(exc=error, countdown=0)

@app.task(name="lost")
def lost():
    os._exit(9)
"""

SEND = """
import sys
from tasks import app
from opentelemetry import trace
with trace.get_tracer("shop").start_as_current_span("send") as span:
    for name, *args in {calls!r}:
        app.send_task(name, args)
    print(format(span.get_span_context().trace_id, "032x"))
"""

BIN = Path(sys.executable).parent
INSTRUMENTED = BIN / "opentelemetry-instrument"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "tasks.py").write_text(TASKS)
    for folder in ("queue", "control", "done"):
        (tmp_path / folder).mkdir()
    return tmp_path


def environment(program: Program, **more: str) -> dict[str, str]:
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": program.endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        # What arrives before the end is sent after a moment, what arrives at the end by the end alone.
        "OTEL_BLRP_SCHEDULE_DELAY": "200",
    }
    return clean_environment(**{**settings, **more})


def send(program: Program, shop: Path, *calls: tuple[object, ...]) -> str:
    """The id of the trace in which tasks were sent."""
    script = shop / "send.py"
    script.write_text(SEND.format(calls=calls))
    with running([INSTRUMENTED, sys.executable, script], environment(program), shop / "sender", cwd=shop) as sender:
        assert sender.wait(60) == 0, sender
        return sender.stdout.strip()


@contextmanager
def worker(program: Program, shop: Path, *options: str, **env: str) -> Iterator[RunningProcess]:
    command = [INSTRUMENTED, BIN / "celery", "-A", "tasks", "worker", "--loglevel", "INFO", *options]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    process = RunningProcess(command, environment(program, **env), shop / "worker", cwd=shop)
    try:
        yield process
    finally:
        process.terminate(30)


def finished(process: RunningProcess, name: str, words: tuple[str, ...] = ("succeeded", "raised")) -> bool:
    assert process.returncode is None, process
    lines = [line for line in process.stderr.splitlines() if f"Task {name}[" in line]
    return any(word in line for line in lines for word in words)


def wait_for(process: RunningProcess, name: str) -> None:
    wait_until(lambda: finished(process, name), 60, lambda: f"{name} in {process}")


def full(records: list[Received]) -> list[Received]:
    return [record for record in records if "exception.stacktrace" in record.attributes]


def of_celery(records: list[Received]) -> list[Received]:
    return [record for record in records if record.scope_name == "logcapy.integrations.celery"]


POOLS = [["--pool", "solo"], ["--pool", "prefork", "--concurrency", "2"]]


@pytest.mark.parametrize("pool", POOLS, ids=lambda pool: pool[1])
def test_a_task_that_fails_is_one_full_record_in_its_trace(program: Program, shop: Path, pool: list[str]) -> None:
    calls = ("place", 1), ("pay",), ("pay_and_log",), ("unpicklable",), ("sold_out",)
    trace_id = send(program, shop, *calls)
    with worker(program, shop, *pool) as process:
        for name, *_ in calls:
            wait_for(process, name)
    records = program.records
    (placed,) = (record for record in records if record.body == "order 1 placed")
    assert (placed.severity_text, placed.trace_id) == ("INFO", trace_id)

    whole = {str(record.attributes["exception.type"]).rpartition(".")[2]: record for record in full(records)}
    assert len(full(records)) == 3, [(one.scope_name, one.body) for one in full(records)]
    assert {record.trace_id for record in full(records)} == {trace_id}
    told = [record for record in of_celery(records) if record in full(records)]
    assert [record.attributes["celery.task_name"] for record in told].count("pay") == 1
    for record in told:
        assert (record.severity_text, record.event_name) == ("ERROR", "messaging.process.exception")
        assert record.attributes["celery.state"] == "FAILURE"
        assert record.attributes["messaging.message.id"]
    assert whole["Unpicklable"].attributes["exception.message"] == "no card"
    (own,) = (record for record in records if record.body == "not paid")
    assert own in full(records), "what the application logged first is the full one"
    assert "4111 1111" not in str(records)

    ids = {record.attributes["log.record.uid"] for record in full(records)}
    celerys = [record for record in records if record.scope_name == "celery.app.trace" and "unexpected" in str(record)]
    assert {record.attributes["logcapy.exception.reference"] for record in celerys} == ids
    assert not any("SoldOut" in str(record.attributes.get("exception.type")) for record in records)


@pytest.mark.parametrize("pool", POOLS, ids=lambda pool: pool[1])
def test_each_retry_is_a_warning_and_the_last_failure_an_error(program: Program, shop: Path, pool: list[str]) -> None:
    trace_id = send(program, shop, ("ship",))
    with worker(program, shop, *pool) as process:
        wait_for(process, "ship")
    told = of_celery(program.records)
    assert [(record.severity_text, record.attributes["celery.state"]) for record in told] == [
        ("WARN", "RETRY"),
        ("WARN", "RETRY"),
        ("ERROR", "FAILURE"),
    ]
    assert [record.attributes.get("logcapy.retry.attempt") for record in told] == [1, 2, None]
    assert told[0].body == "attempt 1 of 3 failed, next in 0 s"
    assert "TimeoutError" in str(told[0].attributes["celery.retry.reason"])
    assert told == full(program.records)
    assert {record.trace_id for record in told} == {trace_id}


@pytest.mark.parametrize("pool", POOLS, ids=lambda pool: pool[1])
def test_the_records_of_the_last_moment_arrive(program: Program, shop: Path, pool: list[str]) -> None:
    send(program, shop, ("place", 1), ("pay",))
    program.records.clear()
    with worker(program, shop, *pool, OTEL_BLRP_SCHEDULE_DELAY="60000") as process:
        wait_for(process, "place")
        wait_for(process, "pay")
        assert program.bodies == [], "nothing was sent before the end"
        assert process.terminate(30) == 0, process
    assert program.bodies.count("order 1 placed") == 1, process
    assert len(full(program.records)) == 1


def test_without_the_instrumentation_a_failure_is_in_the_trace_that_the_message_tells_of(
    program: Program, shop: Path
) -> None:
    trace_id = send(program, shop, ("pay",))
    disabled = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "celery"}
    with worker(program, shop, "--pool", "solo", **disabled) as process:
        wait_for(process, "pay")
    (record,) = full(program.records)
    assert (record.scope_name, record.trace_id) == ("logcapy.integrations.celery", trace_id)


def test_a_task_whose_worker_is_lost_is_told_by_the_main_process(program: Program, shop: Path) -> None:
    trace_id = send(program, shop, ("lost",))
    with worker(program, shop, "--pool", "prefork", "--concurrency", "1"):
        wait_until(lambda: full(program.records), 60, lambda: str(program.bodies))
    assert len(full(program.records)) == 1, "\n".join(map(str, full(program.records)))
    (record,) = full(program.records)
    assert str(record.attributes["exception.type"]).endswith("WorkerLostError")
    assert (record.attributes["celery.task_name"], record.trace_id) == ("lost", trace_id)


def test_shut_down_nothing_listens_any_more(program: Program) -> None:
    source = """
import logcapy
handle = logcapy.configure()
from celery import signals
watched = "task_failure", "task_retry", "worker_process_shutdown", "worker_shutdown"
def listening():
    return [sum("logcapy" in one.__module__ for _, one in getattr(signals, name).receivers) for name in watched]
print(listening())
handle.shutdown()
print(listening())
"""
    run = program.run(source, instrument=False)
    assert run.stdout == "[1, 1, 1, 1]\n[0, 0, 0, 0]\n", run.stderr
