"""The OTLP encoder against the stock one, and against what the stock one cannot take."""

from __future__ import annotations

import datetime
import enum
import gc
import logging
import threading
import uuid
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs as stock_encode_logs
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as LogRecordMessage
from opentelemetry.sdk._logs import LogRecordLimits, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import TraceFlags

from logcapy.export.otlp import SMALLEST_MAX_BYTES, encode_logs
from logcapy.types import Record

_LIMITS = LogRecordLimits()


class Colour(str, enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Loud(str):
    def __str__(self) -> str:
        return "another text"


class Ratio(float):
    pass


class Blob(bytes):
    pass


class Countable(Sequence[int]):
    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: Any) -> Any:
        return (7, 8)[index]


class Indexed:
    def __index__(self) -> int:
        return 5


def readable(body: Any = "text", attributes: Any = None, **fields: Any) -> ReadableLogRecord:
    origin = {
        "resource": fields.pop("resource", Resource({})),
        "instrumentation_scope": fields.pop("instrumentation_scope", None),
    }
    log_record = LogRecord(body=body, attributes=attributes, **{"timestamp": 1, "observed_timestamp": 2} | fields)
    return ReadableLogRecord(log_record=log_record, **origin)


def decode(records: Sequence[Record], **options: int) -> ExportLogsServiceRequest:
    (payload,) = encode_logs(records, **options)
    return ExportLogsServiceRequest.FromString(payload.body)


def canonical(request: ExportLogsServiceRequest) -> bytes:
    """Bytes that are equal where messages are, NaN included."""
    return request.SerializeToString(deterministic=True)


def messages(request: ExportLogsServiceRequest) -> list[LogRecordMessage]:
    return [
        record for resource in request.resource_logs for scope in resource.scope_logs for record in scope.log_records
    ]


def only(record: Record) -> LogRecordMessage:
    (message,) = messages(decode([record]))
    return message


def stock_takes(record: Record) -> bool:
    """Whether the stock encoder makes a message of the record that can be read, without leaving attributes out."""
    try:
        stock = ExportLogsServiceRequest.FromString(stock_encode_logs([record]).SerializeToString())
    except Exception:
        return False
    (message,) = messages(stock)
    return len(message.attributes) == len(record.log_record.attributes or ())


@pytest.fixture(scope="module", autouse=True)
def _stock_encoder_is_quiet() -> Iterator[None]:
    logger = logging.getLogger("opentelemetry.exporter.otlp.proto.common._internal")
    logger.disabled = True
    yield
    logger.disabled = False


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200) | st.sampled_from(["", "é" * 90, "x" * 126])
int64s = st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 300) | st.sampled_from([127, 128, 16383, 16384])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    texts,
    int64s,
    st.floats(),
    st.binary(max_size=200),
    st.sampled_from([Colour.RED, Level.HIGH, Loud("inner"), Ratio(0.5), Blob(b"\0")]),
    st.sampled_from([bytearray(b"ab"), memoryview(b"cd"), range(3), deque([1]), Countable()]),
)
keys = texts | st.integers() | st.none() | st.booleans() | st.sampled_from([Loud("k"), Colour.RED, b"k", (1, 2)])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(keys, inner, max_size=5)
        | st.dictionaries(texts, inner, max_size=5).map(lambda pairs: MappingProxyType(OrderedDict(pairs)))
    ),
    max_leaves=12,
)
attribute_keys = texts | st.sampled_from(["code.line.number", "k" * 140, Loud("l"), Colour.RED, b"bytes", None])
attributes = st.none() | st.dictionaries(attribute_keys, values, max_size=6)
uint64s = st.integers(0, 2**64 - 1)
resources = st.builds(
    Resource, st.dictionaries(texts.filter(bool), st.integers(-5, 5) | texts, max_size=2), st.none() | texts
)
scopes = st.none() | st.builds(
    InstrumentationScope,
    texts,
    st.none() | texts,
    st.none() | texts,
    st.none() | st.dictionaries(texts, st.integers(-5, 5) | texts, max_size=2),
)


