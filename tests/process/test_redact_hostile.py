"""The redactor fails closed, stays linear, and leaves everything else of a record as it was."""

from __future__ import annotations

import datetime
import enum
import time
import uuid
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk._logs import LoggerProvider, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

from logcapy.process.redact import Redactor
from logcapy.process.redaction.masking import MASK, Mask
from tests.process.test_redact import SECRETS

REDACT = Redactor()
CARD = "4111" + "1111" * 3

#: Text made of what the rules look at, so that chance finds their edges.
_PIECES = [
    *("password", "token", "api_key", "Cookie", "Authorization", "Bearer ", "Basic ", "=", ": ", ":", ",", ", ", ";"),
    *('"', "'", "\\", "[", "]", "{", "}", "(", ")", "<", ">", "&", "?", "/", "://", "@", "%40", "%3d", "--", " ", "\n"),
    *("a", "x1", "b.co", "bob@b.co", CARD, "4111", "1111", "12", "eyJ", "eyJhbGciOiJI.eyJzdWIiOiI0.abcdefghij", MASK),
    *("-----BEGIN ", "-----END ", "PRIVATE KEY", "-----", "sig=", "page", "İ", "\ud800", "hunter2", "none"),
]
texts = st.lists(st.sampled_from(_PIECES), max_size=14).map("".join) | st.text(max_size=40)
leaves = texts | st.integers() | st.floats() | st.none() | st.booleans() | st.decimals() | st.uuids() | st.binary()
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(texts | st.integers(), inner),
    max_leaves=12,
)


@settings(max_examples=1500, deadline=None)
@given(texts)
def test_a_redacted_text_is_left_alone(text: str) -> None:
    once = REDACT.text(text)
    assert REDACT.text(once) == once


@settings(max_examples=300, deadline=None)
@given(values)
def test_any_value_can_be_redacted_and_then_is_left_alone(value: object) -> None:
    once = REDACT.value(value)
    assert repr(REDACT.value(once)) == repr(once)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(sorted(SECRETS)), st.text(max_size=30), st.text(max_size=30))
def test_a_secret_between_words_never_survives(kind: str, before: str, after: str) -> None:
    secret, text = SECRETS[kind]
    assert secret not in REDACT.text(f"{before} {text} {after}").replace(before, "", 1)


class _Raises(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("hunter2")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("hunter2")

    def __len__(self) -> int:
        return 1


class _Endless(_Raises):
    def __getitem__(self, key: str) -> Any:
        return self

    def __iter__(self) -> Iterator[str]:
        while True:
            yield "hunter2"


class _BadStr:
    def __str__(self) -> str:
        raise RuntimeError("hunter2")


class _Shouting(str):
    def __contains__(self, key: object) -> bool:
        raise RuntimeError

    __str__ = __hash__ = __len__ = __eq__ = lower = __contains__  # type: ignore[assignment]


@pytest.mark.parametrize("hostile", [_Raises(), _Endless(), _BadStr(), _Shouting("password=hunter2")], ids=type)
def test_what_cannot_be_examined_is_masked_and_its_neighbours_are_not(hostile: object) -> None:
    assert "hunter2" not in repr(REDACT.value(hostile))
    redacted = REDACT.attributes({"a": 1, "b": hostile, "c": [hostile, "x"], "d": "y"})
    assert redacted is not None
    assert (redacted["a"], redacted["d"], redacted["c"][1]) == (1, "y", "x")  # type: ignore[index]
    assert MASK in str.__str__(redacted["b"])  # type: ignore[arg-type]
    assert REDACT.attributes(hostile if isinstance(hostile, Mapping) else _Raises()) == {}


def test_a_detector_that_raises_masks_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str, mask: Mask) -> str:
        raise RecursionError(text)

    redact = Redactor()
    redact._detectors = (broken,)  # the seam for a rule that fails: no rule of ours does
    assert redact.text("anything at all") == MASK
    assert redact.attributes({"a": "anything", "n": 1}) == {"a": MASK, "n": 1}


def test_cycles_depth_and_shared_parts_are_bounded() -> None:
    cycle: list[object] = ["x"]
    cycle.append(cycle)
    assert REDACT.value(cycle) == ["x", MASK]
    deep: object = "password=hunter2"
    for _ in range(2000):
        deep = [deep]
    assert "hunter2" not in repr(REDACT.value(deep))
    shared: object = ["password=hunter2"]
    for _ in range(50):
        shared = [shared, shared]
    REDACT.value(shared)


