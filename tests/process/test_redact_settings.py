"""What the settings of redaction do, from a variable to the bytes that leave."""

from __future__ import annotations

import copy
import io
import itertools
import json
import logging
import pickle
import subprocess
import sys
import time
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider

import logcapy
from logcapy import check_redaction
from logcapy._later import compiled
from logcapy.config import RedactionConfig
from logcapy.errors import ConfigError
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.process.redact import Redactor
from logcapy.process.redaction import patterns
from logcapy.process.redaction.masking import MASK
from logcapy.process.redaction.patterns import PatternDetector
from servers.http import scripted_server
from servers.processes import clean_environment

CARD = "4111" + "1111" * 3


def redactor(**fields: Any) -> Redactor:
    return Redactor(RedactionConfig(**fields))


def test_partial_keeps_the_last_four_of_a_long_secret_and_nothing_of_a_short_one() -> None:
    redact = redactor(redact_action="partial")
    assert redact.text(f"card {CARD}") == "card [REDACTED:*1111]"
    assert redact.text("password=hunter2") == f"password={MASK}"
    assert redact.attributes({"api_key": "k" * 20 + "7890"}) == {"api_key": "[REDACTED:*7890]"}


def test_hash_gives_the_same_token_for_the_same_secret_however_it_is_written() -> None:
    redact = redactor(redact_action="hash", redact_hash_key="shop")
    first, second = (redact.text(text) for text in (f"card {CARD}", "card 4111 1111 1111 1111"))
    assert first == second != f"card {CARD}"
    assert redact.text("password=hunter2") == redactor(redact_action="hash", redact_hash_key="shop").text(
        "password=hunter2"
    )
    assert redact.text("password=hunter2") != redactor(redact_action="hash").text("password=hunter2")
    assert "hunter2" not in redact.text("password=hunter2")


def test_hash_gives_the_same_token_in_all_of_a_process_also_without_a_key() -> None:
    first, second = (redactor(redact_action="hash").text("password=hunter2") for _ in range(2))
    assert first == second


def test_drop_leaves_an_attribute_under_a_secret_key_out_at_any_depth() -> None:
    redact = redactor(redact_action="drop")
    attributes = {"a": 1, "password": "hunter2", "deep": {"token": "t", "b": [{"cookie": "c", "d": 2}]}, "e": CARD}
    assert redact.attributes(attributes) == {"a": 1, "deep": {"b": [{"d": 2}]}, "e": MASK}


def test_a_pattern_of_keys_is_for_whole_keys_and_for_pairs_in_a_text() -> None:
    redact = redactor(redact_keys=("*_note", "customer.*"))
    attributes = {"delivery_note": "x", "notes": "y", "customer.name": "z", "customers": "w"}
    assert redact.attributes(attributes) == {**attributes, "delivery_note": MASK, "customer.name": MASK}
    assert redact.text("delivery_note=fragile total=7") == f"delivery_note={MASK} total=7"


def test_allowed_keys_are_no_secrets_and_their_values_are_still_searched() -> None:
    redact = redactor(redact_allow_keys=("session_token", "public.*"))
    attributes = {"session_token": "abc", "public.token": "x", "access_token": "y", "public.note": f"card {CARD}"}
    assert redact.attributes(attributes) == {**attributes, "access_token": MASK, "public.note": f"card {MASK}"}


def test_a_star_masks_every_attribute_that_is_not_allowed() -> None:
    redact = redactor(redact_keys=("*",), redact_allow_keys=("order_id", "http.*"))
    attributes = {"order_id": 7, "http.route": "/a", "anything": "else", "flag": True}
    assert redact.attributes(attributes) == {**attributes, "anything": MASK}
    assert redact.text("order 7 of kim placed") == "order 7 of kim placed"