@st.composite
def records(draw: st.DrawFn) -> Record:
    log_record = LogRecord(
        timestamp=draw(st.none() | uint64s),
        observed_timestamp=draw(uint64s),
        trace_id=draw(st.integers(0, 2**128 - 1)),
        span_id=draw(st.integers(0, 2**64 - 1)),
        trace_flags=TraceFlags(draw(st.integers(0, 255))),
        severity_text=draw(st.none() | texts | st.sampled_from([Colour.RED, b"WARN"])),
        severity_number=draw(st.none() | st.sampled_from([*SeverityNumber, 9, Level.HIGH])),
        body=draw(values),
        attributes=draw(attributes),
    )
    log_record.event_name = draw(st.none() | texts)
    if draw(st.booleans()):
        return ReadableLogRecord(log_record, draw(resources), draw(scopes))
    log_record.attributes = draw(st.none() | st.dictionaries(texts, st.integers() | texts, max_size=4))
    limits = LogRecordLimits(max_log_record_attributes=draw(st.integers(0, 3)))
    return _limited(log_record, draw(resources), draw(scopes), limits)


def _limited(log_record: LogRecord, resource: Resource, scope: Any, limits: LogRecordLimits) -> Record:
    record = ReadWriteLogRecord(LogRecord(), resource, scope, limits=_LIMITS)
    record.log_record = log_record
    given_attributes = log_record.attributes
    log_record.attributes = BoundedAttributes(limits.max_log_record_attributes, given_attributes, immutable=False)
    return record


@settings(max_examples=200, deadline=None)
@given(st.lists(records(), max_size=6), st.randoms(use_true_random=False))
def test_a_batch_that_the_stock_encoder_takes_is_the_same_message(batch: list[Record], random: Any) -> None:
    batch = [record for record in batch if stock_takes(record)]
    batch += random.choices(batch, k=len(batch)) if batch else []
    stock = stock_encode_logs(batch)
    ours = [ExportLogsServiceRequest.FromString(payload.body) for payload in encode_logs(batch)]
    assert [canonical(request) for request in ours] == ([canonical(stock)] if batch else [])


@pytest.mark.parametrize(
    "fields",
    [
        {"timestamp": Indexed()},
        {"severity_number": type("Severity", (), {"value": 99})()},
        {"severity_number": type("Severity", (), {"value": -1})()},
        {"severity_text": "", "event_name": ""},
        {"body": [], "attributes": {"list": (), "map": {}, "none": None, "empty": "", "bytes": b""}},
        {"attributes": {"bytes": b"\xff\x00", "array": bytearray(b"\xff"), "range": range(2)}},
        {"body": {1: 1, None: 2, False: 3, "é": 4, (1, 2): 5}},
        {"body": Colour.RED, "attributes": {"level": Level.HIGH, "loud": Loud("inner"), "flag": True, "one": 1}},
    ],
)
def test_an_odd_form_that_the_stock_encoder_takes_is_the_same_message(fields: dict[str, Any]) -> None:
    record = readable(**fields)
    assert stock_takes(record)
    assert canonical(decode([record])) == canonical(stock_encode_logs([record]))


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"k": value}], ids=["list", "map"])
@pytest.mark.parametrize("where", ["body", "attribute"])
def test_nesting_is_kept_as_deep_as_the_stock_message_can_be_read_and_marked_below(wrap: Any, where: str) -> None:
    nested: Any = "innermost"
    taken = []
    for _ in range(60):
        nested = wrap(nested)
        record = readable(nested) if where == "body" else readable(attributes={"k": nested})
        taken.append(stock_takes(record))
        request = decode([record])
        if taken[-1]:
            assert canonical(request) == canonical(stock_encode_logs([record]))
        else:
            assert b"<nested too deep>" in canonical(request)
    assert any(taken)
    assert not all(taken)


def test_an_empty_container_is_kept_where_a_full_one_is_too_deep() -> None:
    nested: Any = ()
    for _ in range(47):
        nested = (nested,)
    assert stock_takes(readable(nested))
    assert canonical(decode([readable(nested)])) == canonical(stock_encode_logs([readable(nested)]))


class BadStr:
    def __str__(self) -> str:
        raise ValueError("no")


class NonsenseStr:
    def __str__(self) -> Any:
        return 5


class Liar:
    """Says that it is a string, as lazy proxies do."""

    __class__ = str  # type: ignore[assignment]

    def __str__(self) -> str:
        return "what the proxy holds"


