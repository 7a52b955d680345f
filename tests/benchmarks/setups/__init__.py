"""The set-ups, each in the way that its own documentation calls fast and that loses no record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module

from .opened import Opened

__all__ = ["COMPILED", "FLOOR", "NEITHER", "PARTS", "SETUPS", "STOCK", "Opened", "Setup", "open_setup", "part_name"]


@dataclass(frozen=True)
class Setup:
    """One row of the tables.

    Args:
        title: What the tables call it.
        opener: ``module:function`` of this package, which returns an ``Opened``.
        distributions: Whose versions the report tells.
        sends: It sends OTLP, and what arrives is counted.
        env: Its variables, beside those that all have.
        works: The only works that it is measured at; empty for all.
        omits: The works that it cannot do.
        is_part: It is measured for what one part of LogCapy adds, and nothing else.
        is_compiled: It is LogCapy with its hot modules compiled.
    """

    title: str
    opener: str
    distributions: tuple[str, ...] = ()
    sends: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    works: tuple[str, ...] = ()
    omits: tuple[str, ...] = ()
    is_part: bool = False
    is_compiled: bool = False

    def does(self, work: str) -> bool:
        return not self.is_part and work not in self.omits and (not self.works or work in self.works)


_GZIP = {"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}
_NEITHER = {"LOGCAPY_REDACT": "off", "LOGCAPY_ENRICH": "off"}
FLOOR, STOCK, NEITHER = "floor", "stock", "logcapy-neither"
#: The variables that turn one part on, where all others are off.
PARTS: dict[str, Mapping[str, str]] = {
    **{f"enrich={name}": {"LOGCAPY_ENRICH": name} for name in ("context", "request", "thread", "task")},
    "enrich=baggage": {"LOGCAPY_ENRICH": "baggage", "LOGCAPY_BAGGAGE_KEYS": "customer.tier"},
    "enrich=runtime, of all records": {"LOGCAPY_ENRICH": "runtime", "LOGCAPY_RUNTIME_SEVERITY": "trace"},
    **{
        f"redact={name}": {"LOGCAPY_REDACT": name}
        for name in ("credentials", "pci", "email", "phone", "ip", "iban", "us_ssn", "national_id", "gdpr", "hipaa")
    },
    "redact_patterns, one": {"LOGCAPY_REDACT_PATTERNS": "order=ORD-[0-9]+"},
    "minimum_severity": {"LOGCAPY_MINIMUM_SEVERITY": "info,shop.db=warn"},
    "trace_based": {"LOGCAPY_TRACE_BASED": "true"},
    "sample_ratio": {"LOGCAPY_SAMPLE_RATIO": "0.99999999"},
    "rate_limit": {"LOGCAPY_RATE_LIMIT": "100000000"},
}


def part_name(part: str) -> str:
    """The set-up of a part."""
    return f"logcapy-part {part}"


SETUPS: dict[str, Setup] = {
    FLOOR: Setup("logging, a handler that does nothing", "floor:open_setup"),
    STOCK: Setup(
        "stock OpenTelemetry",
        "stock:open_setup",
        ("opentelemetry-sdk", "opentelemetry-instrumentation-logging", "opentelemetry-exporter-otlp-proto-http"),
        sends=True,
    ),
    "logcapy-stdlib": Setup("LogCapy, logging", "ours:open_stdlib", ("logcapy",), sends=True),
    "logcapy-logger": Setup("LogCapy, get_logger()", "ours:open_logger", sends=True),
    "logcapy-structlog": Setup("LogCapy, structlog", "ours:open_structlog", sends=True),
    "logcapy-loguru": Setup("LogCapy, loguru", "ours:open_loguru", sends=True),
    "json-logger": Setup("python-json-logger to /dev/null", "json_logger:open_setup", ("python-json-logger",)),
    "structlog": Setup("structlog JSON to /dev/null", "structlog_json:open_setup", ("structlog", "orjson")),
    "loguru": Setup("loguru JSON to /dev/null", "loguru_json:open_setup", ("loguru",)),
    "fapilog": Setup("fapilog JSON to /dev/null", "fapilog_json:open_setup", ("fapilog",), omits=("bursts", "asyncio")),
    "logfire": Setup("logfire, an exporter that does nothing", "logfire_null:open_setup", ("logfire",)),
    "logcapy-neither": Setup(
        "LogCapy, logging, neither enriched nor redacted",
        "ours:open_stdlib",
        sends=True,
        env=_NEITHER,
        works=("usual", "bursts", "secret"),
    ),
    "stock-gzip": Setup("stock OpenTelemetry, gzip", "stock:open_setup", sends=True, env=_GZIP, works=("usual",)),
    "logcapy-gzip": Setup("LogCapy, logging, gzip", "ours:open_stdlib", sends=True, env=_GZIP, works=("usual",)),
}

#: By the name of the same in plain Python.
COMPILED = {"logcapy-stdlib": "logcapy-compiled-stdlib", "logcapy-logger": "logcapy-compiled-logger"}
SETUPS.update(
    {
        compiled: Setup(
            f"{SETUPS[plain].title}, compiled",
            SETUPS[plain].opener,
            sends=True,
            works=("usual", "bursts", "twelve", "threads"),
            is_compiled=True,
        )
        for plain, compiled in COMPILED.items()
    }
)


SETUPS.update(
    {
        part_name(part): Setup(part, "ours:open_stdlib", sends=True, env={**_NEITHER, **env}, is_part=True)
        for part, env in PARTS.items()
    }
)


def open_setup(name: str) -> Opened:
    """Set up in this process."""
    module, _, function = SETUPS[name].opener.partition(":")
    opened = getattr(import_module(f".{module}", __package__), function)()
    assert isinstance(opened, Opened)
    return opened
