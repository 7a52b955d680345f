"""Records on the console: for people, or as JSON for the platform that collects it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from logcapy import environment
from logcapy.config.destinations.console import ConsoleConfig
from logcapy.exporter import PayloadExporter
from logcapy.types import Outcome, Payload, Record

from ._console_lines import console_lines
from ._console_stream import ConsoleStream
from ._json_events import pack_events

_MAX_BYTES = 1024 * 1024
_TIMEOUT_SECONDS = 10.0


class ConsoleLogRecordExporter(PayloadExporter):
    """Writes log records to stdout or stderr.

    Args:
        config: How. Default: what ``LOGCAPY_CONSOLE_*`` say.
        **fields: Fields of :class:`ConsoleConfig`, which win over the variables.

    Raises:
        ConfigError: A setting cannot be used.
    """

    name = "console"

    def __init__(self, config: ConsoleConfig | None = None, **fields: Any) -> None:
        super().__init__(_TIMEOUT_SECONDS)
        config = config or environment.destination_config(ConsoleConfig, fields)
        self.destination = config.stream
        self._stream = ConsoleStream(config.stream)
        coloured = self._stream.is_terminal() and not environment.terminal_is_plain()
        self._lines = console_lines(config, coloured=coloured)
        # JSON is UTF-8 (RFC 8259 section 8.1); for people it is what their terminal understands.
        self._encoding = "utf-8" if config.format in ("json", "gcp", "ecs") else self._stream.encoding

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.destination!r})"

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        """Text of about a MiB at most, unless one record has more."""
        return pack_events(
            records, self._encoded, max_bytes=_MAX_BYTES, max_records=len(records), around=(b"", b"", b"")
        )

    def send(self, payload: Payload, deadline: float) -> Outcome:
        """Write the text."""
        return self._stream.write(payload.body, deadline)

    def _encoded(self, record: Record) -> bytes:
        return self._lines(record).encode(self._encoding, "backslashreplace")