class AngryClass:
    @property
    def __class__(self) -> Any:
        raise RuntimeError("no class")

    def __str__(self) -> str:
        return "angry"


class BadMapping(Mapping[str, int]):
    def __getitem__(self, key: str) -> int:
        raise OSError

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        raise OSError

    def __str__(self) -> str:
        return "a mapping that broke"


def cyclic() -> list[Any]:
    cycle: list[Any] = ["before"]
    cycle.append(cycle)
    return cycle


def deep(levels: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


POISON: list[tuple[Any, str]] = [
    (2**63, "9223372036854775808"),
    (-(2**63) - 1, "-9223372036854775809"),
    (10**5000, "<int of 16610 bits>"),
    ("a\ud800b", "a\\ud800b"),
    (BadStr(), "<BadStr: str() failed with ValueError>"),
    (NonsenseStr(), "<NonsenseStr: str() failed with TypeError>"),
    (Liar(), "what the proxy holds"),
    (AngryClass(), "angry"),
    (BadMapping(), "a mapping that broke"),
    (ValueError("boom"), "ValueError: boom"),
    ({1}, "{1}"),
    (Decimal("1.10"), "1.10"),
    (datetime.date(2026, 1, 2), "2026-01-02"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (1j, "1j"),
    (int, "<class 'int'>"),
]


@pytest.mark.parametrize(("poison", "text"), POISON, ids=lambda value: type(value).__name__)
def test_what_the_stock_encoder_fails_on_is_a_readable_text_and_its_neighbours_are_intact(
    poison: Any, text: str
) -> None:
    assert not stock_takes(readable(poison))
    good = [readable("before"), readable("after", {"n": 1})]
    poisoned = readable(poison, {"first": "a", "poison": poison, "nested": {"k": [poison, 1]}, "last": 2})
    before, message, after = messages(decode([good[0], poisoned, good[1]]))
    assert [before, after] == messages(stock_encode_logs(good))
    assert message.body.string_value == text
    found = {attribute.key: attribute.value for attribute in message.attributes}
    assert found["poison"].string_value == text
    inner = found["nested"].kvlist_value.values[0].value.array_value.values
    assert (inner[0].string_value, inner[1].int_value) == (text, 1)
    assert (found["first"].string_value, found["last"].int_value) == ("a", 2)


def test_a_cycle_is_marked_where_it_closes() -> None:
    before, cycle = only(readable(cyclic())).body.array_value.values
    assert (before.string_value, cycle.string_value) == ("before", "<cycle>")


def test_one_list_in_two_places_is_no_cycle() -> None:
    shared = [1]
    record = readable([shared, shared])
    assert canonical(decode([record])) == canonical(stock_encode_logs([record]))


@pytest.mark.parametrize("levels", [60, 200, 20_000])
def test_any_depth_can_be_decoded(levels: int) -> None:
    nested = deep(levels)
    try:
        assert b"<nested too deep>" in only(readable(nested, {"k": nested})).SerializeToString()
    finally:
        while nested:  # one level at a time: a deep list's own deallocation is not what is tested
            nested = nested.pop()


def test_lists_that_multiply_are_cut_to_the_limit() -> None:
    lists: list[Any] = []
    for _ in range(40):
        lists = [lists, lists]
    (payload,) = encode_logs([readable(lists)], 10_000)
    assert len(payload.body) <= 10_000
    (message,) = messages(ExportLogsServiceRequest.FromString(payload.body))
    assert _marked(message)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timestamp", -1),
        ("timestamp", 2**64),
        ("timestamp", 1.5),
        ("observed_timestamp", "now"),
        ("trace_id", 2**128),
        ("trace_id", -1),
        ("span_id", "abc"),
        ("trace_flags", -1),
        ("trace_flags", "x"),
        ("severity_number", type("Severity", (), {"value": 2**40})()),
        ("severity_text", 5),
        ("severity_text", "\udfff"),
        ("event_name", BadStr()),
        ("attributes", 7),
        ("attributes", {5: "five"}),
        ("attributes", {"\ud800": 1}),
        ("attributes", {b"\xff": 1}),
    ],
)
def test_a_wrong_field_costs_itself_at_most(field: str, value: Any) -> None:
    record = readable("the body", {"k": 1}, severity_number=SeverityNumber.ERROR)
    setattr(record.log_record, field, value)
    message = only(record)
    assert message.body.string_value == "the body"
    if field != "attributes":
        assert message.attributes[0].key == "k"
    if field != "severity_number":
        assert message.severity_number == 17
    if field == "severity_text":
        assert message.severity_text in ("5", "\\udfff")


