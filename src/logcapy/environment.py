"""The only reader of ``os.environ``.

A standard ``OTEL_*`` variable is read wherever one exists; ``LOGCAPY_*`` is only for what is ours. What is wrong
goes to a ``report``: :func:`raise_error` in code, :func:`warn` under ``opentelemetry-instrument``, where a wrong
value must not keep the application from running.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from ._guard import say_once
from .config import PROTOCOLS, BatchConfig, LogCapyConfig, OtlpConfig, Setting
from .config.otlp import ENDPOINT_ROW, PROTOCOL_ROW
from .errors import ConfigError, nearest_name

if TYPE_CHECKING:
    from .config.destinations import DestinationConfig

Report = Callable[[ConfigError], None]
_LOG_EXPORTERS = "OTEL_LOGS_EXPORTER"
_DETECTORS = "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"
#: Not ``process``: it tells the command line, and with it what secrets are on it.
_DEFAULT_DETECTORS = "host,logcapy_container,logcapy_kubernetes,logcapy_vcs"
#: Fields of LogCapyConfig that a file of the SDK's declarative configuration sets.
_options: dict[str, object] = {}
_Config = TypeVar("_Config")
_Destination = TypeVar("_Destination", bound="DestinationConfig")


def raise_error(error: ConfigError) -> None:
    """Report of code that configures: the first wrong setting raises, without what it was found by."""
    raise error from error.__cause__


def warn(error: ConfigError) -> None:
    """Report of a start without code: one line on stderr, and the default is used."""
    say_once(f"config:{error.setting}", f"{error}; the default is used")


def logcapy_config(report: Report) -> LogCapyConfig:
    """What ``LOGCAPY_*`` says, and over it the options of :func:`use_options`.

    A name that does not exist is told on stderr with the nearest one that does, and never raises: it may be
    another version's.
    """
    rows: tuple[Setting, ...] = LogCapyConfig.rows
    known = {variable for row in rows for variable in row.variables}
    unknown = sorted(name for name in os.environ if name.startswith("LOGCAPY_") and name not in known)
    if unknown:
        from .config.destinations import destination_variables  # only for who has a variable that may be theirs

        known |= destination_variables()
    for name in unknown:
        if name not in known:
            nearest = nearest_name(name, sorted(known))
            hint = f"; did you mean {nearest}?" if nearest else ""
            say_once(f"config:{name}", f"there is no variable {name}{hint}")
    rows = tuple(row.read_from() if row.field in _options else row for row in rows)
    return _build(LogCapyConfig, {**dict(_read(rows, report)), **_options}, rows, report)


def given(
    kind: type[Any], fields: Mapping[str, object], report: Report, *, fixed: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Those of the fields that code or a file gives which can be used; see :mod:`logcapy.config.given`."""
    if not fields:
        return {}
    from .config.given import given_fields  # which few processes need

    return given_fields(kind, fields, report, fixed=fixed)


def use_options(options: Mapping[str, object]) -> None:
    """Let these be the fields of LogCapyConfig that win over the variables; one that cannot be used is told of.

    Args:
        options: Fields with their values as in code; a list serves for a tuple.
    """
    _options.clear()
    _options.update(given(LogCapyConfig, options, warn))


def destination_config(kind: type[_Destination], fields: Mapping[str, object]) -> _Destination:
    """What ``LOGCAPY_<DESTINATION>_*``, or a vendor's own variables, say of one destination.

    Args:
        kind: The destination's configuration.
        fields: Some of its fields, which win over the variables; a list serves for a tuple.

    Raises:
        ConfigError: A field does not exist, has a value that cannot be used, or must be set and is not.
    """
    said = given(kind, fields, raise_error)
    read = dict(_read([row for row in kind.rows if row.field not in fields], raise_error))
    try:
        return kind(**read, **said)
    except ConfigError as error:
        row = next((row for row in kind.rows if row.field == error.setting and row.field not in fields), None)
        raise (error if row is None else _wrong(row, str(error.value), nearest=error.nearest)) from None


def batch_config(report: Report) -> BatchConfig:
    """What ``OTEL_BLRP_*`` says; a queue smaller than the default batch makes the batch smaller."""
    values = dict(_read(BatchConfig.rows, report))
    queue_size = values.get("max_queue_size", BatchConfig().max_queue_size)
    if isinstance(queue_size, int) and queue_size > 0:
        values.setdefault("max_export_batch_size", min(512, queue_size))
    return _build(BatchConfig, values, BatchConfig.rows, report)


def otlp_config(report: Report, protocol: str | None = None, *, preset: bool = True) -> OtlpConfig:
    """What ``LOGCAPY_PRESET``, ``OTEL_EXPORTER_OTLP_LOGS_*`` and ``OTEL_EXPORTER_OTLP_*`` say.

    Args:
        report: Told of what is wrong.
        protocol: The protocol, where it is already decided by something else than the environment. A preset has
            one of its own.
        preset: Whether ``LOGCAPY_PRESET`` counts.
    """
    found = _preset_config(report) if preset else None
    if found is not None:
        return found
    values = dict(_read((PROTOCOL_ROW, *OtlpConfig.rows), report))
    if protocol is not None or values.get("protocol") not in PROTOCOLS:
        if protocol is None and "protocol" in values:
            report(_wrong(PROTOCOL_ROW, str(values["protocol"])))
        values["protocol"] = protocol or PROTOCOLS[0]
    endpoint = _otlp_endpoint(grpc=values["protocol"] == "grpc")
    if endpoint is not None:
        values["endpoint"] = endpoint
    return _build(OtlpConfig, values, (PROTOCOL_ROW, ENDPOINT_ROW, *OtlpConfig.rows), report)