@pytest.fixture(params=["re2", "re"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "re":
        monkeypatch.setitem(sys.modules, "re2", None)
    else:
        pytest.importorskip("re2")
    return str(request.param)


def test_a_users_pattern_masks_what_it_finds_or_its_group_and_is_counted_by_name(engine: str) -> None:
    redact = redactor(redact_patterns=("order=ORD-[0-9]+", r"badge (?P<secret>[A-Z]{3})"))
    assert redact.text("ORD-17 shipped, badge XYZ seen") == f"{MASK} shipped, badge {MASK} seen"
    assert redact.counts() == {"order": 1, "pattern": 1}


@pytest.mark.parametrize("pattern", ["(", "[a-", "a*", "x{0,3}"])
def test_a_pattern_that_cannot_be_used_is_told(pattern: str, engine: str) -> None:
    with pytest.raises(ConfigError, match="redact_patterns"):
        PatternDetector(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(?:x*y*)*z", "(a|aa)+$", r"([\w.]+)+@"])
def test_a_pattern_that_could_take_for_ever_is_refused_by_pythons_engine(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(ConfigError, match="repeat inside a repeat"):
        PatternDetector(pattern)


def test_re2_takes_such_a_pattern_in_linear_time() -> None:
    pytest.importorskip("re2")
    detect = PatternDetector("(a+)+b")
    assert detect("a" * 200_000, lambda secret, rule: MASK) == "a" * 200_000


def test_a_pattern_that_proves_slow_gets_shorter_texts_only_and_longer_ones_are_masked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = itertools.chain([0.0, 1.0], itertools.repeat(0.0))
    redact = redactor(redact=(), redact_patterns=("slow=x1",))
    monkeypatch.setattr(patterns.time, "perf_counter", lambda: next(clock))
    own_clock = itertools.chain([0.0, 1.0], itertools.repeat(0.0))
    monkeypatch.setattr(patterns.time, "thread_time", lambda: next(own_clock))
    assert redact.text("y" * 1000) == "y" * 1000
    assert redact.text("z" * 1000) == MASK
    assert redact.text("z" * 400) == "z" * 400
    assert redact.counts() == {"slow_unseen": 1}
    assert "the redaction pattern slow took more than 10 ms" in capsys.readouterr().err


def test_a_pattern_that_had_to_wait_for_a_processor_is_not_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.chain([0.0, 1.0], itertools.repeat(0.0))
    redact = redactor(redact=(), redact_patterns=("slow=x1",))
    monkeypatch.setattr(patterns.time, "perf_counter", lambda: next(clock))
    assert redact.text("y" * 1000) == "y" * 1000
    assert redact.text("z" * 1000) == "z" * 1000


def test_a_long_text_is_not_masked_because_the_thread_had_to_wait() -> None:
    redact = redactor()

    def wait(text: str, mask: object) -> str:
        time.sleep(0.05)
        return text

    redact._detectors = (wait, *redact._detectors)
    assert redact.text("x" * 5_000) == "x" * 5_000


def test_a_built_in_rule_that_takes_too_long_masks_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    redact = redactor()
    before = redact._detectors

    def slow(text: str, mask: object) -> str:
        began = time.thread_time()
        while time.thread_time() < began + 0.05:
            pass
        return text

    redact._detectors = (slow, *before)  # the seam for a rule that fails: no rule of ours does
    assert redact.text("x" * 5_000) == MASK
    assert redact.counts() == {"too_slow": 1}


def test_a_text_is_not_charged_for_the_patterns_that_are_compiled_for_it() -> None:
    redact = redactor()

    def slow(text: str, mask: object) -> str:
        compiled("a pattern of this test alone")
        began = time.thread_time()
        while time.thread_time() < began + 0.05:
            pass
        return text

    redact._detectors = (slow, *redact._detectors)
    assert redact.text("x" * 5_000) == "x" * 5_000
    assert redact.text("y" * 5_000) == MASK


def test_variables_say_what_is_redacted_on_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGCAPY_REDACT", "gdpr")
    monkeypatch.setenv("LOGCAPY_REDACT_PATTERNS", r"order=ORD-[0-9]{2,5} badge\s[A-Z]+")
    monkeypatch.setenv("LOGCAPY_REDACT_KEYS", "*_note")
    monkeypatch.setenv("LOGCAPY_REDACT_ALLOW_KEYS", "public_note")
    monkeypatch.setenv("LOGCAPY_REDACT_ACTION", "partial")
    with scripted_server() as server:
        provider = LoggerProvider(shutdown_on_exit=False)
        processor = logcapy.LogCapyLogRecordProcessor(OTLPHttpLogRecordExporter(f"{server.url}/v1/logs"))
        provider.add_log_record_processor(processor)
        logger = logging.Logger("shop")
        logger.addHandler(logcapy.LogCapyHandler(logger_provider=provider))
        extra = {"my_note": "a tulip", "public_note": "a crocus", "phone": "+49 30 1234567"}
        logger.info("ORD-123 by kim@example.org at 192.0.2.7, badge XY", extra=extra)
        provider.shutdown()
        wire = b"".join(request.body for request in server.requests)
    for gone in (b"ORD-123", b"kim@", b"192.0.2.7", b"badge XY", b"tulip", b"1234567"):
        assert gone not in wire
    assert b"a crocus" in wire
    assert b"[REDACTED:*eorg]" in wire
    assert set(processor.redactions()) == {"email", "ip", "key", "order", "pattern", "phone"}


def test_counts_are_told_by_the_handle_and_never_what_was_masked() -> None:
    handle = logcapy.configure([], logger_provider=LoggerProvider(shutdown_on_exit=False))
    assert handle.processor is not None
    handle.processor.redactor.text(f"{CARD} and kim@example.org and kim@example.org")
    assert handle.redactions() == {"card": 1, "email": 2}
    handle.shutdown()


def test_what_is_masked_on_a_span_is_counted_too_and_has_the_same_token() -> None:
    exporter, tracer_provider = InMemoryLogRecordExporter(), TracerProvider(shutdown_on_exit=False)
    handle = logcapy.configure(
        SimpleLogRecordProcessor(exporter),
        logger_provider=LoggerProvider(shutdown_on_exit=False),
        tracer_provider=tracer_provider,
        redact_action="hash",
    )
    with tracer_provider.get_tracer("shop").start_as_current_span("pay") as span:
        span.record_exception(ValueError("password=hunter2"))
        logging.getLogger("shop").error("password=hunter2")
    on_span = next(event.attributes["exception.message"] for event in span.events)  # type: ignore[attr-defined]
    assert on_span == exporter.get_finished_logs()[0].log_record.body
    assert on_span.startswith("password=[REDACTED:#")
    assert handle.redactions()["key"] >= 2
    handle.shutdown()


def test_a_secret_is_never_printed_and_gives_its_value_when_asked() -> None:
    secret = logcapy.Secret("hunter2")
    assert secret.reveal() == "hunter2"
    for text in (str(secret), repr(secret), f"{secret}", f"{secret:>12}", f"{secret!r}", repr([secret])):
        assert "hunter2" not in text
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(secret)
    assert copy.deepcopy({"a": secret})["a"] is secret
    assert secret == logcapy.Secret("hunter2")
    assert secret != logcapy.Secret("hunter3")
    assert not logcapy.Secret("")


def test_a_secret_reaches_no_wire_from_any_place() -> None:
    secret = logcapy.Secret("hunter2")
    with scripted_server() as server:
        provider = LoggerProvider(shutdown_on_exit=False)
        exporter = OTLPHttpLogRecordExporter(f"{server.url}/v1/logs")
        config = logcapy.LogCapyConfig(redact=(), frame_variables=True)
        provider.add_log_record_processor(logcapy.LogCapyLogRecordProcessor(exporter, config=config))
        logger = logging.Logger("shop")
        logger.addHandler(logcapy.LogCapyHandler(logger_provider=provider))
        logger.info("with %s", secret, extra={"plain": secret, "deep": {"a": [secret]}})
        with logcapy.context(bound=secret):
            logger.info(secret)
        try:
            raise ValueError(f"failed with {secret}")
        except ValueError:
            logger.exception("it failed")
        provider.shutdown()
        wire = b"".join(request.body for request in server.requests)
    assert wire.count(MASK.encode()) >= 6
    assert b"hunter2" not in wire


def checked(text: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "logcapy.cli", "check-redaction", *arguments, "-"],
        input=text,
        env=clean_environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_check_redaction_shows_the_lines_that_would_be_changed_and_never_a_secret() -> None:
    done = checked("fine\npassword=hunter2\nfrom 192.0.2.7\n")
    assert (done.returncode, done.stdout) == (1, f"2: password={MASK}  <- key\n")
    assert done.stderr == "1 lines would be changed; masked: key 1\n"
    done = checked("from 192.0.2.7\n", "--presets", "ip", "--json")
    assert json.loads(done.stdout) == {"line": 1, "rules": ["ip"], "text": f"from {MASK}"}
    assert checked("fine\n").returncode == 0
    done = checked("x", "--presets", "pcii")
    assert (done.returncode, "did you mean 'pci'" in done.stderr) == (2, True)
    done = checked("ORD-12\n", LOGCAPY_REDACT_PATTERNS="order=ORD-[0-9]+")
    assert done.stdout == f"1: {MASK}  <- order\n"


def test_check_redaction_of_a_file_that_is_not_there_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_redaction.run("/no/such/file", None, as_json=False, out=io.StringIO()) == 2
    assert "No such file" in capsys.readouterr().err
