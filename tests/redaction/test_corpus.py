"""No secret of the corpus leaves, from any place of a record by any exit; what only looks like one does."""

from __future__ import annotations

import contextlib
import io
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import logcapy
from logcapy.capture.emitting import emit_through
from logcapy.config import ALL_PRESETS, REDACTION_ACTIONS, RedactionConfig
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.process.redact import Redactor
from logcapy.tail.colour import Paint
from logcapy.tail.decode import PROTOBUF, decode_logs
from logcapy.tail.render import Renderer
from servers.http import Answer, scripted_server
from servers.processes import wait_until

from .innocent import innocent
from .kinds import Secret, secrets
from .places import PLACES, in_a_span

SECRETS = secrets()
LOOK_ALIKES = innocent()


@dataclass(frozen=True)
class Left:
    """All that left, by exit."""

    exits: dict[str, bytes]
    records: int

    def holds(self, found: Iterable[Secret]) -> dict[str, set[str]]:
        """The kinds of which a secret is in what left, by exit."""
        texts = {name: content.decode(errors="replace") for name, content in self.exits.items()}
        return {
            name: {one.kind for one in found if one.secret in text or quote_plus(one.secret) in text}
            for name, text in texts.items()
        }


def run(texts: Iterable[str], folder: Path, **config: object) -> Left:
    """Log each text in each place, through an outage, to an intake; and look at the spool, the console and stderr."""
    said = io.StringIO()
    spans = InMemorySpanExporter()
    with scripted_server() as server, contextlib.redirect_stderr(said):
        server.answers = [Answer(503, {"Retry-After": "1"})]
        fields = {"spool": "always", "spool_dir": str(folder), "frame_variables": True, **config}
        settings_ = logcapy.LogCapyConfig(**fields)  # type: ignore[arg-type]  # as the test wants it
        exporter = OTLPHttpLogRecordExporter(f"{server.url}/v1/logs")
        batch = logcapy.BatchConfig(max_queue_size=50_000)
        processor = logcapy.LogCapyLogRecordProcessor(exporter, config=settings_, batch=batch)
        provider = LoggerProvider(shutdown_on_exit=False)
        provider.add_log_record_processor(processor)
        emit_through(provider)
        tracers = TracerProvider(shutdown_on_exit=False)
        redact_text = processor.redactor.text
        tracers.add_span_processor(logcapy.LogCapySpanProcessor(redact_text, logger_provider=provider))
        tracers.add_span_processor(SimpleSpanProcessor(spans))
        tracer = tracers.get_tracer("shop")
        logger = logging.Logger("shop")
        logger.addHandler(logcapy.LogCapyHandler(logger_provider=provider))
        emitted = 0
        try:
            for text in texts:
                for log in PLACES.values():
                    log(logger, text)
                in_a_span(tracer, text)
                emitted += len(PLACES)
            wait_until(lambda: processor.stats().on_disk == emitted, 60, lambda: str(processor.stats()))
            on_disk = b"".join(path.read_bytes() for path in folder.rglob("*.seg"))
            server.answers = [Answer()]
            wait_until(lambda: processor.stats().exported == emitted, 60, lambda: str(processor.stats()))
        finally:
            emit_through(None)
            provider.shutdown()
            tracers.shutdown()
        renderer = Renderer(Paint(enabled=False), full=True)
        bodies = [request.body for request in server.requests]
        console = "".join(renderer.render(one) for body in bodies for one in decode_logs(body, PROTOBUF))
    events = [str(dict(event.attributes or {})) for span in spans.get_finished_spans() for event in span.events]
    exits = {
        "wire": b"".join(bodies),
        "spool": on_disk,
        "console": console.encode(),
        "stderr": said.getvalue().encode(),
    }
    return Left({**exits, "span events": "\n".join(events).encode()}, emitted)


def test_the_corpus_is_as_large_as_it_is_said_to_be() -> None:
    assert len({(one.kind, one.secret) for one in SECRETS}) >= 400
    assert len({one.kind for one in SECRETS}) >= 40
    assert len(PLACES) >= 12
    assert len(set(LOOK_ALIKES)) >= 1_000


@pytest.mark.slow
def test_no_secret_leaves_from_any_place_by_any_exit(tmp_path: Path) -> None:
    left = run([one.text for one in SECRETS], tmp_path, redact=ALL_PRESETS)
    assert left.holds(SECRETS) == {name: set() for name in left.exits}
    assert left.records >= len(SECRETS) * 12
    assert min(len(left.exits[name]) for name in ("wire", "spool", "console", "span events")) > 100_000
    assert b"failing" in left.exits["stderr"]


@pytest.mark.slow
def test_each_secret_would_be_found_if_it_left(tmp_path: Path) -> None:
    left = run([one.text for one in SECRETS[:93]], tmp_path, redact=())
    every_kind = {one.kind for one in SECRETS}
    found = left.holds(SECRETS[:93])
    assert {name: found[name] for name in ("wire", "spool", "console")} == dict.fromkeys(
        ("wire", "spool", "console"), every_kind
    )


@pytest.mark.parametrize("preset", sorted({one.preset for one in SECRETS}))
def test_a_preset_finds_its_kinds_by_itself(preset: str) -> None:
    redact = Redactor(RedactionConfig(redact=(preset,)))
    of_preset = [one for one in SECRETS if one.preset == preset]
    assert [one.text for one in of_preset if one.secret in redact.text(one.text)] == []
    without = Redactor(RedactionConfig(redact=tuple({"credentials", "pci", "email"} - {preset})))
    assert any(one.secret in without.text(one.text) for one in of_preset)


@pytest.mark.parametrize("presets", [("credentials", "pci", "email"), ALL_PRESETS], ids=["default", "all"])
def test_what_only_looks_like_a_secret_arrives_as_it_was(presets: tuple[str, ...]) -> None:
    redact = Redactor(RedactionConfig(redact=presets))
    masked = [(kind, text, redact.text(text)) for kind, text in LOOK_ALIKES if redact.text(text) != text]
    assert len(masked) <= len(LOOK_ALIKES) * 0.005, Counter(kind for kind, _, _ in masked)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(SECRETS), st.text(max_size=20), st.text(max_size=20), st.sampled_from(REDACTION_ACTIONS))
def test_what_is_redacted_is_left_alone_whatever_stands_in_a_secrets_place(
    one: Secret, before: str, after: str, action: str
) -> None:
    redact = Redactor(RedactionConfig(redact=ALL_PRESETS, redact_action=action, redact_hash_key="k"))
    once = redact.text(f"{before} {one.text} {after}")
    assert redact.text(once) == once
    assert one.secret not in once.replace(before, "").replace(after, "")