class _Color(enum.Enum):
    RED = "password=hunter2"


def test_other_objects_stay_unless_their_text_holds_a_secret() -> None:
    innocent = [Decimal("35.20"), uuid.uuid4(), datetime.datetime.now(), _Color.RED, object(), 3 + 4j, range(10**9)]
    for value in innocent:
        assert REDACT.value(value) is value
    assert REDACT.value(Decimal(CARD)) == MASK
    assert REDACT.value({"d": Decimal("1"), "p": "password=hunter2"}) == {"d": Decimal("1"), "p": f"password={MASK}"}
    assert REDACT.value(ValueError("password=hunter2")) == f"password={MASK}"
    assert REDACT.value(bytearray(b"\xffpassword=hunter2")) == bytearray(b"\xffpassword=" + MASK.encode())


def test_a_value_without_secrets_comes_back_as_the_same_object() -> None:
    value = {"a": [1, ("b", {"c": b"d"})], "e": {1.5, None}}
    assert REDACT.value(value) is value
    assert REDACT.attributes(value) is None


def _record(**fields: Any) -> ReadWriteLogRecord:
    return ReadWriteLogRecord(log_record=LogRecord(**fields))


def test_a_record_is_redacted_in_place_and_its_limits_stay() -> None:
    record = _record(body="password=hunter2", event_name="a", attributes={"token": "x", "bob@b.co": 1, "n": 2})
    attributes = record.log_record.attributes
    REDACT(record)
    assert record.log_record.body == f"password={MASK}"
    assert record.log_record.attributes is attributes
    assert isinstance(attributes, BoundedAttributes)
    assert dict(attributes) == {"token": MASK, MASK: 1, "n": 2}
    assert (attributes.dropped, record.log_record.event_name) == (0, "a")


@pytest.mark.parametrize("attributes", [{"token": "x"}, BoundedAttributes(attributes={"token": "x"}, immutable=True)])
def test_attributes_that_cannot_be_edited_are_replaced(attributes: Mapping[str, Any]) -> None:
    record = _record(body={"a": "password=hunter2"})
    record.log_record.attributes = attributes
    REDACT.on_emit(record)
    assert record.log_record.attributes == {"token": MASK}
    assert attributes["token"] == "x"
    assert record.log_record.body == {"a": f"password={MASK}"}


def test_it_works_alone_in_a_provider() -> None:
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(Redactor())
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    provider.get_logger("shop").emit(LogRecord(body="password=hunter2", attributes={"api_key": "x"}))
    (record,) = exporter.get_finished_logs()
    assert (record.log_record.body, dict(record.log_record.attributes or {})) == (f"password={MASK}", {"api_key": MASK})
    assert provider.force_flush()
    provider.shutdown()


HOSTILE = [
    *("1", "12 ", "411 ", "1 ", "4111-", "a", "a@", "@", "a.", "a@a.", "a%40", "://", "://a:x", "eyJ", "eyJaaaaaaaa."),
    *('"', "'", "\\", " ", "\n", "password", "password ", "password=", 'password="', 'password=\\"', "password=["),
    *("password:'\\", "token,,", "password=a,", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "Bearer ", "Basic a"),
    *("sk-", "gh", "ghp_", "SG.", "key", "authorization: a b=", "cookie: ", "<password>", "sig=", "?sig=", "-", "_"),
    *("[", "{'password': {", "İ"),
]


def _seconds(text: str) -> float:
    start = time.process_time()
    REDACT.text(text)
    return time.process_time() - start


@pytest.mark.parametrize("end", ["", "@", "!", " password='"])
@pytest.mark.parametrize("piece", HOSTILE)
def test_time_is_linear_in_the_length_of_a_hostile_text(piece: str, end: str) -> None:
    small, large = piece * (10_000 // len(piece)) + end, piece * (300_000 // len(piece)) + end
    base = min(_seconds(small) for _ in range(3))
    assert _seconds(large) < 30 * 8 * max(base, 0.0005)


@pytest.mark.parametrize("piece", ["a", "password=", "1 ", "order 7 of bob@example.com\n", "eyJ"])
def test_ten_megabytes_come_to_an_end(piece: str) -> None:
    assert _seconds(piece * (10_000_000 // len(piece))) < 60
