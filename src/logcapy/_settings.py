"""One row a setting: the variables that set it, how their text is read, and what is allowed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from opentelemetry.util.re import parse_env_headers

from .config import (
    COMPRESSIONS,
    ENRICHERS,
    EXCEPTION_REPEATS,
    EXCEPTION_SIGNALS,
    FSYNC_MODES,
    OVERFLOW_POLICIES,
    PROTOCOLS,
    REDACTION_PRESETS,
    SPOOL_MODES,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """A field of a configuration and the variables that set it, the first one that is set wins."""

    field: str
    variables: tuple[str, ...]
    parse: Callable[[str], object]
    allowed: str
    secret: bool = False


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


def _names(text: str) -> tuple[str, ...]:
    if text.lower() in ("off", "none"):
        return ()
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _headers(text: str) -> dict[str, str]:
    headers = dict(parse_env_headers(text, liberal=True))
    if not headers:
        raise ValueError("no header in it")
    return headers


def _existing_file(path: str) -> str:
    if not os.path.isfile(path):  # noqa: PTH113 - a path from the environment, looked at once
        raise ValueError("no such file")
    return path


_MILLISECONDS = "milliseconds, more than 0"
_COUNT = "a whole number, 1 or more"

LOGCAPY = (
    Setting("enabled", ("LOGCAPY_ENABLED",), _boolean, "true or false"),
    Setting("redact", ("LOGCAPY_REDACT",), _names, f"off, or any of {', '.join(REDACTION_PRESETS)}"),
    Setting("redact_keys", ("LOGCAPY_REDACT_KEYS",), _names, "names of keys, with commas between"),
    Setting("enrich", ("LOGCAPY_ENRICH",), _names, f"off, or any of {', '.join(ENRICHERS)}"),
    Setting("shutdown_timeout", ("LOGCAPY_SHUTDOWN_TIMEOUT",), float, _MILLISECONDS),
    Setting("exception_repeats", ("LOGCAPY_EXCEPTION_REPEATS",), str.lower, f"one of {', '.join(EXCEPTION_REPEATS)}"),
    Setting(
        "exception_signal",
        ("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN",),
        str.lower,
        f"one of {', '.join(EXCEPTION_SIGNALS)}",
    ),
    Setting("frame_variables", ("LOGCAPY_FRAME_VARIABLES",), _boolean, "true or false"),
    Setting("request_id_header", ("LOGCAPY_REQUEST_ID_HEADER",), str.lower, "the name of a header, or off"),
    Setting(
        "trusted_proxies",
        ("LOGCAPY_TRUSTED_PROXIES",),
        _names,
        "addresses like 10.0.0.1 and networks like 10.0.0.0/8, with commas between",
    ),
    Setting("access_log", ("LOGCAPY_ACCESS_LOG",), _boolean, "true or false"),
    Setting("overflow", ("LOGCAPY_OVERFLOW",), str.lower, f"one of {', '.join(OVERFLOW_POLICIES)}"),
    Setting("block_timeout", ("LOGCAPY_BLOCK_TIMEOUT",), float, _MILLISECONDS),
    Setting("max_queue_bytes", ("LOGCAPY_MAX_QUEUE_BYTES",), int, _COUNT),
    Setting("spool", ("LOGCAPY_SPOOL",), str.lower, f"one of {', '.join(SPOOL_MODES)}; with LOGCAPY_SPOOL_DIR"),
    Setting("spool_dir", ("LOGCAPY_SPOOL_DIR",), str, "the path of a folder"),
    Setting("spool_max_bytes", ("LOGCAPY_SPOOL_MAX_BYTES",), int, _COUNT),
    Setting("spool_max_age", ("LOGCAPY_SPOOL_MAX_AGE",), float, _MILLISECONDS),
    Setting("spool_fsync", ("LOGCAPY_SPOOL_FSYNC",), str.lower, f"one of {', '.join(FSYNC_MODES)}"),
)
BATCH = (
    Setting("schedule_delay", ("OTEL_BLRP_SCHEDULE_DELAY",), float, _MILLISECONDS),
    Setting("export_timeout", ("OTEL_BLRP_EXPORT_TIMEOUT",), float, _MILLISECONDS),
    Setting("max_queue_size", ("OTEL_BLRP_MAX_QUEUE_SIZE",), int, _COUNT),
    Setting("max_export_batch_size", ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",), int, _COUNT),
)


def _otlp(field: str, parse: Callable[[str], object], allowed: str, *, secret: bool = False) -> Setting:
    name = field.upper()
    variables = (f"OTEL_EXPORTER_OTLP_LOGS_{name}", f"OTEL_EXPORTER_OTLP_{name}")
    return Setting(field, variables, parse, allowed, secret)


OTLP_PROTOCOL = _otlp("protocol", str.lower, f"one of {', '.join(PROTOCOLS)}")
OTLP_ENDPOINT = _otlp("endpoint", str, "a URL that begins with http:// or https://")
OTLP = (
    _otlp("headers", _headers, "name=value, with commas between", secret=True),
    _otlp("timeout", lambda text: float(text) * 1000, "seconds, more than 0"),
    _otlp("compression", str.lower, f"one of {', '.join(COMPRESSIONS)}"),
    _otlp("certificate", _existing_file, "the path of a PEM file"),
    _otlp("client_key", _existing_file, "the path of a PEM file"),
    _otlp("client_certificate", _existing_file, "the path of a PEM file"),
    _otlp("insecure", _boolean, "true or false"),
)