def test_a_key_that_is_no_text_is_shown_as_one() -> None:
    record = readable(attributes={5: "five", "\ud800": 6, b"\xff": 7})
    assert [attribute.key for attribute in only(record).attributes] == ["5", "\\ud800", "b'\\xff'"]


def test_an_object_that_is_no_record_costs_itself_at_most() -> None:
    class Empty:
        resource = None
        instrumentation_scope = None

    empty: Any = Empty()
    first, second = messages(decode([empty, readable("good", resource=None)]))
    assert first.body.string_value == "<record could not be encoded: AttributeError>"
    assert second.body.string_value == "good"


def test_a_record_without_a_resource_has_an_empty_one() -> None:
    request = decode([readable(resource=None)])
    assert request.resource_logs[0].HasField("resource")
    assert not request.resource_logs[0].resource.attributes


def test_a_resource_and_a_scope_with_values_of_a_foreign_kind_are_encoded() -> None:
    resource: Any = type("Foreign", (), {"attributes": {"a": {1}, "b": 2}, "schema_url": None, "__hash__": None})()
    scope: Any = type("Foreign", (), {"name": "s", "version": 1, "attributes": {"c": object}, "schema_url": "u"})()
    request = decode([readable(resource=resource, instrumentation_scope=scope)] * 2)
    (logs,) = request.resource_logs
    assert [attribute.value.string_value for attribute in logs.resource.attributes] == ["{1}", ""]
    assert (logs.scope_logs[0].scope.name, logs.scope_logs[0].scope.version) == ("s", "1")
    assert len(logs.scope_logs[0].log_records) == 2


def test_resources_that_are_made_and_forgotten_are_never_mistaken_for_one_another() -> None:
    for number in range(600):
        resource = Resource({"number": number})
        request = decode([readable(resource=resource, instrumentation_scope=InstrumentationScope(str(number)))])
        assert request.resource_logs[0].resource.attributes[0].value.int_value == number
        assert request.resource_logs[0].scope_logs[0].scope.name == str(number)
        del resource
        gc.collect(0)


arbitrary = st.recursive(
    st.one_of(
        scalars,
        st.integers(),
        st.text(),
        st.integers(0, len(POISON) - 1).map(lambda index: POISON[index][0]),  # some cannot be shown by repr
        st.sampled_from([object(), threading.Lock(), deep(90), iter([1]), Exception, {1: {2}}]),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(arbitrary, st.dictionaries(st.text() | st.integers(), arbitrary, max_size=4), st.integers(0, 2)),
        max_size=8,
    ),
    st.integers(SMALLEST_MAX_BYTES, 4 * SMALLEST_MAX_BYTES),
)
def test_for_any_objects_and_any_limit_each_record_is_in_one_payload_within_the_limit(
    contents: list[tuple[Any, Any, int]], max_bytes: int
) -> None:
    some = [Resource({"n": number, "long": "é" * 2000 * number}) for number in range(3)]
    batch: list[Record] = [readable(body, pairs, resource=some[number]) for body, pairs, number in contents]
    payloads = list(encode_logs(batch, max_bytes))
    for payload in payloads:
        assert len(payload.body) <= max_bytes
        assert len(messages(ExportLogsServiceRequest.FromString(payload.body))) == len(payload.records) > 0
    sent = sorted(id(record) for payload in payloads for record in payload.records)
    assert sent == sorted(id(record) for record in batch)


def _marked(message: LogRecordMessage) -> bool:
    marks = [attribute.value.bool_value for attribute in message.attributes if attribute.key == "logcapy.truncated"]
    assert marks in ([], [True])
    return bool(marks)


