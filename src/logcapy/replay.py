"""``logcapy replay``: sends files of OTLP in JSON anywhere."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import IO, cast

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult

from . import environment
from .assemble import otlp_exporter
from .errors import ConfigError, nearest_name
from .export._otlp_json import request_of
from .export._records import records_of
from .exporter import Patience, PayloadExporter, Tally, deliver

DONE, LEFT, UNUSABLE = 0, 1, 2


def run(paths: Iterable[str], to: str | None, timeout_seconds: float) -> int:
    """Send every line of files.

    Args:
        paths: Of the files; those that end in ``.gz`` are compressed.
        to: The name of an ``opentelemetry_logs_exporter``; None for OTLP as ``OTEL_EXPORTER_OTLP_*`` say.
        timeout_seconds: How long one line may be tried.

    Returns:
        0 where everything was delivered; 1 where something was not; 2 where nothing could be begun.
    """
    try:
        exporter = _exporter(to)
    except ConfigError as error:
        print(f"logcapy replay: {error}", file=sys.stderr)
        return UNUSABLE
    tally, unread = Tally(), 0
    for path in paths:
        unread += _replay(path, exporter, timeout_seconds, tally)
    exporter.shutdown()  # type: ignore[no-untyped-call]  # the SDK leaves its type out
    refused = sum(tally.dropped.values())
    reasons = f" ({', '.join(f'{reason} {count}' for reason, count in tally.dropped.items())})" if refused else ""
    print(f"{tally.exported} records delivered, {refused} not{reasons}, {unread} lines or files not read")
    return LEFT if refused or unread else DONE


def _exporter(to: str | None) -> LogRecordExporter:
    if to is None or to == "otlp":
        return otlp_exporter(environment.otlp_config(environment.raise_error))
    found = entry_points(group="opentelemetry_logs_exporter")
    if to not in found.names:
        raise ConfigError("to", to, f"one of {', '.join(sorted(found.names))}", nearest=nearest_name(to, found.names))
    exporter: LogRecordExporter = found[to].load()()
    return exporter


def _replay(path: str, exporter: LogRecordExporter, timeout_seconds: float, tally: Tally) -> int:
    """Send the lines of one file; returns how many could not be read."""
    unread = 0
    try:
        with _opened(path) as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    records = list(records_of(request_of(line)))
                except ValueError as error:
                    print(f"logcapy replay: {path}, line {number}: {error}", file=sys.stderr)
                    unread += 1
                    continue
                _send(exporter, records, timeout_seconds, tally)
    except (OSError, EOFError, zlib.error) as error:
        print(f"logcapy replay: {path}: {error}", file=sys.stderr)
        unread += 1
    return unread


def _send(exporter: LogRecordExporter, records: list[ReadableLogRecord], timeout_seconds: float, tally: Tally) -> None:
    if isinstance(exporter, PayloadExporter):
        found = deliver(exporter, records, timeout_seconds, Patience())
        tally.exported += found.exported
        tally.dropped.update(found.dropped)
    elif exporter.export(records) is LogRecordExportResult.SUCCESS:
        tally.exported += len(records)
    else:
        tally.dropped["export_failed"] += len(records)


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    file = gzip.open(path, "rb") if path.endswith(".gz") else Path(path).open("rb")  # noqa: SIM115 - closed below
    with file:
        yield cast("IO[bytes]", file)
