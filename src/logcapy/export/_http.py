"""Bytes by HTTP: one request, one outcome. Retrying is not done here."""

from __future__ import annotations

import gzip
import math
import os
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.exceptions import SSLError as UrllibSSLError

from logcapy._later import with_first_record
from logcapy._value import Value
from logcapy._version import __version__
from logcapy.errors import ConfigError
from logcapy.types import Broken, Delivered, Outcome, Payload, Rejected, Retry, TooLarge

from ._headers import HTTP_HEADERS, check_headers
from ._reason import Reasons

#: Source: https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes
OTLP_RETRY_STATUSES = frozenset((429, 502, 503, 504))
_SET_UP_STATUSES = frozenset((401, 403, 404, 405))
_PUBLIC_HEADERS = frozenset(("content-type", "content-encoding", "user-agent"))

with_first_record("logcapy.export._deadline", "logcapy.export._retry_after")  # which serve requests alone


class Answer(Value):
    """What a destination answered.

    Args:
        status: Of HTTP.
        headers: By name, whatever its case.
        body: At most 64 KiB of it, not decompressed.
        records: How many of them the request carried.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    records: int


def plain_message(body: bytes) -> str:
    """An answer's text, whatever its encoding."""
    return body.decode(errors="replace")


def _by_status(_answer: Answer) -> None:
    return None


class HttpTransport:
    """Posts payloads to one URL.

    Certificates are verified; redirects are not followed, because they would carry credentials elsewhere; of an
    answer at most 64 KiB are read, and never decompressed.

    Args:
        url: Where to post to. User-info in it becomes a basic ``Authorization`` header.
        headers: Sent with each request, and never shown.
        use_gzip: Whether to compress.
        timeout_seconds: The bound on one request.
        certificate: A PEM file of the CAs to trust instead of the system's.
        client_key: A PEM file, for mutual TLS.
        client_certificate: A PEM file, for mutual TLS.
        retry_statuses: After which statuses the payload may be sent again.
        read_answer: The outcome that an answer tells in a way of its own; None where its status says it all, as OTLP
            has it. Total.
        read_message: The message in the body of an answer that is no success. Total.
        most_answer_bytes: Of an answer so many are read at most.

    Raises:
        ConfigError: The URL, a header or a file cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        use_gzip: bool = False,
        timeout_seconds: float = 10.0,
        certificate: str | None = None,
        client_key: str | None = None,
        client_certificate: str | None = None,
        retry_statuses: Collection[int] = OTLP_RETRY_STATUSES,
        read_answer: Callable[[Answer], Outcome | None] = _by_status,
        read_message: Callable[[bytes], str] = plain_message,
        most_answer_bytes: int = 65536,
    ) -> None:
        check_headers(headers, HTTP_HEADERS)
        self._url = _parse_url(url)
        self._headers = _request_headers(headers, self._url.auth, use_gzip)
        self.place = f"{self._url.scheme}://{self._url.netloc}{self._url.path or '/'}"
        self.reasons = Reasons(self.place, _secrets(self._headers, self._url.auth))
        self._use_gzip = use_gzip
        self._timeout_seconds = timeout_seconds
        self._ssl_context = (
            tls_context(certificate, client_key, client_certificate) if self._url.scheme == "https" else None
        )
        self._retry_statuses = frozenset(retry_statuses)
        self._read_answer = read_answer
        self._read_message = read_message
        self._most_answer_bytes = most_answer_bytes
        self._pool: urllib3.HTTPConnectionPool | None = None
        self._pool_pid = 0

    def send(self, payload: Payload, deadline: float) -> Outcome:
        """Post a payload once, as :meth:`logcapy.exporter.PayloadExporter.send`."""
        return self.post(payload.body, len(payload.records), deadline)

    def post(self, body: bytes, count: int, deadline: float, headers: Mapping[str, str] | None = None) -> Outcome:
        """Post once. The process's proxy settings have no part in it.

        Args:
            body: Not compressed.
            count: How many records it carries.
            deadline: A ``time.monotonic()`` value.
            headers: Of this request alone; what is in them is no secret.
        """
        seconds = min(self._timeout_seconds, deadline - time.monotonic())
        if seconds <= 0:
            return Retry(self.reasons.reason("no time was left to send"))
        try:
            body = gzip.compress(body, 6, mtime=0) if self._use_gzip else body
            response = self._connections().urlopen(
                "POST",
                self._url.request_uri,
                body=body,
                headers={**self._headers, **headers} if headers else self._headers,
                timeout=urllib3.Timeout(total=seconds),
                pool_timeout=math.ceil(seconds),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except UrllibSSLError as error:
            return self._tls_outcome(error)
        except (HTTPError, OSError) as error:
            return Retry(self.reasons.reason(f"no answer ({_kind(error)})"), unreachable=True)
        except Exception as error:  # noqa: BLE001 - its text is left out: it may quote a header
            return Broken(self.reasons.reason(f"the request cannot be made ({_kind(error)})"))
        outcome = self._outcome(
            Answer(response.status, response.headers, _read_body(response, self._most_answer_bytes), count)
        )
        return outcome.with_status(response.status)

    def _outcome(self, answer: Answer) -> Outcome:
        told = self._read_answer(answer)
        if told is not None:
            return told
        status = answer.status
        if 200 <= status <= 299:
            return Delivered()
        reason = self.reasons.reason(f"HTTP {status}", self._read_message(answer.body))
        if status in self._retry_statuses:
            from ._retry_after import retry_after_seconds

            return Retry(reason, retry_after_seconds(answer.headers))
        if status == 413:
            return TooLarge(reason)
        if 300 <= status <= 399 or status in _SET_UP_STATUSES:
            return Broken(reason)
        return Rejected(answer.records, reason)

    def _tls_outcome(self, error: UrllibSSLError) -> Outcome:
        cause = error.args[0] if error.args else error
        if isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            return Retry(self.reasons.reason("no answer (the TLS connection was closed)"), unreachable=True)
        what = getattr(cause, "verify_message", None) or getattr(cause, "reason", None) or _kind(cause)
        return Broken(self.reasons.reason("TLS failed", str(what)))

    def _connections(self) -> urllib3.HTTPConnectionPool:
        """The pool of this process: a socket that a forked child shares with its parent mixes their bytes."""
        if self._pool is None or self._pool_pid != os.getpid():
            self._pool, self._pool_pid = self._new_pool(), os.getpid()
        return self._pool

    def _new_pool(self) -> urllib3.HTTPConnectionPool:
        from ._deadline import DeadlineHTTPConnectionPool, DeadlineHTTPSConnectionPool

        # Not block=True: at exit urllib3 empties its pools before the records of the last moment are sent, and a
        # blocking pool would wait for a connection that nobody gives back.
        common: dict[str, Any] = {"port": self._url.port, "maxsize": 4, "block": False}
        assert self._url.host is not None
        if self._ssl_context is None:
            return DeadlineHTTPConnectionPool(self._url.host, **common)
        return DeadlineHTTPSConnectionPool(self._url.host, ssl_context=self._ssl_context, **common)

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        pool, self._pool = self._pool, None
        if pool is not None and self._pool_pid == os.getpid():
            pool.close()


def tls_context(certificate: str | None, client_key: str | None, client_certificate: str | None) -> ssl.SSLContext:
    """A context that verifies the server, by the system's CAs or by those of ``certificate``.

    Raises:
        ConfigError: A file cannot be read, or is not what it should be.
    """
    try:
        context = ssl.create_default_context(cafile=certificate)
    except OSError:
        raise ConfigError("certificate", certificate, "the path of a PEM file of CA certificates") from None
    if client_certificate:
        try:
            # A key with a passphrase would make OpenSSL ask for it on the terminal.
            context.load_cert_chain(client_certificate, client_key, password=lambda: "")
        except (OSError, ValueError):
            allowed = "a PEM file, with client_key (or in it) the key that belongs to it, without a passphrase"
            raise ConfigError("client_certificate", client_certificate, allowed) from None
    return context


def _parse_url(url: str) -> urllib3.util.Url:
    try:
        parsed = urllib3.util.parse_url(url)
    except LocationParseError:
        parsed = urllib3.util.Url()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        shown = "[REDACTED]" if "@" in url else url
        raise ConfigError("endpoint", shown, "a URL that begins with http:// or https://")
    return parsed


def user_agent(exporter: str = "") -> str:
    """As OpenTelemetry's exporters name themselves: product, version, language, and which exporter it is."""
    return f"LogCapy/{__version__} (Python{f'; {exporter} exporter' if exporter else ''})"


