"""OTLP over HTTP, in protobuf.

Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from logcapy._later import with_first_record
from logcapy.config import OtlpConfig
from logcapy.types import Delivered, Outcome, Payload, Record, Rejected

from ._http import Answer, plain_message
from ._http_exporter import HttpPayloadExporter
from ._otlp_settings import otlp_settings

# What encodes records and reads answers: a process that has logged nothing needs neither.
with_first_record("logcapy.export.otlp", "logcapy.export._otlp_response", "logcapy.export._split")


class OTLPHttpLogRecordExporter(HttpPayloadExporter):
    """Sends log records by OTLP/HTTP. Without arguments it does what ``OTEL_EXPORTER_OTLP_*`` say.

    Args:
        endpoint: The full URL, with its path (``http://localhost:4318/v1/logs``). User-info in it becomes a basic
            ``Authorization`` header.
        headers: Sent with each request, over those of the configuration.
        config: The rest, instead of the environment.
        **fields: Other fields of :class:`OtlpConfig`, which win over the variables.

    Raises:
        ConfigError: A setting cannot be used.
    """

    name = "otlp_http"

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        config: OtlpConfig | None = None,
        **fields: Any,
    ) -> None:
        config = otlp_settings("http/protobuf", endpoint, headers, config, fields)
        super().__init__(
            config.endpoint,
            config,
            {"Content-Type": "application/x-protobuf"},
            use_gzip=config.compression == "gzip",
            read_answer=self._read_answer,
            read_message=_read_message,
        )
        self._max_bytes = config.max_bytes

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        """Payloads of at most ``max_bytes`` of the configuration."""
        from .otlp import DEFAULT_MAX_BYTES, encode_logs

        return encode_logs(records, self._max_bytes or DEFAULT_MAX_BYTES)

    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:
        """Two requests with the records of one."""
        from ._split import split_logs

        return split_logs(body)

    def _read_answer(self, answer: Answer) -> Outcome | None:
        if not 200 <= answer.status <= 299:
            return None
        from ._otlp_response import partial_success

        rejected, message = partial_success(answer.body)
        if rejected <= 0:
            return Delivered()
        return Rejected(rejected, self._transport.reasons.reason(f"{rejected} records refused", message))


def _read_message(body: bytes) -> str:
    from ._otlp_response import status_message

    return status_message(body) or plain_message(body)
