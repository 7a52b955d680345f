"""The only reader of ``os.environ``.

A standard ``OTEL_*`` variable is read wherever one exists; ``LOGCAPY_*`` is only for what is ours. What is wrong
goes to a ``report``: :func:`raise_error` in code, :func:`warn` under ``opentelemetry-instrument``, where a wrong
value must not keep the application from running.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from typing import TypeVar

from ._guard import say_once
from ._settings import BATCH, LOGCAPY, OTLP, OTLP_ENDPOINT, OTLP_PROTOCOL, Setting
from .config import PROTOCOLS, BatchConfig, LogCapyConfig, OtlpConfig
from .errors import ConfigError, nearest_name

Report = Callable[[ConfigError], None]
_Config = TypeVar("_Config", LogCapyConfig, BatchConfig, OtlpConfig)


def raise_error(error: ConfigError) -> None:
    """Report of code that configures: the first wrong setting raises."""
    raise error


def warn(error: ConfigError) -> None:
    """Report of a start without code: one line on stderr, and the default is used."""
    say_once(f"config:{error.setting}", f"{error}; the default is used")


def logcapy_config(report: Report) -> LogCapyConfig:
    """What ``LOGCAPY_*`` says.

    A name that does not exist is told on stderr with the nearest one that does, and never raises: it may be
    another version's.
    """
    known = [variable for row in LOGCAPY for variable in row.variables]
    for name in sorted(os.environ):
        if name.startswith("LOGCAPY_") and name not in known:
            nearest = nearest_name(name, known)
            hint = f"; did you mean {nearest}?" if nearest else ""
            say_once(f"config:{name}", f"there is no variable {name}{hint}")
    return _build(LogCapyConfig, dict(_read(LOGCAPY, report)), LOGCAPY, report)


def batch_config(report: Report) -> BatchConfig:
    """What ``OTEL_BLRP_*`` says; a queue smaller than the default batch makes the batch smaller."""
    values = dict(_read(BATCH, report))
    queue_size = values.get("max_queue_size", BatchConfig().max_queue_size)
    if isinstance(queue_size, int) and queue_size > 0:
        values.setdefault("max_export_batch_size", min(512, queue_size))
    return _build(BatchConfig, values, BATCH, report)


def otlp_config(report: Report, protocol: str | None = None) -> OtlpConfig:
    """What ``OTEL_EXPORTER_OTLP_LOGS_*`` and ``OTEL_EXPORTER_OTLP_*`` say.

    Args:
        report: Told of what is wrong.
        protocol: The protocol, where it is already decided by something else than the environment.
    """
    values = dict(_read((OTLP_PROTOCOL, *OTLP), report))
    if protocol is not None or values.get("protocol") not in PROTOCOLS:
        if protocol is None and "protocol" in values:
            report(_wrong(OTLP_PROTOCOL, str(values["protocol"])))
        values["protocol"] = protocol or PROTOCOLS[0]
    endpoint = _otlp_endpoint(grpc=values["protocol"] == "grpc")
    if endpoint is not None:
        values["endpoint"] = endpoint
    return _build(OtlpConfig, values, (OTLP_PROTOCOL, OTLP_ENDPOINT, *OTLP), report)


def _otlp_endpoint(*, grpc: bool) -> str | None:
    own, base = (os.environ.get(name, "").strip() for name in OTLP_ENDPOINT.variables)
    if grpc:
        return own or base or "http://localhost:4317"
    if own:
        return own
    return f"{base.rstrip('/')}/v1/logs" if base else None


def otlp_needs_credential_provider() -> bool:
    """Whether a credential provider is named, which only the stock exporters know how to use."""
    names = (
        "OTEL_PYTHON_EXPORTER_OTLP_{}CREDENTIAL_PROVIDER",
        "OTEL_PYTHON_EXPORTER_OTLP_{}LOGS_CREDENTIAL_PROVIDER",
    )
    return any(os.environ.get(name.format(kind)) for name in names for kind in ("HTTP_", "GRPC_"))


def terminal_is_plain() -> bool:
    """Whether the user wants no colours (https://no-color.org) or the terminal has none."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def has_declarative_configuration() -> bool:
    """Whether the SDK is set up by a file, which takes no arguments beside it."""
    return bool(os.environ.get("OTEL_CONFIG_FILE"))


def sdk_disabled() -> bool:
    """``OTEL_SDK_DISABLED``: the SDK does nothing, so there is nothing to take over."""
    return os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def internal_metrics_enabled() -> bool:
    """``OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED``: whether the SDK, and with it LogCapy, measures itself."""
    return os.environ.get("OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", "").strip().lower() == "true"


def log_level(report: Report) -> int | None:
    """``OTEL_PYTHON_LOG_LEVEL`` as a number of :mod:`logging`; None if it is not set."""
    text = os.environ.get("OTEL_PYTHON_LOG_LEVEL", "").strip()
    if not text:
        return None
    level = logging.getLevelName(text.upper())
    if isinstance(level, int):
        return level
    known = ("debug", "info", "warning", "error", "critical")
    report(ConfigError("OTEL_PYTHON_LOG_LEVEL", text, f"one of {', '.join(known)}", nearest=nearest_name(text, known)))
    return None


def set_distro_defaults() -> None:
    """Set what a distro sets where the user has set nothing: all signals leave by OTLP over HTTP."""
    for signal in ("TRACES", "METRICS", "LOGS"):
        os.environ.setdefault(f"OTEL_{signal}_EXPORTER", "otlp")
    os.environ.setdefault("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")


def _read(rows: Iterable[Setting], report: Report) -> Iterable[tuple[str, object]]:
    for row in rows:
        for variable in row.variables:
            text = os.environ.get(variable, "").strip()
            if not text:
                continue
            try:
                yield row.field, row.parse(text)
            except (ValueError, KeyError):
                report(_wrong(row, text, variable))
            break


def _build(kind: type[_Config], values: dict[str, object], rows: tuple[Setting, ...], report: Report) -> _Config:
    """The configuration; a value that it refuses is reported under its variable's name and left out."""
    by_field = {row.field: row for row in rows}
    while True:
        try:
            return kind(**values)  # type: ignore[arg-type]
        except ConfigError as error:
            row = by_field[error.setting]
            report(_wrong(row, str(error.value), nearest=error.nearest))
            if error.setting not in values:
                raise
            del values[error.setting]


def _wrong(row: Setting, text: str, variable: str | None = None, nearest: str | None = None) -> ConfigError:
    variable = variable or next((name for name in row.variables if os.environ.get(name)), row.variables[0])
    return ConfigError(variable, "[REDACTED]" if row.secret else text, row.allowed, nearest=nearest)