def _preset_config(report: Report) -> OtlpConfig | None:
    """What ``LOGCAPY_PRESET*`` say, and over it ``OTEL_EXPORTER_OTLP_LOGS_*``.

    The variables of all signals have no part in it: their headers and certificates belong to another place.
    """
    name = os.environ.get("LOGCAPY_PRESET", "").strip().lower()
    if not name:
        return None
    from .config.destinations.preset import PRESETS, PresetConfig  # imported where one is asked for

    vendors = PRESETS[name].variables if name in PRESETS else ()
    keys = (os.environ.get(variable, "").strip() for variable in ("LOGCAPY_PRESET_KEY", *vendors))
    key = next(filter(None, keys), None)
    try:
        base = destination_config(PresetConfig, {} if key is None else {"key": key}).otlp()
    except ConfigError as error:
        report(error)
        return None
    rows = [one.read_from(*one.variables[:1]) for one in (ENDPOINT_ROW, *OtlpConfig.rows)]
    values = dict(_read(rows, report))
    own = values.pop("headers", None)
    headers = {**base.headers, **own} if isinstance(own, Mapping) else base.headers
    kept = {"endpoint": base.endpoint, "compression": base.compression, "max_bytes": base.max_bytes}
    return _build(OtlpConfig, {**kept, **values, "headers": headers}, (PROTOCOL_ROW, *rows), report)


def _otlp_endpoint(*, grpc: bool) -> str | None:
    own, base = (os.environ.get(name, "").strip() for name in ENDPOINT_ROW.variables)
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


def declarative_file() -> str:
    """``OTEL_CONFIG_FILE``: the file that the SDK is set up by, in the place of the variables; empty for none."""
    return os.environ.get("OTEL_CONFIG_FILE", "")


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


def kubernetes_variables() -> dict[str, str] | None:
    """What the variables of a pod say, empty where one is not set; None outside Kubernetes."""
    if not os.environ.get("KUBERNETES_SERVICE_HOST"):
        return None
    usual = {"pod.name": "POD_NAME", "pod.uid": "POD_UID", "namespace.name": "NAMESPACE", "node.name": "NODE_NAME"}
    found = {}
    for name in (*usual, "container.name"):
        variables = (f"K8S_{name.replace('.', '_').upper()}", usual.get(name, ""))
        found[name] = next((value for one in variables if (value := os.environ.get(one, "").strip())), "")
    return {**found, "host.name": os.environ.get("HOSTNAME", "").strip()}


def log_exporters() -> tuple[str, ...]:
    """The names in ``OTEL_LOGS_EXPORTER``."""
    text = os.environ.get(_LOG_EXPORTERS, "")
    return tuple(name.strip() for name in text.split(",") if name.strip())


def use_log_exporters(names: Iterable[str]) -> None:
    """Let the SDK read these names in ``OTEL_LOGS_EXPORTER``; none for none."""
    os.environ[_LOG_EXPORTERS] = ",".join(names) or "none"


def otlp_protocol() -> str | None:
    """The protocol that the variables name for logs, where it is one that there is."""
    named = dict(_read((PROTOCOL_ROW,), lambda _: None)).get("protocol")
    return named if isinstance(named, str) and named in PROTOCOLS else None


def detectors_are_chosen() -> bool:
    """Whether ``OTEL_EXPERIMENTAL_RESOURCE_DETECTORS`` says something else than a distro's defaults."""
    return os.environ.get(_DETECTORS, _DEFAULT_DETECTORS) != _DEFAULT_DETECTORS


@contextmanager
def set_up_without(*, detectors: bool, otlp: bool) -> Iterator[None]:
    """Let the SDK read, for a block, that detectors of resources, or OTLP for logs, are not asked for."""
    before = {name: os.environ.get(name) for name in (_DETECTORS, _LOG_EXPORTERS)}
    if detectors:
        os.environ.pop(_DETECTORS, None)
    if otlp:
        use_log_exporters(name for name in log_exporters() if name != "otlp")
    try:
        yield
    finally:
        for name, text in before.items():
            if text is not None:
                os.environ[name] = text


def set_distro_defaults() -> None:
    """Set what a distro sets where the user has set nothing: all signals leave by OTLP over HTTP."""
    for signal in ("TRACES", "METRICS", "LOGS"):
        os.environ.setdefault(f"OTEL_{signal}_EXPORTER", "otlp")
    os.environ.setdefault("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    os.environ.setdefault(_DETECTORS, _DEFAULT_DETECTORS)


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
            return kind(**values)
        except ConfigError as error:
            row = by_field[error.setting]
            report(_wrong(row, str(error.value), nearest=error.nearest))
            if error.setting not in values:
                raise
            del values[error.setting]


def _wrong(row: Setting, text: str, variable: str | None = None, nearest: str | None = None) -> ConfigError:
    names = row.variables or (row.field,)
    variable = variable or next((name for name in names if os.environ.get(name)), names[0])
    return ConfigError(variable, "[REDACTED]" if row.secret else text, row.allowed, nearest=nearest)
