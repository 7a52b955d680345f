"""Rows 23, 24 and 26: what must not get to anybody else."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import grpc
import trustme
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as StockExporter

from logcapy.config import OtlpConfig
from logcapy.config.redaction import ALL_PRESETS
from logcapy.export.otlp_grpc import OTLPGrpcLogRecordExporter
from logcapy.export.otlp_http import OTLPHttpLogRecordExporter
from logcapy.process.redact import Redactor
from logcapy.process.redaction.masking import MASK
from servers.grpc import grpc_server
from servers.http import scripted_server
from tests.capture.decoded import Sibling
from tests.data.redaction.corpus import SECRETS
from tests.data.redaction.leaving import leave
from tests.data.redaction.needles import Needles
from tests.data.redaction.places import KEYED_PLACES, PLACES
from tests.process.test_redact_hostile import HOSTILE

from .figure import Measured, Scale, row
from .pipelines import ours, scratch, stock

_LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)


@row(
    23,
    "Secrets in message, arguments, attributes, nested values, exception text, causes, notes, URLs, headers, baggage",
    "none of the corpus in the wire bytes, the spool, the console, our own diagnostics",
)
def row_23(_scale: Scale) -> Measured:
    found: dict[str, set[str]] = {}
    records = arrived = 0
    for siblings in ((), (Sibling(),)):  # drafts, and the SDK's way
        with scratch() as folder:
            left = leave(ALL_PRESETS, SECRETS, folder / "spool", *siblings)
        records += left.records
        arrived += left.stats.exported
        found |= left.found(SECRETS)
    places = len(PLACES) + len(KEYED_PLACES)
    return Measured(
        f"0 of {len(SECRETS)} secrets in {places} places found, {arrived} of {records} records arrive"
        if not found
        else f"found: {found}",
        not found and arrived == records > 10_000,
        f"{_leaked_by_stock()} of {len(SECRETS)} found in the wire bytes",
    )


def _leaked_by_stock() -> int:
    with scripted_server() as server:
        pipeline = stock(server.url)
        pipeline.log(*(secret.text for secret in SECRETS))
        pipeline.flush()
        pipeline.shutdown()
        wire = b"".join(request.body for request in server.requests)
    return len(Needles(SECRETS).found_in(wire))


class _Raises(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("hunter2")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("hunter2")

    def __len__(self) -> int:
        return 1


@row(
    24,
    "A text that patterns backtrack on; a value that raises while it is redacted",
    "≤ 10 ms for a record of 2,048 characters; a longer text is masked unseen once it took 10 ms and 1 µs a character; "
    "fails closed: masked, not sent",
)
def row_24(scale: Scale) -> Measured:
    redact = Redactor()
    small, text = _worst(redact, 2_048)
    large, _ = _worst(redact, 20_480)
    with scripted_server() as server:
        pipeline = ours(server.url)
        pipeline.log({"a": _Raises(), "b": "kept"}, attributes={"c": "password=hunter2", "d": "kept"})
        pipeline.flush()
        pipeline.shutdown()
        wire = b"".join(request.raw_body for request in server.requests)
        exported = pipeline.stats.exported
    masked = MASK.encode() in wire and b"kept" in wire
    fate = "masked, the rest stays" if masked else f"not masked; {exported} of 1 records arrive"
    return Measured(
        f"2,048 characters: {small * 1000:.1f} ms at worst ({text!r}), 20,480: {large * 1000:.0f} ms; "
        f"a value that raises is {fate}",
        small <= 0.010 * scale.slack and large <= 0.060 * scale.slack and masked and b"hunter2" not in wire,
    )


def _worst(redact: Redactor, length: int) -> tuple[float, str]:
    """The longest time for a hostile text of so many characters, and what that text is made of."""
    texts = {
        f"{piece} … {end}": piece * (length // len(piece)) + end
        for piece in HOSTILE
        for end in ("", "@", "!", " password='")
    }
    return max((min(_seconds(redact, text) for _ in range(3)), name) for name, text in texts.items())


def _seconds(redact: Redactor, text: str) -> float:
    started = time.process_time()
    redact.text(text)
    return time.process_time() - started


@row(26, "Bad certificate, wrong host, unknown CA", "refused by default: nothing is sent")
def row_26(_scale: Scale) -> Measured:
    with scratch() as folder:
        authority = trustme.CA()
        trusted = folder / "ca.pem"
        authority.cert_pem.write_to_path(trusted)
        faults = {
            "unknown CA": (trustme.CA().issue_cert("127.0.0.1"), trusted),
            "a CA that the system does not know": (authority.issue_cert("127.0.0.1"), None),
            "wrong host": (authority.issue_cert("other.example"), trusted),
            "expired": (authority.issue_cert("127.0.0.1", not_after=_LONG_AGO), trusted),
        }
        sent = {name: _sent(certificate, ca) for name, (certificate, ca) in faults.items()}
        control = _sent(authority.issue_cert("127.0.0.1"), trusted)
    got = {name: ours_sent for name, (ours_sent, _) in sent.items() if ours_sent}
    stock_got = sum(stock_sent for _, stock_sent in sent.values())
    return Measured(
        f"{len(sent) - len(got)} of {len(sent)} refused, by HTTP and gRPC; a good certificate is taken"
        if control[0] == 2
        else f"a good certificate is taken by {control[0]} of 2",
        not got and control[0] == 2,
        f"{len(sent) - stock_got} of {len(sent)} refused (HTTP)",
    )


def _sent(certificate: trustme.LeafCert, ca: Path | None) -> tuple[int, int]:
    """How many requests servers with a certificate get from our two exporters, and one from the stock exporter."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    chain = b"".join(pem.bytes() for pem in certificate.cert_chain_pems)
    credentials = grpc.ssl_server_credentials([(certificate.private_key_pem.bytes(), chain)])
    ca_file = str(ca) if ca is not None else None
    with scripted_server(context) as server, grpc_server(credentials) as grpc_one:
        exporters = (
            OTLPHttpLogRecordExporter(config=OtlpConfig(endpoint=f"{server.url}/v1/logs", certificate=ca_file)),
            OTLPGrpcLogRecordExporter(
                config=OtlpConfig(endpoint=f"https://127.0.0.1:{grpc_one.port}", protocol="grpc", certificate=ca_file)
            ),
        )
        for exporter in exporters:
            pipeline = ours("", exporter=exporter)
            pipeline.log("secret")
            pipeline.flush(3)
            pipeline.shutdown(0.2)
        ours_sent = len(server.requests) + len(grpc_one.calls)
        server.requests.clear()
        theirs = stock("", exporter=StockExporter(f"{server.url}/v1/logs", certificate_file=ca_file, timeout=0.5))
        theirs.log("secret")
        theirs.flush(3)
        theirs.shutdown()
        return ours_sent, len(server.requests)