def _secrets(headers: Mapping[str, str], auth: str | None) -> list[str]:
    """Values of headers, the user-info and its password alone."""
    values = [value for name, value in headers.items() if name.lower() not in _PUBLIC_HEADERS]
    user_info = unquote(auth or "")
    return [*values, user_info, user_info.partition(":")[2]]


def _request_headers(headers: Mapping[str, str], auth: str | None, use_gzip: bool) -> Mapping[str, str]:
    """The caller's headers over our own defaults."""
    merged = urllib3.HTTPHeaderDict({"User-Agent": user_agent()})
    if auth:
        merged.update(urllib3.util.make_headers(basic_auth=unquote(auth)))
    for name, value in headers.items():
        merged[name] = value
    if use_gzip:
        merged["Content-Encoding"] = "gzip"
    return merged


def _read_body(response: urllib3.BaseHTTPResponse, most: int) -> bytes:
    """At most so many bytes of the body, as it came; what could be read where the rest failed: the status is known."""
    body = b""
    with suppress(HTTPError, OSError):
        body = response.read(most + 1, decode_content=False)
    with suppress(HTTPError, OSError):
        if len(body) > most or response.length_remaining:
            response.close()  # there is more, and reading it would be for nothing
        response.release_conn()
    return b"" if response.headers.get("Content-Encoding", "identity") != "identity" else body


def _kind(error: object) -> str:
    return type(error).__name__