def test_records_over_the_limit_together_are_parted_and_not_cut() -> None:
    batch = [readable("x" * 700, {"n": number}) for number in range(50)]
    payloads = list(encode_logs(batch, 4096))
    assert len(payloads) < 20
    found = [m for payload in payloads for m in messages(ExportLogsServiceRequest.FromString(payload.body))]
    assert [message.attributes[0].value.int_value for message in found] == list(range(50))
    assert not any(map(_marked, found))


def test_a_payload_holds_the_records_it_names() -> None:
    batch = [readable(str(number) + "x" * 500, resource=Resource({"n": number % 2})) for number in range(20)]
    for payload in encode_logs(batch, 3000):
        found = [m.body.string_value for m in messages(ExportLogsServiceRequest.FromString(payload.body))]
        assert found == [record.log_record.body for record in payload.records]


@pytest.mark.parametrize(
    ("body", "pairs"),
    [
        ("é" * 3_000_000, {"kept": "short"}),
        (b"x" * 5_000_000, {"kept": "short"}),
        ("short", {"long": "x" * 5_000_000, "kept": "short", "nested": ["y" * 5_000_000]}),
        ("short", {"kept": "short", "logcapy.truncated": "as it was", "k" * 5_000_000: 1}),
    ],
    ids=["text", "bytes", "attributes", "key"],
)
def test_a_record_over_the_limit_has_its_longest_strings_cut_and_says_so(body: Any, pairs: dict[str, Any]) -> None:
    max_bytes = 100_000
    (payload,) = encode_logs([readable(body, pairs)], max_bytes)
    (message,) = messages(ExportLogsServiceRequest.FromString(payload.body))
    assert max_bytes // 4 < len(payload.body) <= max_bytes
    assert _marked(message)
    assert {attribute.key: attribute.value.string_value for attribute in message.attributes}["kept"] == "short"
    assert message.dropped_attributes_count == 0


def test_a_record_that_fits_keeps_an_attribute_of_the_name_of_the_mark() -> None:
    record = readable({1, 2}, {"logcapy.truncated": "as it was", b"key": 1})
    assert only(record).attributes[0].value.string_value == "as it was"


def test_attributes_that_have_no_room_are_counted_as_dropped() -> None:
    (payload,) = encode_logs([readable("body", {f"key-{number}": number for number in range(100_000)})], 100_000)
    (message,) = messages(ExportLogsServiceRequest.FromString(payload.body))
    assert _marked(message)
    assert len(payload.body) <= 100_000
    assert len(message.attributes) > 1000
    assert message.dropped_attributes_count + len(message.attributes) - 1 == 100_000


def test_an_endless_sequence_is_cut() -> None:
    class Endless(Sequence[int]):
        def __len__(self) -> int:
            return 1

        def __getitem__(self, index: Any) -> Any:
            return index

    (payload,) = encode_logs([readable(Endless(), {"kept": 1})], 20_000)
    (message,) = messages(ExportLogsServiceRequest.FromString(payload.body))
    assert len(payload.body) <= 20_000
    assert _marked(message)
    assert message.attributes[-1].key == "kept"


def test_a_long_description_of_an_object_is_cut_to_64_kib_and_says_so() -> None:
    class Verbose:
        def __str__(self) -> str:
            return "v" * 1_000_000

    message = only(readable("x" * 100_000, {"verbose": Verbose()}))
    assert message.body.string_value == "x" * 100_000
    assert len(message.attributes[-1].value.string_value) == 65536
    assert _marked(message)


def test_a_resource_too_large_by_itself_is_cut() -> None:
    resource = Resource({"long": "x" * 50_000, "service.name": "shop"})
    scope = InstrumentationScope("s" * 50_000)
    (payload,) = encode_logs([readable("body", resource=resource, instrumentation_scope=scope)], 10_000)
    (logs,) = ExportLogsServiceRequest.FromString(payload.body).resource_logs
    assert len(payload.body) <= 10_000
    found = {attribute.key: attribute.value.string_value for attribute in logs.resource.attributes}
    assert found["service.name"] == "shop"
    assert "logcapy.truncated" in found
    assert logs.scope_logs[0].log_records[0].body.string_value == "body"


def test_a_limit_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="max_bytes"):
        list(encode_logs([], SMALLEST_MAX_BYTES - 1))


def test_nothing_makes_no_payload() -> None:
    assert list(encode_logs([])) == []
