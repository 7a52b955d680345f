"""Files of OTLP in JSON, a request a line, as the Collector's OTLP JSON file receiver reads them.

Source: https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from logcapy import environment
from logcapy.config.destinations.file import FileConfig
from logcapy.exporter import PayloadExporter
from logcapy.types import Delivered, Outcome, Payload, Record, Rejected

from ._otlp_json import json_line
from ._rotating import RotatingFile
from ._split import split_logs
from ._write_failure import write_failure
from .otlp import encode_logs


class FileLogRecordExporter(PayloadExporter):
    """Appends log records to a file, a request in JSON a line; closed files can be sent by ``logcapy replay``.

    Args:
        config: Where, and how long. Default: what ``LOGCAPY_FILE_*`` say.
        **fields: Fields of :class:`FileConfig`, which win over the variables.

    Raises:
        ConfigError: A setting cannot be used.
    """

    name = "file"

    def __init__(self, config: FileConfig | None = None, **fields: Any) -> None:
        super().__init__(timeout_seconds=10.0)
        self._config = config or environment.destination_config(FileConfig, fields)
        self.destination = f"file:{self._config.path}"
        self._file = RotatingFile(self._config)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._config.path!r})"

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        """Requests in protobuf; what is written is the same in JSON."""
        return encode_logs(records)

    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:
        """Two requests with the records of one."""
        return split_logs(body)

    def send(self, payload: Payload, deadline: float) -> Outcome:
        """Write one line. The deadline is for other processes to let go of the file; a disk keeps none."""
        try:
            line = json_line(payload.body)
        except Exception as error:  # noqa: BLE001 - what was on disk may be no request
            return Rejected(len(payload.records), f"{self.destination}: no request of OTLP ({type(error).__name__})")
        try:
            self._file.append(line, deadline)
        except OSError as error:
            return write_failure(self.destination, error)
        return Delivered()

    def shutdown(self) -> None:
        """End; what then is not yet in the archive, the next process puts there."""
        super().shutdown()
        self._file.close()
