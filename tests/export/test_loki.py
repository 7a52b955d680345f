"""Loki: what the real one stores of a record, what it refuses, and what leaves for it."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.internal.decoder import _DecodeVarint32  # type: ignore[attr-defined]  # reads a varint
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

import logcapy
from logcapy.config.destinations.loki import FORMATS, LokiConfig
from logcapy.errors import ConfigError
from logcapy.export._loki_entries import MAX_LINE_BYTES, MAX_METADATA, MAX_METADATA_BYTES, name_in_loki
from logcapy.export._loki_protobuf import snappy_block
from logcapy.export.loki import MAX_BYTES, LokiLogRecordExporter, refused_entries
from logcapy.types import Broken, Delivered, Outcome, Payload, Rejected, Retry, TooLarge
from servers.http import Answer, scripted_server
from servers.loki import Loki

PASSWORD = "s3cr3t-p4ss"
SHOP = Resource({"service.name": "shop", "host.name": "h1"})


def a_record(body: Any = "paid", resource: Resource = SHOP, **fields: Any) -> ReadableLogRecord:
    fields.setdefault("timestamp", time.time_ns())
    return ReadableLogRecord(LogRecord(body=body, **fields), resource, InstrumentationScope("shop.orders"))


def send(exporter: LokiLogRecordExporter, records: Sequence[ReadableLogRecord]) -> list[Outcome]:
    return [exporter.send(payload, time.monotonic() + 30) for payload in exporter.encode(records)]


def requests_of(exporter: LokiLogRecordExporter, records: Sequence[Any]) -> list[tuple[str, Any]]:
    bodies = [payload.body.partition(b"\n") for payload in exporter.encode(records)]
    return [(tenant.decode(), json.loads(body)) for tenant, _, body in bodies]


@pytest.mark.servers
@pytest.mark.parametrize("shape", FORMATS)
def test_a_record_is_a_line_with_its_labels_and_all_else_as_metadata(loki: Loki, shape: str) -> None:
    tenant = f"record-{shape}"
    exporter = LokiLogRecordExporter(endpoint=loki.endpoint, tenant=tenant, format=shape)
    record = a_record(
        'paid "7" é\n',
        severity_text="WARN",
        severity_number=SeverityNumber.WARN,
        trace_id=0xAF7,
        span_id=0xB7,
        attributes={"order.id": 7, "deep": {"a": [1, None]}, "__": "x", "9": 1, "é": 2, "order_id": "other"},
    )
    assert send(exporter, [record]) == [Delivered()]
    (entry,) = loki.query('{service_name="shop"}', tenant)
    assert (entry.line, entry.timestamp) == ('paid "7" é\n', record.log_record.timestamp)
    assert loki.series(tenant) == [{"service_name": "shop"}]
    wanted = {
        "level": "warn",
        "severity_text": "WARN",
        "severity_number": "13",
        "scope_name": "shop.orders",
        "trace_id": f"{0xAF7:032x}",
        "span_id": f"{0xB7:016x}",
        "order_id": "7",
        "deep": '{"a":[1,null]}',
        "attribute": "x",
        "key_9": "1",
        "attribute_2": "2",
        "order_id_2": "other",
        "host_name": "h1",
    }
    assert {name: entry.labels.get(name) for name in wanted} == wanted


@pytest.mark.servers
@pytest.mark.parametrize("shape", FORMATS)
def test_an_exceptions_stack_stands_in_the_line_where_it_is_read(loki: Loki, shape: str) -> None:
    provider = LoggerProvider(SHOP, shutdown_on_exit=False)
    tenant = f"stack-{shape}"
    exporter = LokiLogRecordExporter(endpoint=loki.endpoint, tenant=tenant, format=shape)
    provider.add_log_record_processor(logcapy.LogCapyLogRecordProcessor(exporter))
    try:
        raise ValueError("password=hunter2")
    except ValueError as error:
        provider.get_logger("shop").emit(body="failed", exception=error, severity_number=SeverityNumber.ERROR)
    provider.shutdown()
    (entry,) = loki.query('{service_name="shop"} |= "ValueError"', tenant)
    assert entry.line.startswith("failed\nTraceback (most recent call last)")
    assert "hunter2" not in entry.line
    assert entry.labels["exception_type"] == "ValueError"
    assert entry.labels["logcapy_exception_fingerprint"]


@pytest.mark.servers
@pytest.mark.parametrize("shape", FORMATS)
def test_equal_records_of_one_moment_are_all_stored_in_their_order(loki: Loki, shape: str) -> None:
    tenant = f"equal-{shape}"
    exporter = LokiLogRecordExporter(endpoint=loki.endpoint, tenant=tenant, format=shape)
    now = time.time_ns()
    records = [a_record("same", timestamp=now) for _ in range(50)]
    records += [a_record(f"number {n}", timestamp=now) for n in range(50)]
    assert send(exporter, records[:70]) == [Delivered()]
    assert send(exporter, records[70:]) == [Delivered()]
    assert [entry.line for entry in loki.query('{service_name="shop"}', tenant)] == [
        record.log_record.body for record in records
    ]


@pytest.mark.servers
@pytest.mark.parametrize("shape", FORMATS)
def test_equal_records_of_one_moment_are_all_stored_whatever_was_logged_between_them(loki: Loki, shape: str) -> None:
    tenant = f"between-{shape}"
    exporter = LokiLogRecordExporter(endpoint=loki.endpoint, tenant=tenant, format=shape)
    now = time.time_ns()
    records = [a_record("same", timestamp=now) for _ in range(1_500)]
    records += [a_record("other", timestamp=now + 10**6), a_record("same", timestamp=now)]
    assert send(exporter, records) == [Delivered()]
    found = [entry.line for entry in loki.query('{service_name="shop"}', tenant)]
    assert (found.count("same"), found.count("other")) == (1_501, 1)


@pytest.mark.servers
@pytest.mark.parametrize("shape", FORMATS)
def test_what_loki_refuses_of_a_request_is_counted_and_the_rest_is_stored(loki: Loki, shape: str) -> None:
    tenant = f"refused-{shape}"
    exporter = LokiLogRecordExporter(endpoint=loki.endpoint, tenant=tenant, format=shape)
    day = 86_400 * 10**9
    now = time.time_ns()
    bodies = {"good": now, "old": now - 30 * day, "older": now - 40 * day, "new": now + day, "fine": now + 1}
    records = [a_record(body, timestamp=at) for body, at in bodies.items()]
    (outcome,) = send(exporter, records)
    assert isinstance(outcome, Rejected)
    assert outcome.count == 3
    assert {entry.line for entry in loki.query('{service_name="shop"}', tenant)} == {"good", "fine"}
    (alone,) = send(exporter, [a_record("old", timestamp=now - 30 * day)])
    assert isinstance(alone, Rejected)
    assert alone.count == 1


@pytest.mark.servers
@pytest.mark.parametrize("shape", FORMATS)
def test_records_of_hostile_content_are_all_stored(loki: Loki, shape: str) -> None:
    tenant = f"hostile-{shape}"
    labels = {} if shape == "otlp" else {"labels": ["service.name", "shelf"]}
    exporter = LokiLogRecordExporter(endpoint=loki.endpoint, tenant=tenant, format=shape, **labels)
    cycle: list[Any] = []
    cycle.append(cycle)
    bodies: list[Any] = [
        "",
        None,
        b"\xff",
        "lone \ud800",
        "nul \0",
        float("nan"),
        2**70,
        cycle,
        {"k": object()},
        "x" * 400_000,
    ]
    records = [a_record(body) for body in bodies]
    names = ["", "__", "..", "a.b", "a_b", "9", "\ud800", "n" * 2000, "trace_id", "level", "service_name"]
    records.append(a_record("names", attributes=dict.fromkeys(names, "v")))
    records.append(a_record("many", attributes={f"k{n}": "v" * 100 for n in range(1000)}))
    records.append(a_record("large", attributes={"large": "v" * 400_000, "text": "kept"}))
    records.append(a_record("label", attributes={"shelf": "s" * 5000}))
    assert send(exporter, records) == [Delivered()]
    found = {entry.line: entry.labels for entry in loki.query('{service_name="shop"}', tenant)}
    assert len(found) == len(records) - 1  # "" and None are the same line
    assert found["many"]["logcapy_truncated"] == found["large"]["logcapy_truncated"] == "true"
    assert found["large"]["text"] == "kept"
    (cut,) = [line for line in found if line.startswith("xxx")]
    assert len(cut) == MAX_LINE_BYTES


@pytest.mark.servers
@pytest.mark.slow
def test_no_record_of_500_concurrent_tenants_is_at_another_tenant(loki: Loki) -> None:
    provider = LoggerProvider(SHOP, shutdown_on_exit=False)
    exporter = LokiLogRecordExporter(endpoint=loki.endpoint)
    # One batch, so that Loki, which takes its time for a new tenant, gets one request of each.
    batch = logcapy.BatchConfig(schedule_delay=60_000, max_export_batch_size=2_000, export_timeout=60_000)
    processor = logcapy.LogCapyLogRecordProcessor(exporter, batch=batch)
    provider.add_log_record_processor(processor)
    log = provider.get_logger("shop")

    def work(first: int) -> None:
        for turn in ("first", "second"):
            for number in range(first, 500, 10):
                with logcapy.context(**{"tenant.id": f"tenant-{number}"}):
                    log.emit(body=f"{number} {turn}", timestamp=time.time_ns())

    async def task(number: int) -> None:
        with logcapy.context(**{"tenant.id": f"tenant-{number}"}):
            for turn in ("third", "fourth"):
                await asyncio.sleep(0)  # all others are in their own contexts meanwhile
                log.emit(body=f"{number} {turn}", timestamp=time.time_ns())

    async def tasks() -> None:
        await asyncio.gather(*map(task, range(500)))

    threads = [threading.Thread(target=work, args=(first,)) for first in range(10)]
    threads.append(threading.Thread(target=lambda: asyncio.run(tasks())))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert processor.force_flush(60_000)
    provider.shutdown()
    assert processor.stats().exported == 2_000
    for number in range(500):
        lines = [entry.line for entry in loki.query('{service_name="shop"}', f"tenant-{number}")]
        assert sorted(lines) == sorted(f"{number} {turn}" for turn in ("first", "second", "third", "fourth"))


@pytest.mark.servers
@pytest.mark.parametrize("shape", FORMATS)
def test_what_a_spool_has_kept_is_sent_and_cut_by_an_exporter_that_never_saw_its_records(
    loki: Loki, shape: str
) -> None:
    tenant = f"from-disk-{shape}"
    records = [a_record(f"line {n}") for n in range(5)]
    (payload,) = LokiLogRecordExporter(tenant=tenant, format=shape).encode(records)
    exporter = LokiLogRecordExporter(endpoint=loki.endpoint, format=shape)
    pieces = exporter.split(payload.body)
    assert pieces is not None
    assert [count for _, count in pieces] == [2, 3]
    for body, count in pieces:
        outcome = exporter.send(Payload(body, range(count)), time.monotonic() + 10)  # type: ignore[arg-type]
        assert outcome == Delivered()
    assert [entry.line for entry in loki.query('{service_name="shop"}', tenant)] == [f"line {n}" for n in range(5)]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((204, Delivered), (260, Rejected), (400, Rejected), (401, Broken), (413, TooLarge), (422, Rejected)),
        *((429, Retry), (500, Retry), (503, Retry), (504, Retry)),
    ],
)
@pytest.mark.parametrize("shape", ["json", "otlp"])
def test_each_status_means_what_loki_means_by_it(status: int, kind: type[Outcome], shape: str) -> None:
    with scripted_server() as server:
        server.answers = [Answer(status, body=b"no org id\n")]
        exporter = LokiLogRecordExporter(endpoint=server.url, username="u", password=PASSWORD, format=shape)
        (outcome,) = send(exporter, [a_record(), a_record()])
        exporter.shutdown()
    assert isinstance(outcome, kind)
    assert PASSWORD not in repr((outcome, exporter, LokiConfig(username="u", password=PASSWORD)))
    assert server.requests[0].headers["authorization"] == "Basic dTpzM2NyM3QtcDRzcw=="
    assert server.requests[0].headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("message", "refused"),
    [
        ("entry for stream '{a=\"b\"}' has timestamp too old: 2026-11-14T15:06:10Z, oldest acceptable ...", 1),
        ("3 errors like: entry for stream '{}' has timestamp too old; 2 errors like: max entry size '262144'", 5),
        (
            "entry with timestamp 2026-11-22 ignored, reason: 'too late',\nuser 't1', total ignored: 2 out of 3",
            2,
        ),
        ("couldn't parse labels: 1:3: parse error: unexpected character inside braces: '.'", 7),
        ("loghttp.PushRequest: invalid", 7),
    ],
)
def test_lokis_message_tells_how_many_entries_it_refused(message: str, refused: int) -> None:
    assert refused_entries(message, 7) == refused


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"format": "xml"}, "format"),
        ({"labels": ["trace_id"]}, "few values"),
        ({"labels": ["scope"], "format": "otlp"}, "otlp_config"),
        ({"labels": [f"l{n}" for n in range(16)]}, "at most 15"),
        ({"tenant": "a b/"}, "tenant"),
        ({"tenant": ".."}, "tenant"),
        ({"password": PASSWORD}, "username"),
        ({"endpoint": "loki:3100"}, "endpoint"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as error:
        LokiLogRecordExporter(**fields)
    assert PASSWORD not in str(error.value)


def test_the_tenant_of_a_record_is_its_own_attributes_else_its_resources_else_the_settings() -> None:
    exporter = LokiLogRecordExporter(tenant="all")
    of_resource = Resource({"tenant.id": "resource"})
    records = [
        a_record("a", attributes={"tenant.id": "own"}, resource=of_resource),
        a_record("b", resource=of_resource),
        a_record("c"),
        a_record("d", attributes={"tenant.id": "no/tenant"}),
    ]
    found = requests_of(exporter, records)
    lines = {tenant: [value[1] for one in body["streams"] for value in one["values"]] for tenant, body in found}
    assert lines == {"own": ["a"], "resource": ["b"], "all": ["c", "d"]}
    assert found[-1][1]["streams"][0]["values"][1][2]["tenant_id"] == "no/tenant"


_texts = st.text(st.characters(), max_size=40)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.lists(st.tuples(_values, st.dictionaries(_texts, _values, max_size=5), st.integers(0, 3)), max_size=20))
def test_any_records_are_in_one_request_each_with_names_and_sizes_that_loki_takes(
    drawn: list[tuple[Any, dict[str, Any], int]],
) -> None:
    records = [
        a_record(body, attributes=attributes, timestamp=number, resource=Resource({"service.name": f"s{number}"}))
        for body, attributes, number in drawn
    ]
    exporter = LokiLogRecordExporter()
    payloads = list(exporter.encode(records))
    assert sorted(id(record) for payload in payloads for record in payload.records) == sorted(map(id, records))
    for payload in payloads:
        assert len(payload.body) <= MAX_BYTES
        entries = [value for one in json.loads(payload.body.partition(b"\n")[2])["streams"] for value in one["values"]]
        assert len(entries) == len(payload.records)
        for timestamp, line, metadata in entries:
            assert timestamp.isdigit()
            assert len(line.encode()) <= MAX_LINE_BYTES
            assert len(metadata) <= MAX_METADATA + 1
            assert sum(len(name) + len(value.encode()) for name, value in metadata.items()) <= MAX_METADATA_BYTES + 64
            assert all(isinstance(value, str) and name_in_loki(name) == name for name, value in metadata.items())


@settings(deadline=None)
@given(st.lists(st.tuples(_values, st.dictionaries(_texts, _values, max_size=5), st.integers(0, 3)), max_size=20))
def test_any_records_are_in_one_otlp_request_each_with_names_and_sizes_that_loki_takes(
    drawn: list[tuple[Any, dict[str, Any], int]],
) -> None:
    records = [
        a_record(body, attributes=attributes, timestamp=number, resource=Resource({"service.name": f"s{number}"}))
        for body, attributes, number in drawn
    ]
    payloads = list(LokiLogRecordExporter(format="otlp").encode(records))
    assert sorted(id(record) for payload in payloads for record in payload.records) == sorted(map(id, records))
    for payload in payloads:
        request = ExportLogsServiceRequest.FromString(payload.body.partition(b"\n")[2])
        assert sum(len(scope.log_records) for one in request.resource_logs for scope in one.scope_logs) == len(
            payload.records
        )
        for one in request.resource_logs:
            for record in one.scope_logs[0].log_records:
                kept = {pair.key: pair.value.string_value for pair in (*one.resource.attributes, *record.attributes)}
                assert len(kept) == len(one.resource.attributes) + len(record.attributes) <= MAX_METADATA
                assert sum(len(name) + len(value.encode()) for name, value in kept.items()) <= MAX_METADATA_BYTES
                assert all(re.search("[A-Za-z0-9]", name) for name in kept)
                assert len({name_in_loki(name) for name in kept}) == len(kept)
                assert len(record.body.string_value.encode()) <= MAX_LINE_BYTES


def test_a_resource_of_any_size_leaves_room_for_the_attributes_of_a_record() -> None:
    resource = Resource({"service.name": "shop", **{f"k{number}": "v" * 3000 for number in range(500)}})
    records = [a_record("paid", resource, attributes={"order.id": 7, "k0": "own"}, severity_text="s" * 5000)] * 2
    (payload,) = LokiLogRecordExporter(format="otlp").encode(records)
    request = ExportLogsServiceRequest.FromString(payload.body.partition(b"\n")[2])
    (one,) = request.resource_logs
    (record, _) = one.scope_logs[0].log_records
    kept = {pair.key: pair.value.string_value for pair in (*one.resource.attributes, *record.attributes)}
    assert sum(len(name) + len(value) for name, value in kept.items()) < MAX_METADATA_BYTES
    assert (kept["service.name"], kept["order.id"], kept["k0_2"]) == ("shop", "7", "own")
    assert kept["logcapy.truncated"] == "true"
    assert len(record.severity_text) == 1024


def test_records_that_do_not_fit_in_one_request_are_in_several_none_of_which_is_too_large() -> None:
    payloads = list(LokiLogRecordExporter().encode([a_record("é" * 60_000) for _ in range(40)]))
    assert len(payloads) > 3
    assert max(len(payload.body) for payload in payloads) <= MAX_BYTES
    assert sum(len(payload.records) for payload in payloads) == 40


@given(st.binary(max_size=300_000))
def test_a_block_of_literals_is_what_snappy_reads(content: bytes) -> None:
    block = snappy_block(content)
    length, position = _DecodeVarint32(block, 0)
    found = b""
    while position < len(block):
        assert block[position] == 61 << 2
        size = int.from_bytes(block[position + 1 : position + 3], "little") + 1
        found += block[position + 3 : position + 3 + size]
        position += 3 + size
    assert (len(found), found) == (length, content)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENDPOINT", "LABELS", "TENANT"):
        monkeypatch.delenv(f"LOGCAPY_LOKI_{name}", raising=False)


def test_variables_say_where_it_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGCAPY_LOKI_ENDPOINT", "https://logs.example.org/")
    monkeypatch.setenv("LOGCAPY_LOKI_LABELS", "service.name,scope,severity")
    monkeypatch.setenv("LOGCAPY_LOKI_TENANT", "shop")
    exporter = LokiLogRecordExporter()
    assert exporter.destination == "https://logs.example.org/loki/api/v1/push"
    record = a_record(severity_number=SeverityNumber.ERROR)
    ((tenant, request),) = requests_of(exporter, [record])
    assert tenant == "shop"
    assert request["streams"][0]["stream"] == {"service_name": "shop", "scope": "shop.orders", "severity": "error"}


ROOT = Path(__file__).parents[2]


@pytest.mark.servers
@pytest.mark.parametrize("shape", ["json", "otlp"])
def test_every_query_of_the_dashboard_and_of_the_page_finds_what_it_is_for(loki: Loki, shape: str) -> None:
    tenant = f"dashboard-{shape}"
    exporter = LokiLogRecordExporter(endpoint=loki.endpoint, tenant=tenant, format=shape)
    failure = {"logcapy.exception.fingerprint": "f1", "exception.type": "ValueError", "http.route": "/orders/{id}"}
    record = a_record("failed", severity_number=SeverityNumber.ERROR, trace_id=0xAF7, span_id=1, attributes=failure)
    assert send(exporter, [record]) == [Delivered()]
    dashboard = json.loads((ROOT / "examples/grafana/logcapy-loki.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    page = (ROOT / "docs/destinations/loki.md").read_text()
    queries += re.findall(r"```text\n(.*?)\n```", page, re.DOTALL)
    assert len(queries) >= 8
    values = {"$service": "shop", "$trace": f"{0xAF7:032x}", "$__auto": "1h", "$__range": "1h"}
    for query in queries:
        for name, value in values.items():
            query = query.replace(name, value)
        found = loki.count(query, tenant) if re.match(r"(sum|topk|count)", query) else loki.query(query, tenant)
        assert found, query
