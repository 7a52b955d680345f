"""What is measured beside LogCapy, each as its own pages set it up for secrets, and the same without.

Run as a child process: ``python -m tests.redaction.peers NAME with PLACE FILE`` logs the secrets in a place and writes
what would leave to FILE; for ``look-alikes`` it logs these, and tells the processor time of a record on stderr.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .innocent import innocent
from .kinds import Secret, secrets

#: Logs a message with attributes, and an exception if there is one.
Log = Callable[[str, dict[str, Any], BaseException | None], None]


class Peer:
    """A logger whose output is kept: ``log`` and then ``output``, which ends it."""

    log: Log

    def output(self) -> str:
        raise NotImplementedError


class LogCapy(Peer):
    """LogCapy into its own queue, redacted and encoded; the default presets."""

    presets: tuple[str, ...] = ("credentials", "pci", "email")

    def __init__(self, with_redaction: bool) -> None:
        from opentelemetry.sdk._logs import LoggerProvider

        import logcapy
        from tests.redaction.keeping import Keeping

        self._exporter = Keeping()
        config = logcapy.LogCapyConfig(redact=self.presets if with_redaction else ())
        batch = logcapy.BatchConfig(max_queue_size=100_000)
        self._processor = logcapy.LogCapyLogRecordProcessor(self._exporter, config=config, batch=batch)
        self._provider = LoggerProvider(shutdown_on_exit=False)
        self._provider.add_log_record_processor(self._processor)
        logger = logging.Logger("shop")
        logger.addHandler(logcapy.LogCapyHandler(logger_provider=self._provider))
        self.log = lambda message, extra, error: logger.error(message, extra=extra, exc_info=error)

    def output(self) -> str:
        assert self._processor.force_flush(60_000)
        return b"".join(self._exporter.bodies).decode(errors="replace")


class LogCapyAll(LogCapy):
    """LogCapy with every preset there is."""

    presets = (*LogCapy.presets, "gdpr", "hipaa")


class Logfire(Peer):
    """logfire with its scrubber, which is on by default; into memory."""

    def __init__(self, with_redaction: bool) -> None:
        import logfire
        from logfire.testing import TestExporter
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor

        self._exporter = TestExporter()
        logfire.configure(
            send_to_logfire=False,
            console=False,
            scrubbing=None if with_redaction else False,
            additional_span_processors=[SimpleSpanProcessor(self._exporter)],
        )

        def log(message: str, extra: dict[str, Any], error: BaseException | None) -> None:
            logfire.error("{message}", message=message, _exc_info=error or False, **extra)

        self.log = log

    def output(self) -> str:
        import logfire

        logfire.force_flush()
        return str(self._exporter.exported_spans_as_dict(include_instrumentation_scope=False))


class Fapilog(Peer):
    """fapilog's preset for it, ``hardened``, to standard output; ``minimal`` is the same without."""

    def __init__(self, with_redaction: bool) -> None:
        from fapilog import LoggerBuilder

        builder = LoggerBuilder().with_preset("hardened" if with_redaction else "minimal").with_level("INFO")
        builder = builder.with_queue_size(200_000).with_backpressure(wait_ms=5000, drop_on_full=False).reuse(False)
        self._logger = builder.build()

        def log(message: str, extra: dict[str, Any], error: BaseException | None) -> None:
            self._logger.error(message, exc=error, **extra)

        self.log = log

    def output(self) -> str:
        asyncio.run(self._logger.stop_and_drain())
        return ""  # it is on standard output, which the parent has made a file


class Sentry(Peer):
    """Sentry's event scrubber, with its recursive option; events into memory."""

    def __init__(self, with_redaction: bool) -> None:
        import sentry_sdk
        from sentry_sdk.scrubber import EventScrubber
        from sentry_sdk.transport import Transport

        kept: list[str] = []

        class Keep(Transport):
            def capture_envelope(self, envelope: Any) -> None:
                kept.append(envelope.serialize().decode(errors="replace"))

        sentry_sdk.init(
            dsn="http://key@127.0.0.1:1/1",
            transport=Keep,
            event_scrubber=EventScrubber(recursive=True) if with_redaction else None,
            send_default_pii=not with_redaction,
            include_local_variables=False,
            max_breadcrumbs=0,
        )
        self._kept = kept
        logger = logging.getLogger("shop")
        logger.propagate = False
        self.log = lambda message, extra, error: logger.error(message, extra=extra, exc_info=error)

    def output(self) -> str:
        return "\n".join(self._kept)


class Plain(Peer):
    """The standard library's records as JSON, with no redaction at all."""

    def __init__(self, with_redaction: bool) -> None:
        self._lines: list[str] = []

        def log(message: str, extra: dict[str, Any], error: BaseException | None) -> None:
            self._lines.append(json.dumps({"message": message, "error": repr(error), **extra}, ensure_ascii=False))

        self.log = log

    def output(self) -> str:
        return "\n".join(self._lines)


PEERS: dict[str, type[Peer]] = {
    "logcapy": LogCapy,
    "logcapy-all": LogCapyAll,
    "logfire": Logfire,
    "fapilog": Fapilog,
    "sentry": Sentry,
    "plain": Plain,
}
#: Under what name an attribute of each preset would be logged, for those that go by names.
_NAMES = {
    "credentials": "api_key",
    "pci": "card_number",
    "email": "email",
    "phone": "phone",
    "us_ssn": "ssn",
    "ip": "ip",
}
#: Where a secret stands, in places that every one of them has.
PLACES: dict[str, Callable[[Log, Secret], None]] = {
    "message": lambda log, one: log(f"note: {one.text}", {}, None),
    "attribute": lambda log, one: log("noted", {"note": one.text}, None),
    "named attribute": lambda log, one: log("noted", {_NAMES.get(one.preset, one.preset): one.text}, None),
    "nested attribute": lambda log, one: log("noted", {"notes": [{"by": {"kim": [one.text]}}]}, None),
    "exception": lambda log, one: log("failed", {}, ValueError(f"failed for {one.text}")),
}


def main(name: str, with_redaction: str, place: str, path: str) -> None:
    """Log the secrets in one place, or the look-alikes as an attribute; write what would leave."""
    peer = PEERS[name](with_redaction == "with")
    look_alikes = innocent()
    if place != "look-alikes":
        for one in secrets():
            PLACES[place](peer.log, one)
        Path(path).write_text(peer.output())
        return
    rounds = 3
    began = time.process_time()
    for _ in range(rounds):
        for _, text in look_alikes:
            peer.log("noted", {"note": text}, None)
    Path(path).write_text(peer.output())
    spent = time.process_time() - began
    print(json.dumps({"us": spent / (rounds * len(look_alikes)) * 1e6}), file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
