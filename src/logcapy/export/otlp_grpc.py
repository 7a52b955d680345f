"""OTLP over gRPC: the bytes of OTLP/HTTP in a unary call.

Source: https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from urllib3.util import make_headers

from logcapy.config import OtlpConfig
from logcapy.exporter import PayloadExporter
from logcapy.types import Broken, Delivered, Outcome, Payload, Record, Rejected, Retry, TooLarge

from ._grpc import MESSAGE_TOO_LARGE, NO_ANSWER, RECONNECT_OPTIONS, TLS_FAILED
from ._headers import GRPC_METADATA, check_headers
from ._http import tls_context, user_agent
from ._otlp_response import partial_success, retry_delay_seconds
from ._otlp_settings import otlp_settings
from ._per_process import PerProcess
from ._reason import Reasons
from ._split import split_logs
from .otlp import DEFAULT_MAX_BYTES, encode_logs

_METHOD = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
#: Source: https://opentelemetry.io/docs/specs/otlp/#failures
_RETRY = frozenset(("CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"))
_SET_UP = frozenset(("UNAUTHENTICATED", "PERMISSION_DENIED", "UNIMPLEMENTED"))
_CHANNEL_OPTIONS = (
    ("grpc.primary_user_agent", user_agent("OTLP")),
    *RECONNECT_OPTIONS,
)


class OTLPGrpcLogRecordExporter(PayloadExporter):
    """Sends log records by OTLP/gRPC. Without arguments it does what ``OTEL_EXPORTER_OTLP_*`` say.

    Args:
        endpoint: ``http://host:port`` (no TLS), ``https://host:port``, or ``host:port``, which has TLS unless the
            configuration's ``insecure`` is true.
        headers: Sent as metadata with each call, over those of the configuration.
        config: The rest, instead of the environment.
        **fields: Other fields of :class:`OtlpConfig`, which win over the variables.

    Raises:
        ConfigError: A setting cannot be used.
    """

    name = "otlp_grpc"

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        config: OtlpConfig | None = None,
        **fields: Any,
    ) -> None:
        config = otlp_settings("grpc", endpoint, headers, config, fields)
        super().__init__(config.timeout / 1000)
        self._max_bytes = config.max_bytes or DEFAULT_MAX_BYTES
        self._config = config
        self._insecure, self._target, user_info = _parse_endpoint(config)
        self._metadata = _metadata(config.headers, user_info)
        self.destination = f"{'http' if self._insecure else 'https'}://{self._target}"
        secrets = [value for _, value in self._metadata]
        self._reasons = Reasons(self.destination, [*secrets, user_info, user_info.partition(":")[2]])
        if not self._insecure:
            # gRPC says nothing of a file that it cannot use, until the first call fails.
            tls_context(config.certificate, config.client_key, config.client_certificate)
        self._opened = PerProcess(self._open)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.destination!r})"

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        """Payloads of less than the 4 MiB that gRPC servers take by default."""
        return encode_logs(records, self._max_bytes)

    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:
        """Two requests with the records of one."""
        return split_logs(body)

    def send(self, payload: Payload, deadline: float) -> Outcome:
        """Send once; a server that is not there fails the call at once."""
        import grpc

        seconds = min(self._config.timeout / 1000, deadline - time.monotonic())
        if seconds <= 0:
            return Retry(self._reasons.reason("no time was left to send"))
        try:
            _, call = self._opened.get()
            response = call(payload.body, timeout=seconds, metadata=self._metadata, wait_for_ready=False)
        except grpc.RpcError as error:
            return self._failure(error, len(payload.records)).with_status(error.code().name)
        except Exception as error:  # noqa: BLE001 - its text is left out: it may quote metadata
            return Broken(self._reasons.reason(f"the call cannot be made ({type(error).__name__})"))
        rejected, message = partial_success(response)
        if rejected > 0:
            return Rejected(rejected, self._reasons.reason(f"{rejected} records refused", message), status="OK")
        return Delivered(status="OK")

    def shutdown(self) -> None:
        """End, and close the channel."""
        super().shutdown()
        opened = self._opened.take()
        if opened is not None:
            channel, _ = opened
            channel.close()

    def _failure(self, error: Any, count: int) -> Outcome:
        code, details = error.code().name, error.details() or ""
        reason = self._reasons.reason(code, details)
        delay = _retry_delay(error)
        if code == "RESOURCE_EXHAUSTED" and MESSAGE_TOO_LARGE.match(details):
            return TooLarge(reason)
        if code in _SET_UP or (code == "UNAVAILABLE" and TLS_FAILED.search(details)):
            return Broken(reason)
        if code in _RETRY or (code == "RESOURCE_EXHAUSTED" and delay is not None):
            unreachable = code == "DEADLINE_EXCEEDED" or bool(NO_ANSWER.search(details))
            return Retry(reason, delay, unreachable=unreachable)
        return Rejected(count, reason)

    def _open(self) -> tuple[Any, Callable[..., bytes]]:
        """A channel, and the call on it."""
        channel = self._open_channel()
        return channel, channel.unary_unary(_METHOD)

    def _open_channel(self) -> Any:
        import grpc

        config = self._config
        compression = grpc.Compression.Gzip if config.compression == "gzip" else grpc.Compression.NoCompression
        if self._insecure:
            return grpc.insecure_channel(self._target, options=_CHANNEL_OPTIONS, compression=compression)
        credentials = grpc.ssl_channel_credentials(
            root_certificates=_read(config.certificate),
            private_key=_read(config.client_key or config.client_certificate),
            certificate_chain=_read(config.client_certificate),
        )
        return grpc.secure_channel(self._target, credentials, options=_CHANNEL_OPTIONS, compression=compression)


def _parse_endpoint(config: OtlpConfig) -> tuple[bool, str, str]:
    """Whether there is no TLS, gRPC's target, and the user-info."""
    scheme, separator, rest = config.endpoint.rpartition("://")
    if scheme == "unix":
        return True, config.endpoint, ""
    user_info, _, target = rest.partition("/")[0].rpartition("@")
    return (scheme == "http" if separator else config.insecure), target, unquote(user_info)


def _metadata(headers: Mapping[str, str], user_info: str) -> tuple[tuple[str, str], ...]:
    check_headers(headers, GRPC_METADATA)
    merged = {name.lower(): value for name, value in headers.items()}
    if user_info:
        merged = {**make_headers(basic_auth=user_info), **merged}
    return tuple(merged.items())


def _read(path: str | None) -> bytes | None:
    return Path(path).read_bytes() if path else None


def _retry_delay(error: Any) -> float | None:
    """The delay of the RetryInfo that came with a failure, in seconds."""
    for name, value in error.trailing_metadata() or ():
        if name == "grpc-status-details-bin" and isinstance(value, bytes):
            return retry_delay_seconds(value)
    return None
